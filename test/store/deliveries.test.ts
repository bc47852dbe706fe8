import { NOW, openTestStore, type TestStore } from './fixtures';

let t: TestStore;

beforeAll(async () => {
  t = await openTestStore();
});
afterAll(async () => {
  await t?.close();
});

const row = (callId: string, owner: string) => ({ tenantId: 'default', callId, app: 'app', owner, now: NOW });

test('one process at a time tells the callbacks of a call, and another takes over only from one that it knows to be gone', async () => {
  const { deliveries } = t.store;
  expect(await deliveries.claim(row('call_1', 'one'))).toMatchObject({ owner: 'one', cursor: { done: [] }, completedAt: null });
  expect(await deliveries.record({ callId: 'call_1', owner: 'one', cursor: { done: ['start:1'] }, now: NOW })).toBe(true);
  // Again by the same is the same; by another it stays with the first.
  expect(await deliveries.claim(row('call_1', 'one'))).toMatchObject({ owner: 'one', cursor: { done: ['start:1'] } });
  expect(await deliveries.claim(row('call_1', 'two'))).toMatchObject({ owner: 'one' });
  expect(await deliveries.claim(row('call_1', 'two'), 'somebody else')).toMatchObject({ owner: 'one' });
  expect(await deliveries.claim(row('call_1', 'two'), 'one')).toMatchObject({ owner: 'two', cursor: { done: ['start:1'] } });
  // The first was only frozen: it learns of it, and undoes nothing.
  expect(await deliveries.record({ callId: 'call_1', owner: 'one', cursor: { done: [] }, now: NOW })).toBe(false);
  await deliveries.release({ callId: 'call_1', owner: 'one', completed: true, now: NOW });
  expect(await deliveries.get('call_1')).toMatchObject({ owner: 'two', cursor: { done: ['start:1'] }, completedAt: null });
  await deliveries.release({ callId: 'call_1', owner: 'two', completed: true, now: NOW });
  expect(await deliveries.get('call_1')).toMatchObject({ owner: null, completedAt: NOW });
});

test('of processes that claim a call at the same moment one has it', async () => {
  const { deliveries } = t.store;
  const owners = ['a', 'b', 'c', 'd', 'e'];
  const rows = await Promise.all(owners.map((owner) => deliveries.claim(row('call_2', owner))));
  const winners = owners.filter((owner, index) => rows[index]?.owner === owner);
  expect(winners).toHaveLength(1);
  expect(new Set(rows.map(({ owner }) => owner))).toEqual(new Set(winners));
});

test('what is given up has one reason, the first; what was told to the end is not given up', async () => {
  const { deliveries } = t.store;
  const givenUp = (callId: string, reason: string) => deliveries.giveUp({ tenantId: 'default', callId, app: 'app', reason, now: NOW });
  expect([await givenUp('call_3', 'nobody came'), await givenUp('call_3', 'again')]).toEqual([true, false]);
  expect(await deliveries.get('call_3')).toMatchObject({ givenUpAt: NOW, givenUpReason: 'nobody came', completedAt: null });
  await deliveries.claim(row('call_4', 'one'));
  await deliveries.release({ callId: 'call_4', owner: 'one', completed: true, now: NOW });
  expect(await givenUp('call_4', 'late')).toBe(false);
  expect(await deliveries.get('call_4')).toMatchObject({ givenUpAt: null, completedAt: NOW });
});
