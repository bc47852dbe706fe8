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

test('prices are asked for by one workflow, and each that is told is written down by another, however often the database is away', async () => {
  if (!bench) return;
  const { client, taskQueue } = bench;
  let away = 1;
  const written: unknown[] = [];
  const activities = {
    reconcilePrices: async () => ({ asked: 2, reconciled: 1 }),
    recordPrice: async (told: unknown) => {
      if (away-- > 0) throw new Error('the database is away');
      written.push(told);
    },
  };
  const told = { callId: 'call_1', leg: { carrierCallId: 'v3:1', micros: 7_000, currency: 'USD' } };
  await bench.run(activities, async () => {
    const asking = await client.workflow.start('reconcilePrices', { workflowId: `prices/${taskQueue}`, taskQueue });
    expect(await asking.result()).toEqual({ asked: 2, reconciled: 1 });
    await recordHistory(asking, 'reconcilePrices.completed');
    const writing = await client.workflow.start('recordPrice', { workflowId: `price/${taskQueue}`, taskQueue, args: [told] });
    await writing.result();
    expect(written).toEqual([told]);
    await recordHistory(writing, 'recordPrice.completed');
  });
});

test('an opt-out that was told after the call is written down by a workflow of its own, however often the database is away', async () => {
  if (!bench) return;
  const { client, taskQueue } = bench;
  let away = 2;
  const written: unknown[] = [];
  const recordOptOut = async (told: unknown) => {
    if (away-- > 0) throw new Error('the database is away');
    written.push(told);
  };
  const told = { callId: 'call_1', by: 'voice', text: 'never again' };
  await bench.run({ recordOptOut }, async () => {
    const handle = await client.workflow.start('recordOptOut', { workflowId: `opt-out/${taskQueue}`, taskQueue, args: [told] });
    await handle.result();
    expect(written).toEqual([told]);
    await recordHistory(handle, 'recordOptOut.completed');
  });
});
