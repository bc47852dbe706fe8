import { later, NOW, openTestStore, type TestStore } from './fixtures';

let test_: TestStore;
beforeAll(async () => {
  test_ = await openTestStore();
});
afterAll(() => test_.close());

test('the first entry of a number on the do-not-call list stands as the evidence', async () => {
  const { suppressions } = test_.store;
  expect(await suppressions.add({ tenantId: 'default', phone: '+15005550001', source: 'voice', reason: 'stop', now: NOW })).toEqual({
    added: true,
  });
  expect(await suppressions.add({ tenantId: 'default', phone: '+15005550001', source: 'cli', reason: 'again', now: later(1) })).toEqual({
    added: false,
  });
  expect(await suppressions.check('default', '+15005550001')).toEqual({ source: 'voice', reason: 'stop', createdAt: NOW });
  expect(await suppressions.check('other', '+15005550001')).toBeUndefined();
});

test('a list with repetitions is added in portions and counted right', async () => {
  const { suppressions } = test_.store;
  const phones = Array.from({ length: 2_500 }, (_, i) => `+1500666${1000 + i}`);
  expect(await suppressions.addMany('default', [...phones, ...phones], 'import', 'list', NOW)).toEqual({ added: 2_500 });
  expect((await suppressions.checkMany('default', [...phones, '+15005559999'])).size).toBe(2_500);
  expect(await suppressions.remove('default', phones[0]!)).toEqual({ removed: true });
  expect(await suppressions.remove('default', phones[0]!)).toEqual({ removed: false });
  expect(await suppressions.count('default')).toBe(2_500);
});

describe('live gateways', () => {
  const gateway = (gatewayId: string, over = {}) => ({
    gatewayId,
    publicUrl: `http://${gatewayId}`,
    internalUrl: `http://${gatewayId}`,
    maxCalls: 10,
    activeCalls: 0,
    draining: false,
    ...over,
  });
  const live = async (now = NOW) => (await test_.store.gateways.live(now)).map((row) => row.gatewayId);

  test('the least loaded comes first; full, draining and silent ones are left out', async () => {
    const { gateways } = test_.store;
    await gateways.renew(gateway('busy', { activeCalls: 5 }), NOW);
    await gateways.renew(gateway('free', { activeCalls: 1 }), NOW);
    await gateways.renew(gateway('full', { activeCalls: 10 }), NOW);
    await gateways.renew(gateway('leaving', { draining: true }), NOW);
    await gateways.renew(gateway('silent'), later(-10_000));
    expect(await live()).toEqual(['free', 'busy']);
    await gateways.renew(gateway('silent'), NOW);
    expect(await live()).toEqual(['silent', 'free', 'busy']);
    expect(await live(later(10_000))).toEqual([]);
    for (const id of ['busy', 'free', 'full', 'leaving', 'silent']) await gateways.remove(id);
    expect(await gateways.get('busy')).toBeUndefined();
  });

  test('processes behind one public URL have the room of the pool', async () => {
    const { gateways } = test_.store;
    await gateways.renew(gateway('p1', { publicUrl: 'http://pool', maxCalls: 2, activeCalls: 2 }), NOW);
    await gateways.renew(gateway('p2', { publicUrl: 'http://pool', maxCalls: 2, activeCalls: 1 }), NOW);
    expect(await live()).toEqual(['p2', 'p1']);
    await gateways.renew(gateway('p2', { publicUrl: 'http://pool', maxCalls: 2, activeCalls: 2 }), NOW);
    expect(await live()).toEqual([]);
  });

  test('an app has its own gateways, and calls without code have theirs', async () => {
    const { gateways } = test_.store;
    for (const [id, app] of [
      ['shop-1', 'shop'],
      ['shop-2', 'shop'],
      ['desk-1', 'desk'],
      ['plain', null],
    ] as const) {
      await gateways.renew(gateway(id, { app }), later(100_000));
    }
    const of = async (app?: string) => (await gateways.live(later(100_000), app)).map((row) => row.gatewayId);
    expect([await of('shop'), await of('desk'), await of('nobody'), await of()]).toEqual([['shop-1', 'shop-2'], ['desk-1'], [], ['plain']]);
  });
});
