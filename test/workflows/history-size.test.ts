import { type Bench, startRealBench } from './bench';
import { CallWorld, turn } from './call-world';

let bench: Bench;
beforeAll(async () => {
  bench = await startRealBench();
}, 120_000);
afterAll(() => bench?.stop());

async function events(world: CallWorld): Promise<number> {
  const history = await world.handle.fetchHistory();
  return history.events?.length ?? 0;
}

/** Events are what a call costs the server: 40 calls a second on one machine, or half of it. */
test('an unanswered call takes no more than 23 events', async () => {
  const world = new CallWorld(bench);
  await bench.run(world.activities, async () => {
    await world.start();
    await world.ranOnce('dial');
    await world.warmUp();
    await world.status('no_answer');
    await world.settled();
    expect(await events(world)).toBeLessThanOrEqual(23);
  });
});

/** As gateways tell: what the attaches say, and a second word on who answered, are no signals (media-gateway/webhooks/known-news). */
test('an answered call takes no more than 40 events, even when no two messages share a workflow task', async () => {
  const world = new CallWorld(bench);
  const ringingAt = Date.UTC(2026, 0, 5, 12);
  await bench.run(world.activities, async () => {
    await world.start();
    await world.ranOnce('dial');
    await world.warmUp(undefined, ringingAt);
    await world.stream();
    await world.gatewayEvent({ kind: 'human_confirmed', text: 'hi' });
    await world.heartbeat(1, { turns: [turn('user', 'hi')] });
    await world.report('agent_ended', { turns: [turn('user', 'hi')] });
    await world.status('completed');
    expect(await world.settled()).toMatchObject({ outcome: 'completed', answeredBy: 'human', ringingAt, answeredAt: expect.any(Number) });
    expect(await events(world)).toBeLessThanOrEqual(40);
  });
});
