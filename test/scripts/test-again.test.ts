import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '..', '..', 'scripts', 'test-again.js');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patter-again-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the script on a run in which these files failed. `npx` is a program that writes down what it was asked. */
function again(...failed: string[]): string | undefined {
  const first = join(folder, 'first.json');
  writeFileSync(first, JSON.stringify({ testResults: failed.map((file) => ({ name: join(process.cwd(), file), status: 'failed' })) }));
  const asked = join(folder, 'asked');
  writeFileSync(join(folder, 'npx'), `#!/bin/sh\necho "$@" > '${asked}'\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const run = spawnSync(process.execPath, [SCRIPT, first, join(folder, 'second.json')], { encoding: 'utf8', env });
  expect(run.status).toBe(0);
  return existsSync(asked) ? readFileSync(asked, 'utf8').trim() : undefined;
}

test('files of test/ that failed run again one after the other', () => {
  const second = join(folder, 'second.json');
  expect(again('test/a.test.ts', 'test/e2e/b.test.ts')).toBe(
    `--no-install jest --maxWorkers=1 --json --outputFile=${second} --runTestsByPath test/a.test.ts test/e2e/b.test.ts`,
  );
});

test.each(['policy/retry.test.ts', 'test/chaos/survive.test.ts'])('%s gets no second chance, nor does anything beside it', (file) => {
  expect(again(file, 'test/a.test.ts')).toBeUndefined();
});

test('when more than a few fail, the change is at fault and not the machine', () => {
  expect(again(...[1, 2, 3, 4, 5].map((n) => `test/${n}.test.ts`))).toBeUndefined();
});

test('nothing failed: nothing runs', () => {
  expect(again()).toBeUndefined();
});
