import type { Clock } from '../contracts/clock';
import { Ticker } from './ticker';

/** Time moves only when it is told to; a timer fires once, however late. */
class HandClock implements Clock {
  private at = 0;
  private timers: { at: number; fn: () => void }[] = [];
  now = () => this.at;
  monotonic = () => this.at;

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.at + ms, fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  jump(ms: number): void {
    this.at += ms;
    const due = this.timers.filter((timer) => timer.at <= this.at);
    this.timers = this.timers.filter((timer) => timer.at > this.at);
    for (const { fn } of due) fn();
  }

  get waiting(): number {
    return this.timers.length;
  }
}

test('a process that stood still makes up for every frame it missed', () => {
  const clock = new HandClock();
  const ticker = new Ticker(clock);
  let ticks = 0;
  ticker.add(() => ticks++);
  clock.jump(20);
  clock.jump(1000);
  expect(ticks).toBe(51);
  clock.jump(20);
  expect(ticks).toBe(52);
});

test('many members cost one timer, and none is left when the last has gone', () => {
  const clock = new HandClock();
  const ticker = new Ticker(clock);
  const ticks = [0, 0];
  const leaveFirst = ticker.add(() => ticks[0]!++);
  const leaveSecond = ticker.add(() => ticks[1]!++);
  expect(clock.waiting).toBe(1);
  clock.jump(40);
  leaveFirst();
  clock.jump(20);
  expect(ticks).toEqual([2, 3]);
  leaveSecond();
  expect(clock.waiting).toBe(0);
});

test('a member may leave in the middle of a tick', () => {
  const clock = new HandClock();
  const ticker = new Ticker(clock);
  let ticks = 0;
  const leave = ticker.add(() => {
    ticks++;
    leave();
  });
  clock.jump(100);
  expect(ticks).toBe(1);
  expect(clock.waiting).toBe(0);
});
