import { ManualClock } from '../../test/support/manual-clock';
import { TunnelName } from './tunnel-name';

/** A tunnel whose name the test changes, and whoever is told of it. */
function world(fail: (host: string, nth: number) => boolean = () => false) {
  let rename = (_: string) => {};
  const onChange = (listener: (host: string) => void) => {
    rename = listener;
  };
  const name = new TunnelName({ host: 'first', onChange, close: async () => undefined });
  const clock = new ManualClock();
  const over = new AbortController();
  const told: string[] = [];
  const failures: string[] = [];
  let again = true;
  const giveUp = () => {
    again = false;
  };
  const follow = (known = 'first') =>
    name.follow({
      ...{ known, clock, signal: over.signal },
      async tell(host) {
        told.push(host);
        if (fail(host, told.length)) throw new Error('no');
      },
      failed: (_, host) => {
        failures.push(host);
        return again;
      },
    });
  return { name, clock, over, told, failures, follow, rename: (host: string) => rename(host), giveUp };
}

test('bug: a tunnel that got another name before anybody could be told: it is told when somebody can be', async () => {
  const { name, over, told, follow, rename } = world();
  rename('second');
  expect(name.host).toBe('second');
  const following = follow();
  await settle();
  expect(told).toEqual(['second']);
  rename('third');
  await settle();
  expect(told).toEqual(['second', 'third']);
  over.abort();
  await following;
});

test('bug: a name that could not be told is told again, with longer and longer waits, until it is taken', async () => {
  const { clock, over, told, failures, follow, rename } = world((_, nth) => nth < 4);
  const following = follow();
  rename('second');
  await settle();
  for (const [index, ms] of [1_000, 2_000, 4_000].entries()) {
    clock.pass(ms - 1);
    await settle();
    expect(told).toHaveLength(index + 1);
    clock.pass(1);
    await settle();
  }
  expect(told).toEqual(Array(4).fill('second'));
  expect(failures).toHaveLength(3);
  expect(clock.pending).toBe(0);
  over.abort();
  await following;
});

test('a newer name is told at once, the old one no more; and the first one again, if it comes back half-way', async () => {
  const { clock, over, told, follow, rename } = world((host) => host === 'second');
  const following = follow();
  rename('second');
  await settle();
  rename('third');
  await settle();
  rename('second');
  await settle();
  rename('first');
  await settle();
  expect(told).toEqual(['second', 'third', 'second', 'first']);
  over.abort();
  await following;
  expect(clock.pending).toBe(0);
});

test('what is refused for good is not told again, and the end ends the waiting', async () => {
  const { clock, over, told, follow, rename, giveUp } = world(() => true);
  const following = follow();
  giveUp();
  rename('second');
  await settle();
  clock.pass(3_600_000);
  await settle();
  expect(told).toEqual(['second']);
  over.abort();
  await following;
  expect(clock.pending).toBe(0);
});

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
