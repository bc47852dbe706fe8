import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '..', '..', 'scripts', 'test-summary.js');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patter-summary-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function results(numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number): string {
  const file = join(folder, 'results.json');
  writeFileSync(file, JSON.stringify({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites }));
  return file;
}

test('all passed', () => {
  expect(execFileSync(process.execPath, [SCRIPT, results(12, 0, 0), '0'], { encoding: 'utf8' })).toBe('12 passed, 0 failed\n');
});

test.each([
  ['a failed test', 11, 1, 0, '1', '11 passed, 1 failed\n'],
  ['a suite that could not run', 11, 0, 1, '1', '11 passed, 1 failed\n'],
  ['jest failing without a failed test', 11, 0, 0, '1', '11 passed, 1 failed\n'],
])('%s is a failure', (_, passed, failed, broken, status, line) => {
  const run = spawnSync(process.execPath, [SCRIPT, results(passed, failed, broken), status], { encoding: 'utf8' });
  expect(run).toMatchObject({ status: 1, stdout: line });
});

test('no results at all are a failure', () => {
  const run = spawnSync(process.execPath, [SCRIPT, join(folder, 'none.json'), '0'], { encoding: 'utf8' });
  expect(run).toMatchObject({ status: 1, stdout: '0 passed, 1 failed\n' });
});
