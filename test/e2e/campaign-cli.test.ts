/** `patter campaign …` as a user types it, with real processes. The network dials one call a second: what is beyond that waits in the carrier's queue. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtProgram } from '../support/built';
import { phoneOf, startWorld, type World } from './world';

let program: string;
let world: World;
const children: ChildProcess[] = [];

beforeAll(async () => {
  program = await builtProgram();
  world = await startWorld({ network: { cps: 1, ringAfterMs: 50 }, default: 'busy' });
}, 180_000);
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});
afterAll(() => world?.stop(), 60_000);

interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

function patter(...args: string[]): Promise<Finished> {
  return patterIn(world.home, ...args);
}

function patterIn(home: string, ...args: string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: home, env: { ...process.env, PATTER_HOME: home } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

interface Run {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** The first line on stderr that matches, also one of the past. */
  line(pattern: RegExp): Promise<string>;
  exit(): Promise<[code: number | null, signal: string | null]>;
}

function start(...args: string[]): Run {
  const child = spawn(process.execPath, [program, ...args], { cwd: world.home, env: { ...process.env, PATTER_HOME: world.home } });
  children.push(child);
  let stdout = '';
  child.stdout!.on('data', (chunk) => {
    stdout += chunk;
  });
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    lines.push(line);
    for (const one of waiting) if (one.pattern.test(line)) one.resolve(line);
  });
  const exited = once(child, 'close') as Promise<[number | null, string | null]>;
  exited.then(() => {
    for (const { pattern, reject } of waiting) reject(new Error(`ended without ${pattern}:\n${lines.join('\n')}`));
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => lines.join('\n'),
    line(pattern) {
      const past = lines.find((line) => pattern.test(line));
      return past ? Promise.resolve(past) : new Promise((resolve, reject) => waiting.push({ pattern, resolve, reject }));
    },
    exit: () => exited,
  };
}

/** @returns the arguments that name both files */
function files(name: string, phones: readonly string[], cps = 20): string[] {
  const campaign = {
    name,
    from: ['+15005550006'],
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You call {first_name}.', firstMessage: 'Hi {first_name}.' },
    window: { start: '00:00', end: '24:00' },
    dialing: { cps, maxConcurrent: 30, ringTimeout: '4s' },
    retry: { maxAttempts: 1 },
    postCall: {},
  };
  // JSON is YAML.
  writeFileSync(join(world.home, `${name}.yaml`), JSON.stringify(campaign));
  writeFileSync(join(world.home, `${name}.csv`), `phone,first_name\n${phones.map((phone, i) => `${phone},Person${i}\n`).join('')}`);
  return [`${name}.yaml`, '--contacts', `${name}.csv`];
}

const phones = (from: number, count: number) => Array.from({ length: count }, (_, i) => phoneOf(from + i));
const ringsOf = async (numbers: readonly string[]) => (await Promise.all(numbers.map((to) => world.calls(to)))).flat();

async function until(condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('without a stack, --no-start is an error with a code, and nothing is started', async () => {
  const home = mkdtempSync(join(tmpdir(), 'patter-cli-'));
  try {
    const [campaign, , contacts] = files('nowhere', phones(0, 1)) as [string, string, string];
    const args = ['campaign', 'run', join(world.home, campaign), '--contacts', join(world.home, contacts), '--no-start'];
    const plain = await patterIn(home, ...args);
    expect(plain).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('error PATTER_STACK_NOT_RUNNING: ') });
    const { stdout } = await patterIn(home, ...args, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'PATTER_STACK_NOT_RUNNING' } });
  } finally {
    rmSync(home, { recursive: true });
  }
}, 60_000);

test('a run that is killed and started again attaches: the same campaign, no second import, nobody called twice; --json prints JSON alone', async () => {
  const numbers = phones(100, 4);
  const args = ['campaign', 'run', ...files('killed', numbers), '--json'];
  const first = start(...args);
  const id = /\((.+)\)/.exec(await first.line(/^Started "killed"/))![1]!;
  first.child.kill('SIGKILL');
  await first.exit();
  const second = await patter(...args);
  expect(second.code).toBe(0);
  expect(second.stderr).toContain('Attached to "killed"');
  expect(second.stderr).not.toMatch(/contacts from .* rows/);
  expect(JSON.parse(second.stdout)).toMatchObject({
    campaignId: id,
    state: 'completed',
    contacts: { imported: 4 },
    attempts: 4,
    outcomes: { busy: 4 },
  });
  expect((await ringsOf(numbers)).length).toBe(4);
}, 60_000);

