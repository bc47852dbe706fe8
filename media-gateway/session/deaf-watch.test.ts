import type { EngineEvent } from '../engines/engine';
import { DeafWatch } from './deaf-watch';

const AFTER_MS = 4_000;
const STARTED: EngineEvent = { kind: 'speech_started', itemId: 'i1' };
const words = (text: string): EngineEvent => ({ kind: 'user_transcript', itemId: 'i1', text });

/** A caller in frames of 20 ms, and a clock that goes with them. */
function ears(afterMs = AFTER_MS) {
  let now = 0;
  let timers: { at: number; fn: () => void }[] = [];
  const did: string[] = [];
  const late: number[] = [];
  const line = { attentive: true, findsTurns: false, bridged: [] as boolean[] };
  const clock = {
    now: () => now,
    monotonic: () => now,
    after(ms: number, fn: () => void) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  const watch = new DeafWatch(afterMs, clock, {
    attentive: (bridged) => {
      line.bridged.push(bridged);
      return line.attentive;
    },
    waiting: () => line.attentive,
    findsTurns: () => line.findsTurns,
    keep: () => did.push('keep'),
    letGo: () => did.push('let go'),
    nothing: () => undefined,
    late: () => late.push(now),
    deaf: () => did.push('deaf'),
    lost: () => did.push('lost'),
  });
  function frames(ms: number, runOf: (passedMs: number) => number): void {
    for (let passed = 20; passed <= ms; passed += 20) {
      now += 20;
      watch.voiced(runOf(passed));
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { fn } of due) fn();
    }
  }
  return {
    watch,
    line,
    did,
    late,
    timers: () => timers.length,
    speaks: (ms: number) => frames(ms, (passed) => passed),
    isSilent: (ms: number) => frames(ms, () => 0),
  };
}

it('gives a vendor up that tells nothing for so long after the caller has spoken, and keeps what was said for the next', () => {
  const { speaks, isSilent, did } = ears();
  speaks(1_200);
  isSilent(AFTER_MS - 100);
  expect(did).toEqual(['keep']);
  isSilent(200);
  expect(did).toEqual(['keep', 'deaf']);
});

it('counts from the last word: who goes on after a pause has not been waited for yet', () => {
  const { speaks, isSilent, did } = ears();
  speaks(1_200);
  for (let sentence = 0; sentence < 4; sentence++) {
    isSilent(2_000);
    speaks(400);
  }
  expect(did).toEqual(['keep']);
  isSilent(AFTER_MS + 100);
  expect(did).toEqual(['keep', 'deaf']);
});

it('takes no noise for speech: what is short is let go, however often it comes', () => {
  const { speaks, isSilent, did } = ears();
  for (let cough = 0; cough < 5; cough++) {
    speaks(700);
    isSilent(AFTER_MS + 1_000);
  }
  expect(did).not.toContain('deaf');
  expect(did.at(-1)).toBe('let go');
});

it.each([
  ['while the caller speaks', STARTED, 600],
  ['after it', STARTED, 1_200],
  ['words', words('hello'), 1_200],
  ['an answer', { kind: 'audio', itemId: 'a', mulaw: new Uint8Array(1) } as EngineEvent, 1_200],
])('any sign of hearing is enough: %s', (_, sign, atMs) => {
  const { watch, speaks, isSilent, did, timers } = ears();
  speaks(atMs);
  if (atMs >= 1_000) isSilent(1_000);
  watch.told(sign, false);
  speaks(600);
  isSilent(20);
  expect(timers()).toBe(0);
  isSilent(AFTER_MS * 2);
  expect(did).not.toContain('deaf');
});

it('is not told that a vendor hears by turns that are found on our side', () => {
  const { watch, speaks, isSilent, did } = ears();
  speaks(1_200);
  watch.told(STARTED, true);
  isSilent(3_000);
  watch.told(words(''), true);
  watch.told({ kind: 'speech_stopped', itemId: 'i1' }, true);
  watch.told({ kind: 'response_done', status: 'cancelled' }, true);
  isSilent(2_000);
  expect(did).toEqual(['keep', 'deaf']);
});

it('expects nothing of what is said while nobody has to hear it, nor when something else is under way by then', () => {
  const { line, speaks, isSilent, did } = ears();
  line.attentive = false;
  speaks(600);
  // The agent falls silent, and the caller goes on.
  line.attentive = true;
  speaks(3_000);
  isSilent(AFTER_MS * 2);
  expect(did).toEqual([]);
  speaks(1_200);
  isSilent(1_000);
  line.attentive = false;
  isSilent(AFTER_MS);
  expect(did).toEqual(['keep', 'let go']);
});

const done = (did: readonly string[]) => did.filter((what) => what === 'deaf' || what === 'lost');

it('of who tells of any voice another socket is given the same, and a third; deaf as well, the vendor is given up', () => {
  const { line, late, speaks, isSilent, did, timers } = ears();
  line.findsTurns = true;
  speaks(1_200);
  isSilent(2 * AFTER_MS + 500);
  expect(done(did)).toEqual(['deaf', 'deaf']);
  isSilent(AFTER_MS);
  expect(done(did)).toEqual(['deaf', 'deaf', 'lost']);
  // Never in silence for five seconds, and what was said is kept until then.
  expect([late[0]! - 1_200, late[1]! - late[0]!, late[2]! - late[1]!].every((ms) => ms < 4_000)).toBe(true);
  expect(did).toEqual(['keep', 'deaf', 'deaf', 'let go', 'lost']);
  expect(timers()).toBe(0);
});

it('of who tells of words alone a noise is another socket, and no more: it takes three, and no word in between', () => {
  const { watch, speaks, isSilent, did, timers } = ears();
  const noise = () => {
    speaks(1_200);
    isSilent(3 * AFTER_MS);
  };
  noise();
  expect(done(did)).toEqual(['deaf']);
  expect(timers()).toBe(0);
  noise();
  watch.told(words('hello'), true);
  noise();
  noise();
  expect(done(did)).toEqual(['deaf', 'deaf', 'deaf', 'deaf']);
  noise();
  expect(done(did).at(-1)).toBe('lost');
});

it('noises that are minutes apart are no failure', () => {
  const { speaks, isSilent, did } = ears();
  for (let time = 0; time < 5; time++) {
    speaks(1_200);
    isSilent(90_000);
  }
  expect(done(did)).toEqual(['deaf', 'deaf', 'deaf', 'deaf', 'deaf']);
});

it('has the caller hear that somebody is there, before the socket is given up; that line is nothing that is under way', () => {
  const { line, late, speaks, isSilent, did } = ears();
  speaks(1_200);
  isSilent(3_600);
  expect(late).toHaveLength(1);
  expect(did).toEqual(['keep']);
  isSilent(500);
  expect(did).toEqual(['keep', 'deaf']);
  expect(line.bridged.at(-1)).toBe(true);
});

it('can be turned off, and ends with its call', () => {
  const off = ears(0);
  off.speaks(1_200);
  off.isSilent(60_000);
  expect(off.did).toEqual([]);
  const ended = ears();
  ended.speaks(1_200);
  ended.isSilent(100);
  ended.watch.dispose();
  expect(ended.timers()).toBe(0);
});
