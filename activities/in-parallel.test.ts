import { inParallel } from './in-parallel';

test('after a failure none is begun any more, and those under way are waited for', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const go: (() => void)[] = [];
  const all = inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('first');
    await new Promise<void>((resolve) => go.push(resolve));
    ended.push(item);
  });
  let settled = false;
  const told = all
    .catch((error: Error) => error.message)
    .finally(() => {
      settled = true;
    });
  await new Promise((resolve) => setImmediate(resolve));
  expect([begun, settled]).toEqual([[1, 2], false]);
  for (const next of go) next();
  expect(await told).toBe('first');
  expect([begun, ended]).toEqual([[1, 2], [2]]);
});

test('each item once, so many at a time', async () => {
  let now = 0;
  let most = 0;
  const seen: number[] = [];
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(item);
    now--;
  });
  expect([most, seen.sort()]).toEqual([3, [1, 2, 3, 4, 5, 6, 7]]);
});