test('--limit and --only choose who is called', async () => {
  const numbers = phones(110, 4);
  const args = files('chosen', numbers);
  const limited = JSON.parse((await patter('campaign', 'run', ...args, '--limit', '1', '--json')).stdout);
  expect(limited.results.map((result: { phone: string }) => result.phone)).toEqual([numbers[0]]);
  const only = JSON.parse((await patter('campaign', 'run', ...args, '--only', numbers[2]!, '--json')).stdout);
  expect(only.results.map((result: { phone: string }) => result.phone)).toEqual([numbers[2]]);
  expect((await ringsOf(numbers)).map(({ to }) => to).sort()).toEqual([numbers[0], numbers[2]].sort());
}, 60_000);

test('Ctrl-C detaches and says how to come back; pause takes back what the carrier queues, resume goes on, cancel ends', async () => {
  // More than the network dials while this machine, however slow, gets from the resume to the cancel.
  const numbers = phones(120, 20);
  const args = files('paused', numbers);
  const run = start('campaign', 'run', ...args);
  await run.line(/^Started "paused"/);
  await until(async () => (await ringsOf(numbers)).length >= 3);
  run.child.kill('SIGINT');
  expect(await run.exit()).toEqual([0, null]);
  expect(run.stderr()).toContain(`patter campaign run ${args.join(' ')}`);

  const paused = await patter('campaign', 'pause', 'paused');
  expect(paused).toMatchObject({ code: 0, stderr: '"paused" is paused.\n' });
  const queued = async () => (await ringsOf(numbers)).filter(({ finalStatus }) => finalStatus === undefined);
  const pausedAt = Date.now();
  await until(async () => (await queued()).length === 0);
  // Longer than the network needs for its next dial.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const calls = await ringsOf(numbers);
  expect(calls.filter(({ finalStatus }) => finalStatus === 'canceled').length).toBeGreaterThan(0);
  expect(calls.filter(({ createdAt }) => createdAt > pausedAt)).toEqual([]);
  // One may have left the queue while it was taken back; its phone does not ring.
  expect(calls.filter(({ rings }) => rings.some((at) => at > pausedAt))).toEqual([]);
  expect(JSON.parse((await patter('campaign', 'status', 'paused', '--json')).stdout)).toMatchObject({ state: 'paused' });

  expect(await patter('campaign', 'resume', 'paused')).toMatchObject({ code: 0, stderr: '"paused" is running.\n' });
  await until(async () => (await ringsOf(numbers)).some(({ createdAt }) => createdAt > pausedAt));
  expect(await patter('campaign', 'cancel', 'paused')).toMatchObject({ code: 0, stderr: expect.stringContaining('"paused" is canceled') });
  await until(async () => JSON.parse((await patter('campaign', 'status', 'paused', '--json')).stdout).endedAt !== null);
  const report = JSON.parse((await patter('campaign', 'report', 'paused', '--json')).stdout);
  expect(report.results).toHaveLength(numbers.length);
  expect(Object.keys(report.outcomes).sort()).toEqual(['busy', 'canceled']);
}, 90_000);

test('stop --all pauses every campaign and takes back its queue', async () => {
  // More than the network dials while this machine, however slow, gets to the third command.
  const [one, two] = [phones(140, 40), phones(180, 40)];
  expect((await patter('campaign', 'run', ...files('first', one), '--detach')).code).toBe(0);
  expect((await patter('campaign', 'run', ...files('second', two), '--detach')).code).toBe(0);
  const stopped = await patter('stop', '--all');
  expect(stopped).toMatchObject({ code: 0, stderr: '' });
  expect(stopped.stdout).toMatch(/"first" is paused/);
  expect(stopped.stdout).toMatch(/"second" is paused/);
  const stoppedAt = Date.now();
  await until(async () => (await ringsOf([...one, ...two])).every(({ finalStatus }) => finalStatus !== undefined));
  expect((await ringsOf([...one, ...two])).filter(({ createdAt }) => createdAt > stoppedAt)).toEqual([]);
  for (const name of ['first', 'second']) expect((await patter('campaign', 'cancel', name)).code).toBe(0);
  expect((await patter('stop', '--all')).stdout).toBe('No campaign is under way.\n');
}, 60_000);
