import { createLogger } from '../../runtime/log';
import { ManualClock } from '../../test/support/manual-clock';
import { keepUp } from './keep-up';

/** A part that breaks when told to. */
function part() {
  let breakDown = (_: Error) => {};
  let end = () => {};
  const closed = new Promise<void>((resolve, reject) => {
    [end, breakDown] = [resolve, reject];
  });
  closed.catch(() => undefined);
  return { closed, breakDown: (error: Error) => breakDown(error), stop: jest.fn(async () => end()) };
}

test('what breaks is started again, with a longer wait after each failure, until it is stopped', async () => {
  const clock = new ManualClock();
  const parts = [part(), part()];
  const starts: number[] = [];
  const start = async () => {
    starts.push(clock.monotonic());
    if (starts.length === 2) throw new Error('not yet');
    return parts[starts.length === 1 ? 0 : 1] as ReturnType<typeof part>;
  };
  const kept = await keepUp('the part', start, createLogger('test', 'silent'), clock);
  parts[0]?.breakDown(new Error('gone'));
  await settle();
  clock.pass(500);
  await settle();
  clock.pass(1_000);
  await settle();
  expect(starts).toEqual([0, 500, 1_500]);
  await kept.stop();
  expect(parts.map(({ stop }) => stop.mock.calls.length)).toEqual([0, 1]);
  expect(clock.pending).toBe(0);
});

test('a first start that fails is the caller’s to hear', async () => {
  const failing = keepUp('the part', () => Promise.reject(new Error('no')), createLogger('test', 'silent'), new ManualClock());
  await expect(failing).rejects.toThrow('no');
});

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
