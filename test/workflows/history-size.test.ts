import { type Bench, startRealBench } from './bench';
import { CallWorld, turn, until } from './call-world';

let bench: Bench;
beforeAll(async () => {
  bench = await startRealBench();
}, 120_000);
afterAll(() => bench?.stop());

async function events(world: CallWorld): Promise<number> {
  const { events = [] } = await world.handle.fetchHistory();
  // Of a task that a loaded machine's worker took up too late: its time-out, and its being scheduled once more.
  const late = events?.filter((event) => event.workflowTaskTimedOutEventAttributes).length ?? 0;
  return (events?.length ?? 0) - 2 * late;
}

/** The dial's answer is in the history: an attach that comes before it waits for it, with a timer. */
const dialed = (world: CallWorld) => until(async () => (await world.view()).phase === 'placed', 'the dial is answered');

/** Events are what a call costs the server: 40 calls a second on one machine, or half of it. */
test('an unanswered call takes no more than 23 events', async () => {
  const world = new CallWorld(bench);
  await bench.run(world.activities, async () => {
    await world.start();
    await dialed(world);
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
    await dialed(world);
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
