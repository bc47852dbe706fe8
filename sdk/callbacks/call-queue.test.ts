import { pino } from 'pino';
import { agentSchema } from '../../contracts/agent';
import type { TranscriptTurn } from '../../contracts/call';
import type { DeliveryCursor } from '../../contracts/callbacks';
import { ManualClock } from '../../test/support/manual-clock';
import { CallbacksBusy, CallQueue, MOST_TRIES, type QueueDeps } from './call-queue';
import { type CallbackEvent, eventsOf } from './events';
import type { CallFacts } from './facts';

const agent = agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'Hi.', code: 'app/a' });
const turn = (n: number, role: TranscriptTurn['role'] = 'user'): TranscriptTurn => ({ role, text: `turn ${n}`, at: 1_000 * n });
const facts = (turns: TranscriptTurn[] = [], ended = false): CallFacts => ({
  parties: { callId: 'call_1', caller: '+15550000001', callee: '+15550000002', direction: 'inbound' },
  ...{ customParams: {}, carrier: 'twilio', agent, started: true, startedAt: 500, turns, usage: [] },
  ...(ended && {
    ended: {
      ...{ outcome: 'completed', reason: undefined, answeredBy: 'human', endedAt: 9_000, durationMs: 8_500, costLines: [] },
      ...{ machineDetection: false, answered: true },
    },
  }),
});
const key = (n: number, role = 'u') => `transcript:${(1_000 * n).toString(36)}${role}`;

function world(overrides: Partial<QueueDeps> = {}) {
  const clock = new ManualClock();
  const tried: string[] = [];
  const log: string[] = [];
  let stored: DeliveryCursor = { done: [] };
  const fails = new Map<string, number>();
  let running = 0;
  const queue = new CallQueue(facts(), {
    claim: async () => {
      log.push('claimed');
      return structuredClone(stored);
    },
    record: async (cursor) => {
      stored = cursor;
      return true;
    },
    release: async (completed) => void log.push(completed ? 'completed' : 'released'),
    events: function* (known) {
      for (const event of eventsOf(known)) if (event.kind !== 'metrics' && event.kind !== 'persist') yield event;
    },
    deliver: async (event: CallbackEvent) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      tried.push(event.id);
      const left = fails.get(event.id) ?? 0;
      if (left > 0) {
        fails.set(event.id, left - 1);
        throw new Error('the CRM is away');
      }
    },
    isRefusal: () => false,
    closed: () => void log.push('closed'),
    clock,
    log: pino({ level: 'silent' }),
    ...overrides,
  });
  const settled = async () => {
    for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, clock, tried, log, fails, settled, stored: () => stored };
}

test('events are told one after the other, in order, and each once', async () => {
  const w = world();
  w.queue.update(facts([turn(1)]));
  w.queue.update(facts([turn(1), turn(2, 'assistant')]));
  w.queue.update(facts([turn(1), turn(2, 'assistant'), turn(3)]));
  await w.settled();
  expect(w.tried).toEqual(['start:1', key(1), key(2, 'a'), key(3)]);
  expect(w.stored().done).toEqual(w.tried);
});

test('one that fails is told again while the others wait, and nothing is left out because a receiver is away for the length of a call', async () => {
  const w = world();
  w.fails.set(key(1), MOST_TRIES + 5);
  w.queue.update(facts([turn(1), turn(2)]));
  await w.settled();
  for (let i = 0; i < MOST_TRIES + 5; i++) {
    w.clock.pass(30_000);
    await w.settled();
  }
  expect(w.tried.filter((id) => id === key(1))).toHaveLength(MOST_TRIES + 6);
  expect(w.tried.at(-1)).toBe(key(2));
});

test('the record brings the rest, the end last, and nothing of it when the record is told again', async () => {
  const w = world();
  w.fails.set(key(2), 1);
  w.queue.update(facts([turn(1)]));
  await w.settled();
  const record = facts([turn(1), turn(2), turn(3)], true);
  await expect(w.queue.settle(record)).rejects.toThrow('the CRM is away');
  expect(w.log).toEqual(['claimed', 'released', 'closed']);
  await w.queue.settle(record);
  expect(w.tried).toEqual(['start:1', key(1), key(2), key(2), key(3), 'end:1']);
  expect(w.log.slice(3)).toEqual(['claimed', 'completed', 'closed']);
  const again = world({ claim: async () => structuredClone(w.stored()) });
  await again.queue.settle(record);
  expect(again.tried).toEqual([]);
});

test('an event that the record could never tell is left out in the end, so that onCallEnd comes; onCallEnd itself is never left out', async () => {
  const w = world();
  w.fails.set(key(1), Number.POSITIVE_INFINITY);
  w.fails.set('end:1', MOST_TRIES + 3);
  const record = facts([turn(1)], true);
  let failures = 0;
  for (;;) {
    const failed = await w.queue.settle(record).then(
      () => false,
      () => true,
    );
    if (!failed) break;
    failures++;
  }
  expect(failures).toBe(MOST_TRIES - 1 + MOST_TRIES + 3);
  expect(w.tried.at(-1)).toBe('end:1');
});

test('while another process tells the events this one waits, and goes on when it is gone', async () => {
  let busy = true;
  const w = world({
    claim: async () => {
      if (busy) throw new CallbacksBusy('somebody else');
      return { done: ['start:1'] };
    },
  });
  w.queue.update(facts([turn(1)]));
  await w.settled();
  expect(w.tried).toEqual([]);
  busy = false;
  w.clock.pass(1_000);
  await w.settled();
  expect(w.tried).toEqual([key(1)]);
});

test('a stream that ends leaves what is left to others, and one that comes back goes on', async () => {
  const w = world();
  w.queue.update(facts([turn(1)]));
  w.queue.close();
  w.queue.reopen();
  w.queue.update(facts([turn(1), turn(2)]));
  await w.settled();
  expect(w.tried).toEqual(['start:1', key(1), key(2)]);
  w.fails.set(key(3), 5);
  w.queue.update(facts([turn(1), turn(2), turn(3)]));
  w.queue.close();
  await w.settled();
  w.clock.pass(600_000);
  await w.settled();
  expect(w.log.slice(-2)).toEqual(['released', 'closed']);
  expect(w.tried.filter((id) => id === key(3))).toHaveLength(1);
});

test('whoever has lost the call to another process tells nothing more', async () => {
  const w = world({ record: async () => false });
  w.queue.update(facts([]));
  await w.settled();
  w.queue.update(facts([turn(1)]));
  await w.settled();
  expect(w.tried).toEqual(['start:1']);
});
