import type { Clock } from '../../contracts/clock';
import { PlaybackLedger } from './ledger';
import { Pacer, type PlayResult } from './pacer';

class FakeClock implements Clock {
  #now = 0;
  #timers: { at: number; fn: () => void }[] = [];
  now = () => this.#now;
  monotonic = () => this.#now;
  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  /** `stalled`: no timer runs until the end, as in a process that hangs. */
  pass(ms: number, stalled = false): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (!next || next.at > end) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = stalled ? end : Math.max(this.#now, next.at);
      next.fn();
    }
    this.#now = end;
  }
}

/** Bytes count up, so that what was sent can be told apart. */
function audio(frames: number): Uint8Array {
  return Uint8Array.from({ length: frames * 160 }, (_, i) => Math.floor(i / 160) % 251);
}

function setup() {
  const clock = new FakeClock();
  const sent: number[] = [];
  const marks: string[] = [];
  const results: [string, PlayResult][] = [];
  let clears = 0;
  const ledger = new PlaybackLedger(clock.monotonic);
  const pacer = new Pacer(
    {
      sendAudio: (mulaw) => {
        for (let at = 0; at < mulaw.length; at += 160) sent.push(mulaw[at] as number);
      },
      sendMark: (name) => marks.push(name),
      clear: () => clears++,
    },
    ledger,
    clock,
    { started: () => undefined, finished: (itemId, result) => results.push([itemId, result]) },
    { leadMs: 200, tickMs: 40, markEveryMs: 500, markTimeoutMs: 3_000 },
  );
  const say = (itemId: string, frames: number, interruptible = true) => {
    pacer.open(itemId, { interruptible });
    pacer.append(itemId, audio(frames));
    pacer.complete(itemId);
  };
  return { clock, sent, marks, results, ledger, pacer, say, clears: () => clears };
}

describe('the pacer', () => {
  it('is never further ahead than its lead, however fast the audio came', () => {
    const { clock, sent, say } = setup();
    say('a', 200);
    for (let ms = 0; ms <= 3_000; ms += 20) {
      expect(sent.length * 20).toBeLessThanOrEqual(ms + 200);
      expect(sent.length * 20).toBeGreaterThanOrEqual(Math.min(4_000, ms + 120));
      clock.pass(20);
    }
  });

  it('makes up for a stall at once, so that lateness never adds up', () => {
    const { clock, sent, say } = setup();
    say('a', 500);
    clock.pass(1_000);
    clock.pass(150, true);
    clock.pass(20);
    expect(sent.length * 20).toBeGreaterThanOrEqual(1_150 + 120);
    for (let i = 0; i < 50; i++) clock.pass(59, true);
    expect(sent.length * 20).toBeGreaterThanOrEqual(1_170 + 50 * 59 + 100);
  });

  it('has no timer in silence, and at most one for sending', () => {
    const { clock, pacer, marks, say } = setup();
    say('a', 20);
    expect(clock.pending).toBe(1);
    clock.pass(400);
    for (const mark of marks) pacer.acknowledge(mark);
    expect(clock.pending).toBe(0);
    pacer.dispose();
  });

  it('pauses at once and goes on from the last heard sample', () => {
    const { clock, sent, pacer, say, clears } = setup();
    say('a', 100);
    clock.pass(500);
    pacer.pause();
    expect(clears()).toBe(1);
    const before = sent.length;
    clock.pass(1_000);
    expect(sent.length).toBe(before);
    pacer.resume();
    expect(sent[before]).toBe(25);
    clock.pass(5_000);
    expect(sent.slice(before)).toEqual(Array.from({ length: 75 }, (_, i) => 25 + i));
  });

  it('keeps the order of speech, also behind an item whose audio is still to come', () => {
    const { clock, pacer, sent, say } = setup();
    pacer.open('late', { interruptible: true });
    say('next', 3);
    clock.pass(500);
    expect(sent).toEqual([]);
    pacer.append('late', audio(2));
    pacer.complete('late');
    clock.pass(500);
    expect(sent).toEqual([0, 1, 0, 1, 2]);
  });

  it('tells per item what was heard when it is cut, and sends nothing of it any more', () => {
    const { clock, pacer, results, sent, say } = setup();
    say('a', 10);
    say('b', 100);
    clock.pass(300);
    expect(pacer.cut()).toEqual([
      { itemId: 'a', heardMs: 200 },
      { itemId: 'b', heardMs: 100 },
    ]);
    const before = sent.length;
    clock.pass(1_000);
    pacer.append('b', audio(5));
    expect(sent.length).toBe(before);
    expect(results).toEqual([
      ['a', 'cut'],
      ['b', 'cut'],
    ]);
  });

  it('leaves alone what may not be interrupted', () => {
    const { clock, pacer, sent, say, clears } = setup();
    say('disclosure', 30, false);
    say('greeting', 30);
    clock.pass(100);
    pacer.cut();
    expect(clears()).toBe(0);
    clock.pass(2_000);
    expect(sent).toHaveLength(30);
  });

  it('is done with an item when its mark came back, or without one after a while', () => {
    const { clock, pacer, marks, results, say } = setup();
    say('a', 5);
    clock.pass(100);
    pacer.acknowledge(marks.at(-1) as string);
    say('b', 5);
    clock.pass(3_500);
    expect(results).toEqual([
      ['a', 'played'],
      ['b', 'unconfirmed'],
    ]);
  });

  it('does not keep the last sound of a sentence until the next one comes', () => {
    const { clock, ledger, pacer, sent } = setup();
    pacer.open('a', { interruptible: true });
    pacer.append('a', audio(10).subarray(0, 9 * 160 + 70));
    clock.pass(9 * 20);
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    clock.pass(1_000);
    expect(ledger.heardBytes('a')).toBe(9 * 160 + 70);
    pacer.append('a', audio(2));
    expect(sent.slice(10)).toEqual([0, 1]);
    pacer.dispose();
    expect(clock.pending).toBe(0);
  });

  it('joins pieces of any size that come in real time', () => {
    const { clock, ledger, pacer, sent } = setup();
    pacer.open('a', { interruptible: true });
    for (let piece = 0; piece < 50; piece++) {
      pacer.append('a', audio(1).subarray(0, 150));
      clock.pass(19);
    }
    clock.pass(100);
    pacer.complete('a');
    clock.pass(100);
    expect(ledger.heardBytes('a')).toBe(50 * 150);
    expect(sent).toHaveLength(Math.ceil((50 * 150) / 160));
  });

  it('sends whole frames only', () => {
    const { clock, pacer, sent } = setup();
    pacer.open('a', { interruptible: true });
    pacer.append('a', new Uint8Array(250));
    clock.pass(50);
    expect(sent).toHaveLength(1);
    pacer.complete('a');
    clock.pass(100);
    expect(sent).toHaveLength(2);
  });
});
