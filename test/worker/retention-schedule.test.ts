import { Client } from '@temporalio/client';
import type { pino } from 'pino';
import { priceScheduleId } from '../../contracts/carrier-price';
import { retentionScheduleId } from '../../contracts/privacy';
import { connectTo } from '../../runtime/temporal';
import { ensurePriceSchedule, keepPriceSchedule } from '../../worker/price-schedule';
import { ensureRetentionSchedule, keepRetentionSchedules } from '../../worker/retention-schedule';
import { startTestTemporal } from '../support/temporal';

test('workers that start one after the other, or at once, have one schedule, and keep when it fires and that it is paused', async () => {
  const temporal = await startTestTemporal();
  const connection = await connectTo(temporal.address);
  const client = new Client({ connection, namespace: temporal.namespace });
  const warnings: unknown[] = [];
  const log = { warn: (...parts: unknown[]) => void warnings.push(parts) } as unknown as ReturnType<typeof pino>;
  try {
    await Promise.all([1, 2, 3].map(() => ensureRetentionSchedule(client, temporal.taskQueue, log)));
    const handle = client.schedule.getHandle(retentionScheduleId(temporal.taskQueue, 'default'));
    const first = await handle.describe();
    expect(first.action).toMatchObject({ workflowType: 'retention', taskQueue: temporal.taskQueue, args: [{ tenantId: 'default' }] });
    await handle.pause('an operator');
    await ensureRetentionSchedule(client, temporal.taskQueue, log);
    const second = await handle.describe();
    expect(second.spec).toEqual(first.spec);
    expect(second.state.paused).toBe(true);
    expect(warnings).toEqual([]);
  } finally {
    await connection.close();
  }
});

test('a schedule that is lost with Temporal’s data is made again while the worker lives', async () => {
  const temporal = await startTestTemporal();
  const connection = await connectTo(temporal.address);
  const client = new Client({ connection, namespace: temporal.namespace });
  const store = { tenants: { list: async () => [{ tenantId: 'acme' }] } };
  const handle = client.schedule.getHandle(retentionScheduleId(temporal.taskQueue, 'acme'));
  const stop = await keepRetentionSchedules(
    client,
    store,
    temporal.taskQueue,
    { warn: () => undefined },
    { lookEveryMs: 20, makeAgainMs: 100 },
  );
  try {
    await handle.delete();
    for (;;) {
      const found = await handle.describe().catch(() => undefined);
      if (found) break;
    }
    expect((await handle.describe()).action).toMatchObject({ workflowType: 'retention', args: [{ tenantId: 'acme' }] });
  } finally {
    await stop();
    await connection.close();
  }
});

test('the schedule that asks for prices is made once, one that was paused stays so, and one that was lost is made again', async () => {
  const temporal = await startTestTemporal();
  const connection = await connectTo(temporal.address);
  const client = new Client({ connection, namespace: temporal.namespace });
  const warnings: unknown[] = [];
  const log = { warn: (...parts: unknown[]) => void warnings.push(parts) };
  try {
    await Promise.all([1, 2, 3].map(() => ensurePriceSchedule(client, temporal.taskQueue, log)));
    const handle = client.schedule.getHandle(priceScheduleId(temporal.taskQueue));
    await handle.pause('an operator');
    await ensurePriceSchedule(client, temporal.taskQueue, log);
    expect((await handle.describe()).state.paused).toBe(true);
    const stop = await keepPriceSchedule(client, temporal.taskQueue, log, { makeAgainMs: 50 });
    try {
      await handle.delete();
      while (!(await handle.describe().catch(() => undefined))) await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await stop();
    }
    expect(warnings).toEqual([]);
  } finally {
    await connection.close();
  }
});
