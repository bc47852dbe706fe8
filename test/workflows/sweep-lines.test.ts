import { type Bench, recordHistory, startBench } from './bench';

let bench: Bench | undefined;
beforeAll(async () => {
  bench = await startBench();
}, 300_000);
afterAll(() => bench?.stop());

test('the sweep of the lines tells how many calls it settled, and goes on after a database that was away', async () => {
  if (!bench) return;
  const { client, taskQueue } = bench;
  let away = 2;
  const sweepLines = async () => {
    if (away-- > 0) throw new Error('the database is away');
    return { settled: 3 };
  };
  await bench.run({ sweepLines }, async () => {
    const handle = await client.workflow.start('sweepLines', { workflowId: `sweep-lines/${taskQueue}`, taskQueue });
    expect(await handle.result()).toEqual({ settled: 3 });
    await recordHistory(handle, 'sweepLines.completed');
  });
});
