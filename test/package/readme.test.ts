/** The newcomer's path, as README.md has it: its programs as they are written, in a project that has the packed package, on the lab. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from '../../runtime/file-lock';
import { until } from '../chaos/until';
import { docBlocks } from '../support/doc-blocks';
import { emptyProject } from '../support/packed';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { startTestTemporal } from '../support/temporal';

/** Of the programs: they say nothing of a port. */
const PORT = 8000;
const WITHIN_MS = 90_000;
const started: ChildProcess[] = [];
let folder: string;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;
let labUrl: string;
let release: () => void = () => undefined;

beforeAll(async () => {
  await new Promise<void>((resolve, reject) => {
    const file = join(tmpdir(), `patter-test-port-${PORT}.lock`);
    const held = new Promise<void>((done) => {
      release = done;
    });
    withFileLock(file, { timeoutMs: 2 * WITHIN_MS }, () => {
      resolve();
      return held;
    }).catch(reject);
  });
  folder = await emptyProject();
  database = await createTestDatabase();
  const temporal = await startTestTemporal();
  env = {
    ...{ PATH: process.env.PATH, HOME: process.env.HOME, SystemRoot: process.env.SystemRoot },
    // Those of this test run, in place of some that each program starts.
    ...{ TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace, DATABASE_URL: database.url },
  };
  const lab = run([join('node_modules', 'getpatter', 'bin', 'patter.js'), 'lab', '--write-env', '.env', '--baud', '1200', '--cps', '20']);
  labUrl = await until(() => /ready at (http\S+?)\.\s/.exec(lab.output())?.[1], { withinMs: WITHIN_MS, what: 'the lab' });
}, 300_000);

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
  release();
}, 60_000);

function run(args: string[]) {
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, ended };
}

/** The program as the page has it. */
function program(file: string): string {
  const block = docBlocks('README.md').find((one) => one.file === file);
  if (!block) throw new Error(`README.md has no ${file}`);
  writeFileSync(join(folder, file), block.source);
  return file;
}

test('the lab writes .env', () => expect(existsSync(join(folder, '.env'))).toBe(true));

test('call.mjs: a first call, read as it is spoken', async () => {
  const { output, ended } = run([program('call.mjs')]);
  expect([await ended, output()]).toEqual([0, expect.stringContaining('assistant: Hi, this is Acme')]);
  expect(output()).toMatch(/^user: Yes, I confirm/m);
  expect(output()).toMatch(/^completed after \d+ seconds$/m);
}, 120_000);

test('desk.mjs: somebody calls, a function answers, Ctrl-C ends it', async () => {
  const { child, output, ended } = run([program('desk.mjs')]);
  await until(() => output().includes('Call me.'), { withinMs: WITHIN_MS, what: 'the desk' });
  const body = JSON.stringify({ from: '+12125550199', to: '+15005550006', persona: 'confirms' });
  await fetch(`${labUrl}/lab/twilio/inbound`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await until(() => /^\+12125550199: completed, 0\.\d+ dollars$/m.test(output()), { withinMs: WITHIN_MS, what: 'the end of the call' });
  expect(output()).toContain('assistant: You said: Yes, I confirm.');
  child.kill('SIGINT');
  await ended;
}, 150_000);

test('campaign.mjs: three contacts, one of them impossible', async () => {
  const { output, ended } = run([program('campaign.mjs')]);
  expect([await ended, output()]).toEqual([0, expect.stringContaining('2 contacts, 1 rejected')]);
  expect(output()).toContain('completed: 2');
}, 120_000);
