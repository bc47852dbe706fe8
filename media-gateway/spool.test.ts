import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { systemClock } from '../contracts/clock';
import { Spool, type SpoolVerdict } from './spool';

interface Item {
  queue: string;
  n: number;
}

let dir: string;
let open: Spool<Item>[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'patter-spool-'));
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((spool) => spool.stop()));
  rmSync(dir, { recursive: true, force: true });
});

async function start(deliver: (item: Item) => Promise<SpoolVerdict>, retryMs = 5): Promise<Spool<Item>> {
  const log = pino({ level: 'silent' });
  const spool = await Spool.open<Item>({ dir, queueOf: ({ queue }) => queue, deliver, retryMs, clock: systemClock, log });
  open.push(spool);
  return spool;
}

/** Collects deliveries until `count` of them; `verdict` says how each goes. */
function collector(count: number, verdict: (item: Item) => SpoolVerdict | Error = () => 'done') {
  const delivered: Item[] = [];
  let finish: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const deliver = async (item: Item): Promise<SpoolVerdict> => {
    const answer = verdict(item);
    if (answer instanceof Error) throw answer;
    if (answer === 'done') delivered.push(item);
    if (delivered.length === count) finish();
    return answer;
  };
  return { delivered, deliver, all };
}

const files = () => readdirSync(dir).sort();

test('an item is on disk when add resolves, and survives a process that never delivered it', async () => {
  const first = await start(async () => 'retry', 60_000);
  await first.add({ queue: 'a', n: 1 });
  await first.add({ queue: 'a', n: 2 });
  expect(files()).toHaveLength(2);
  await first.stop();
  const { deliver, delivered, all } = collector(2);
  const second = await start(deliver);
  await all;
  await second.stop();
  expect(delivered.map(({ n }) => n)).toEqual([1, 2]);
  expect(files()).toEqual([]);
});

test('new items of a later run come after those of the earlier one', async () => {
  const first = await start(async () => 'retry', 60_000);
  await first.add({ queue: 'a', n: 1 });
  await first.stop();
  const { deliver, delivered, all } = collector(2);
  const second = await start(deliver, 20);
  await second.add({ queue: 'a', n: 2 });
  await all;
  expect(delivered.map(({ n }) => n)).toEqual([1, 2]);
});

test('a queue that fails keeps its order, and holds up no other', async () => {
  let failures = 3;
  const { deliver, delivered, all } = collector(4, ({ queue }) => (queue === 'bad' && failures-- > 0 ? new Error('not now') : 'done'));
  const spool = await start(deliver);
  for (const [queue, n] of [
    ['bad', 1],
    ['bad', 2],
    ['good', 3],
    ['good', 4],
  ] as const) {
    await spool.add({ queue, n });
  }
  await all;
  expect(delivered.filter(({ queue }) => queue === 'bad').map(({ n }) => n)).toEqual([1, 2]);
  expect(delivered.filter(({ queue }) => queue === 'good').map(({ n }) => n)).toEqual([3, 4]);
});

test('many stubborn queues do not starve one that could be delivered', async () => {
  const { deliver, all } = collector(1, ({ queue }) => (queue === 'good' ? 'done' : 'retry'));
  const spool = await start(deliver);
  for (let n = 0; n < 10; n++) await spool.add({ queue: `bad-${n}`, n });
  await spool.add({ queue: 'good', n: 11 });
  await all;
  expect(spool.size).toBeGreaterThanOrEqual(10);
});

test('a file that cannot be read, or was never finished, stops nothing and stays', async () => {
  writeFileSync(join(dir, '000000000001.json'), '{"queue":');
  writeFileSync(join(dir, '000000000002.json.new'), '{"queue":"a"');
  writeFileSync(join(dir, '000000000003.json'), '{"queue":"a","n":3}');
  const { deliver, all } = collector(1);
  const spool = await start(deliver);
  await all;
  await spool.stop();
  expect(files()).toEqual(['000000000001.json', '000000000002.json.new']);
});
