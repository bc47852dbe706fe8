import { Slots } from './slots';

const never = new AbortController().signal;

test('so many at a time, in the order of their asking, for each key apart', async () => {
  const slots = new Slots(2);
  const order: string[] = [];
  const take = async (name: string, key = 'a') => {
    const release = await slots.take(key, never);
    order.push(name);
    return release;
  };
  const first = await take('1');
  await take('2');
  const waiting = [take('3'), take('4')];
  await take('other', 'b');
  expect(order).toEqual(['1', '2', 'other']);
  first();
  // A second time it gives nothing back.
  first();
  (await (waiting[0] as Promise<() => void>))();
  await waiting[1];
  expect(order).toEqual(['1', '2', 'other', '3', '4']);
});

test('who gives up waiting takes nobody’s turn, and what is given back by all is free again', async () => {
  const slots = new Slots(1);
  const release = await slots.take('a', never);
  const abort = new AbortController();
  const given = slots.take('a', abort.signal);
  const next = slots.take('a', never);
  abort.abort(new Error('not wanted'));
  await expect(given).rejects.toThrow('not wanted');
  await expect(slots.take('a', abort.signal)).rejects.toThrow('not wanted');
  release();
  (await next)();
  (await slots.take('a', never))();
});
