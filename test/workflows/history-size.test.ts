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
test('an unanswered call takes no more than 25 events', async () => {
  const world = new CallWorld(bench);
  await bench.run(world.activities, async () => {
    await world.start();
    await world.ranOnce('dial');
    await world.warmUp();
    await world.status('no_answer');
    await world.settled();
    expect(await events(world)).toBeLessThanOrEqual(25);
  });
});

test('an answered call takes no more than 46 events, even when no two messages share a workflow task', async () => {
  const world = new CallWorld(bench);
  await bench.run(world.activities, async () => {
    await world.start();
    await world.ranOnce('dial');
    await world.warmUp();
    await world.status('in_progress');
    await world.stream();
    await world.carrier({ kind: 'amd', answeredBy: 'human', messageEnd: false });
    await world.heartbeat(1, { turns: [turn('user', 'hi')] });
    await world.report('agent_ended', { turns: [turn('user', 'hi')] });
    await world.status('completed');
    await world.settled();
    expect(await events(world)).toBeLessThanOrEqual(46);
  });
});
