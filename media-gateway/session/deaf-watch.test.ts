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
  const line = { attentive: true, bridged: [] as boolean[] };
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
    keep: () => did.push('keep'),
    letGo: () => did.push('let go'),
    nothing: () => undefined,
    deaf: (bridged) => {
      did.push('deaf');
      if (bridged) late.push(now);
    },
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

it('what a second socket tells nothing of either was a noise: no third one is opened, and the call goes on', () => {
  const { late, speaks, isSilent, did, timers } = ears();
  speaks(1_200);
  isSilent(10 * AFTER_MS);
  expect(did).toEqual(['keep', 'deaf', 'let go']);
  expect(late).toHaveLength(1);
  expect(timers()).toBe(0);
});

it('on a line that is noisy nobody is told to wait for what nobody said, and sockets are changed twice at most without a sign between', () => {
  const { watch, late, speaks, isSilent, did } = ears();
  const noise = () => {
    speaks(1_200);
    isSilent(3 * AFTER_MS);
  };
  const sockets = () => did.filter((what) => what === 'deaf').length;
  for (let time = 0; time < 5; time++) noise();
  expect(sockets()).toBe(2);
  watch.told(words('hello'), true);
  noise();
  expect(sockets()).toBe(3);
  expect(late).toHaveLength(1);
});

it('has the caller hear that somebody is there when the socket is given up; that line is nothing that is under way', () => {
  const { line, late, speaks, isSilent, did } = ears();
  speaks(1_200);
  isSilent(AFTER_MS - 100);
  expect(late).toEqual([]);
  isSilent(200);
  expect([late.length, did]).toEqual([1, ['keep', 'deaf']]);
  isSilent(AFTER_MS);
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
