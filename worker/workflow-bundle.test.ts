import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../runtime/log';
import { workflowBundle } from './workflow-bundle';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patter-bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['call', 'export async function call() {}'],
  ['recordOptOut', 'async function mine() {}\nexport { mine as follow, recordOptOut };'],
  ['sweepLines', 'exports.sweepLines = async () => {};'],
])('a developer’s workflow named %s, as one of the product’s is, is refused', async (name, source) => {
  const own = join(folder, 'workflows.js');
  writeFileSync(own, source);
  await expect(workflowBundle(folder, createLogger('test', 'silent'), undefined, own)).rejects.toMatchObject({
    code: 'PATTER_CONFIG_INVALID',
    message: expect.stringContaining(`"${name}"`),
  });
});
