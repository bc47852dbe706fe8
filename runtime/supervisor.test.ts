import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { listProcessStates, readProcessState, writeProcessState } from './process-files';
import { currentProcess, identify, isAlive } from './process-identity';
import { type ChildEvent, type ChildSpec, type SupervisedChild, superviseChild } from './supervisor';

const log = pino({ level: 'silent' });
let home: string;
let children: SupervisedChild[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'patter-supervisor-'));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.stop()));
  rmSync(home, { recursive: true, force: true });
});

/** A child that behaves as `script` says; `ready()` tells its supervisor. */
function spec(script: string, fingerprint = 'one'): ChildSpec {
  const file = join(home, 'child.js');
  writeFileSync(file, `const ready = () => process.send({ type: 'patter-ready', urls: { self: String(process.pid) } });\n${script}`);
  return { role: 'thing', command: [process.execPath, file], env: { GREETING: 'hello' }, fingerprint };
}

const FOREVER = 'ready(); setInterval(() => {}, 1000);';

function events() {
  const seen: ChildEvent[] = [];
  const waiting: { matches: (event: ChildEvent) => boolean; resolve: (event: ChildEvent) => void }[] = [];
  return {
    seen,
    onEvent(event: ChildEvent) {
      seen.push(event);
      for (const one of waiting) if (one.matches(event)) one.resolve(event);
    },
    next: (matches: (event: ChildEvent) => boolean) => new Promise<ChildEvent>((resolve) => waiting.push({ matches, resolve })),
  };
}

async function supervise(child: ChildSpec, more: Partial<Parameters<typeof superviseChild>[1]> = {}): Promise<SupervisedChild> {
  const supervised = await superviseChild(child, { home, log, ...more });
  children.push(supervised);
  return supervised;
}

test('a child is ready when it says so, with its own environment and log', async () => {
  const child = await supervise(spec(`console.log(process.env.GREETING); ${FOREVER}`));
  expect(child.urls).toEqual({ self: String(child.pid) });
  expect(readFileSync(join(home, 'logs', 'thing.log'), 'utf8')).toContain('hello');
});

test('a child that is killed comes back as another process, and both are announced', async () => {
  const { onEvent, next } = events();
  const child = await supervise(spec(FOREVER), { onEvent });
  const first = child.pid!;
  const died = next((event) => event.kind === 'died');
  const back = next((event) => event.kind === 'ready');
  process.kill(first, 'SIGKILL');
  expect(await died).toMatchObject({ role: 'thing', restartInMs: expect.any(Number) });
  expect(await back).toMatchObject({ adopted: false });
  expect(child.pid).not.toBe(first);
  expect(identify(child.pid!)).toBeDefined();
});

test('a stopped child is gone and does not come back', async () => {
  const { onEvent, seen } = events();
  const child = await supervise(spec(FOREVER), { onEvent });
  const identity = identify(child.pid!)!;
  await child.stop();
  await child.stop();
  expect(isAlive(identity)).toBe(false);
  expect(seen.map((event) => event.kind)).toEqual(['ready', 'stopped']);
});

test('a child that ignores SIGTERM is killed after the grace', async () => {
  const child = await supervise(spec(`process.on('SIGTERM', () => {}); ${FOREVER}`), { stopGraceMs: 100 });
  const identity = identify(child.pid!)!;
  await child.stop();
  expect(isAlive(identity)).toBe(false);
});

test('a child that ends before it is ready is an error with the end of its log', async () => {
  await expect(supervise(spec("console.error('no such flag'); process.exit(3);"))).rejects.toMatchObject({
    code: 'PATTER_PROCESS_FAILED',
    message: expect.stringContaining('no such flag'),
  });
});

test('a child that stays silent is ended and reported', async () => {
  const script = 'require("fs").writeFileSync(__dirname + "/pid", String(process.pid)); setInterval(() => {}, 1000);';
  await expect(supervise(spec(script), { readyDeadlineMs: 5_000 })).rejects.toMatchObject({ code: 'PATTER_PROCESS_FAILED' });
  expect(identify(Number(readFileSync(join(home, 'pid'), 'utf8')))).toBeUndefined();
});

describe('processes that a killed supervisor left behind', () => {
  async function leftBehind(fingerprint: string): Promise<number> {
    const child = await superviseChild(spec(FOREVER, fingerprint), { home, log });
    children.push(child);
    writeProcessState(home, { ...identify(child.pid!)!, role: 'thing', ready: true, urls: { self: 'old' }, fingerprint });
    return child.pid!;
  }

  test('are adopted when their settings are the same, and restarted when they die', async () => {
    const pid = await leftBehind('same');
    const { onEvent, next } = events();
    const child = await supervise(spec(FOREVER, 'same'), { onEvent });
    expect(child).toMatchObject({ pid, urls: { self: 'old' } });
    await children[0]!.stop();
    await next((event) => event.kind === 'ready');
    expect(child.pid).not.toBe(pid);
  });

  test('are replaced when their settings differ', async () => {
    const pid = await leftBehind('old');
    const identity = identify(pid)!;
    const replaced = supervise(spec(FOREVER, 'new'));
    await children[0]!.stop();
    expect((await replaced).pid).not.toBe(pid);
    expect(isAlive(identity)).toBe(false);
  });
});

test('a pid file of a dead process, or of one that has its number by now, claims nothing', () => {
  writeProcessState(home, { ...currentProcess(), startedAt: '1', role: 'worker', ready: true, urls: {} });
  expect(isAlive(readProcessState(home, 'worker')!)).toBe(false);
  expect(listProcessStates(home).map((state) => state.role)).toEqual(['worker']);
  expect(readFileSync(join(home, 'run', 'worker.pid'), 'utf8')).toBe(`${process.pid}\n`);
});
