import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '..', '..', 'scripts', 'test-summary.js');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patter-summary-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Suites = Readonly<Record<string, Readonly<Record<string, 'passed' | 'failed' | 'pending'>> | 'could not run'>>;

function results(name: string, suites: Suites): string {
  const file = join(folder, name);
  const testResults = Object.entries(suites).map(([path, tests]) => {
    const assertionResults = tests === 'could not run' ? [] : Object.entries(tests).map(([fullName, status]) => ({ fullName, status }));
    const failed = tests === 'could not run' || assertionResults.some(({ status }) => status === 'failed');
    return { name: join(process.cwd(), path), status: failed ? 'failed' : 'passed', assertionResults };
  });
  writeFileSync(file, JSON.stringify({ testResults }));
  return file;
}

function summary(...args: string[]): { readonly status: number | null; readonly lines: string[] } {
  const run = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
  return { status: run.status, lines: run.stdout.trimEnd().split('\n') };
}

const GOOD: Suites = { 'a.test.ts': { one: 'passed', two: 'passed', other: 'pending' } };

test('all passed; what was skipped counts as neither', () => {
  expect(summary(results('r', GOOD), '0')).toEqual({ status: 0, lines: ['2 passed, 0 failed'] });
});

test('a failed test is named', () => {
  const run = summary(results('r', { ...GOOD, 'test/b.test.ts': { three: 'failed' } }), '1');
  expect(run).toEqual({ status: 1, lines: ['Failed:', '  test/b.test.ts: three', '2 passed, 1 failed'] });
});

test('a suite that could not run is a failure', () => {
  const run = summary(results('r', { ...GOOD, 'test/b.test.ts': 'could not run' }), '1');
  expect(run).toEqual({ status: 1, lines: ['Failed:', '  test/b.test.ts: (could not run)', '2 passed, 1 failed'] });
});

test('jest failing without a failed test is a failure', () => {
  expect(summary(results('r', GOOD), '1')).toEqual({ status: 1, lines: ['2 passed, 1 failed'] });
});

test('no results at all are a failure', () => {
  expect(summary(join(folder, 'none.json'), '0')).toEqual({ status: 1, lines: ['0 passed, 1 failed'] });
});

test('what passes alone counts as passed and is named as flaky', () => {
  const first = results('r', { ...GOOD, 'test/b.test.ts': { three: 'failed', four: 'passed' } });
  const again = results('again', { 'test/b.test.ts': { three: 'passed', four: 'passed' } });
  expect(summary(first, '1', again)).toEqual({
    status: 0,
    lines: ['Failed beside other tests, passed alone:', '  test/b.test.ts: three', '4 passed, 0 failed'],
  });
});

test('what fails alone too has failed, though by another test', () => {
  const first = results('r', { ...GOOD, 'test/b.test.ts': { three: 'failed', four: 'passed' }, 'test/c.test.ts': { five: 'failed' } });
  const again = results('again', { 'test/b.test.ts': { three: 'passed', four: 'failed' }, 'test/c.test.ts': { five: 'passed' } });
  expect(summary(first, '1', again)).toEqual({
    status: 1,
    lines: [
      'Failed beside other tests, passed alone:',
      '  test/c.test.ts: five',
      'Failed:',
      '  test/b.test.ts: four',
      '4 passed, 1 failed',
    ],
  });
});

test('a second run that never came changes nothing', () => {
  const first = results('r', { ...GOOD, 'test/b.test.ts': { three: 'failed' } });
  expect(summary(first, '1', join(folder, 'none.json')).status).toBe(1);
});
