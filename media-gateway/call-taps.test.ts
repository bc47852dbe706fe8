import { pino } from 'pino';
import type { CallSetup, TranscriptTurn } from '../contracts/call';
import { type CallTaps, StreamTaps } from './call-taps';
import { TurnLog } from './session/turn-log';

const setup = { callId: 'call_1' } as CallSetup;
const log = pino({ level: 'silent' });
const was: TranscriptTurn = { role: 'assistant', text: 'Before.', at: 1 };

function world(history: TranscriptTurn[] = []) {
  const told: string[] = [];
  const taps: CallTaps = {
    started: ({ first }, before) => void told.push(`started ${first ? 'first' : 'again'} ${before.length}`),
    turn: (_, turn, all) => void told.push(`${turn.role} ${turn.text} ${all.length}`),
    metrics: (_, turn, usage) => void told.push(`metrics ${turn.text} ${usage.length}`),
    machine: (callId, answeredBy) => void told.push(`${callId} ${answeredBy}`),
    ended: (_, report) => void told.push(`ended ${report ? 'with' : 'without'} a report`),
  };
  return { told, taps, stream: new StreamTaps(taps, setup, history, log) };
}

test('peer defect 16: the turns of both are told once, in the order in which they began, when all before are known', () => {
  const { told, stream } = world([was]);
  const turns = new TurnLog([was]);
  const tell = () => stream.settled(turns.settledTurnsInRow(), () => []);
  turns.begin('u1', 'user', 10);
  turns.begin('a1', 'assistant', 20);
  turns.settle('a1', 'At nine, I th', true);
  tell();
  // The caller's words come after the answer to them.
  turns.settle('u1', 'What time?');
  tell();
  tell();
  turns.begin('u2', 'user', 30);
  turns.begin('a2', 'assistant', 40);
  turns.settle('a2', 'Bye.');
  // It was a cough.
  turns.settle('u2', '');
  tell();
  expect(told).toEqual([
    'started again 1',
    'user What time? 2',
    'assistant At nine, I th 3',
    'metrics At nine, I th 0',
    'assistant Bye. 4',
    'metrics Bye. 0',
  ]);
});

test('turns are told across the moment in which old ones are sealed', () => {
  const { told, stream } = world();
  const turns = new TurnLog([], { sealAbove: 2, keep: 1 });
  for (let n = 1; n <= 6; n++) {
    turns.begin(`u${n}`, 'user', n);
    turns.settle(`u${n}`, `word ${n}`);
    stream.settled(turns.settledTurnsInRow(), () => []);
    turns.seal();
  }
  expect(told.slice(1)).toEqual([1, 2, 3, 4, 5, 6].map((n) => `user word ${n} ${n}`));
});

test('what a tap throws is nobody’s business but its own', () => {
  const stream = new StreamTaps(
    {
      started: () => {
        throw new Error('a bug of the developer’s');
      },
    },
    setup,
    [],
    log,
  );
  expect(() => stream.settled([was], () => [])).not.toThrow();
  expect(() => stream.machine('human')).not.toThrow();
  expect(() => stream.ended(undefined)).not.toThrow();
});
