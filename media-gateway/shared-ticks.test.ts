import { ManualClock } from '../test/support/manual-clock';
import { SharedTicks } from './shared-ticks';

function setup() {
  const clock = new ManualClock();
  const ticks = new SharedTicks(clock, 10);
  const done: [string, number][] = [];
  const after = (ms: number, name: string) => ticks.after(ms, () => done.push([name, clock.now()]));
  return { clock, ticks, done, after };
}

it('does together what is due at about the same time, each at the nearest tick', () => {
  const { clock, done, after } = setup();
  clock.pass(3);
  after(33, 'a');
  after(40, 'b');
  after(44, 'c');
  after(46, 'd');
  expect(clock.pending).toBe(2);
  clock.pass(100);
  expect(done).toEqual([
    ['a', 40],
    ['b', 40],
    ['c', 50],
    ['d', 50],
  ]);
  expect(clock.pending).toBe(0);
});

it('does nothing at once, and waits no longer than to the next tick with what is due at once', () => {
  const { clock, done, after } = setup();
  clock.pass(20);
  after(0, 'a');
  expect(done).toEqual([]);
  clock.pass(2);
  after(1, 'b');
  clock.pass(8);
  expect(done).toEqual([
    ['a', 30],
    ['b', 30],
  ]);
});

it('leaves no timer behind when all that waits for a tick is called off, and the rest in its place when some is', () => {
  const { clock, done, after } = setup();
  const cancels = [after(40, 'a'), after(41, 'b')];
  for (const cancel of cancels) cancel();
  expect(clock.pending).toBe(0);
  const again = after(42, 'c');
  after(39, 'd');
  again();
  // Once more, and those from before: nobody else's is touched.
  for (const cancel of [...cancels, again]) cancel();
  clock.pass(50);
  expect(done).toEqual([['d', 40]]);
});

it('does what comes while a tick is under way at a later one, and not what is called off meanwhile', () => {
  const { clock, ticks, done, after } = setup();
  let cancel = () => {};
  ticks.after(10, () => {
    cancel();
    after(0, 'later');
  });
  cancel = after(10, 'called off');
  clock.pass(30);
  expect(done).toEqual([['later', 20]]);
});

it('lets no failure of one keep the others from being done, and does not hide it', () => {
  const { clock, ticks, done, after } = setup();
  ticks.after(10, () => {
    throw new Error('of one call');
  });
  after(10, 'of another');
  expect(() => clock.pass(20)).toThrow('of one call');
  expect(done).toEqual([['of another', 10]]);
});
