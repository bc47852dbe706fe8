import { seededPick } from './random';

const numbers = ['+14155550111', '+14155550112', '+14155550113', '+14155550114', '+14155550115', '+14155550116'];

test('a seed gives every number the same choice, in whatever order they are called', () => {
  const choose = (seed: number, order: string[]) =>
    Object.fromEntries(order.map((number) => [number, seededPick([0, 10_000], seed, number, 0)]));
  expect(choose(1, numbers)).toEqual(choose(1, [...numbers].reverse()));
  expect(choose(1, numbers)).not.toEqual(choose(2, numbers));
});

test('a choice stays in its range, both ends included, and a plain number is itself', () => {
  const chosen = new Set(Array.from({ length: 200 }, (_, i) => seededPick([3, 5], 'key', i)));
  expect([...chosen].sort()).toEqual([3, 4, 5]);
  expect(seededPick(7, 'key')).toBe(7);
});
