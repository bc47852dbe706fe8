import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { postCallWorkflowId } from '../../contracts/call-id';
import { priceScheduleId } from '../../contracts/carrier-price';
import { type Config, loadConfig } from '../../runtime/config';
import { connectTo } from '../../runtime/temporal';
import { openStore } from '../../store/open';
import { runWorker } from '../../worker/main';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { startTestTemporal, type TestTemporal } from '../support/temporal';

let home: string;
let database: TestDatabase;
let temporal: TestTemporal;
let config: Config;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'patter-worker-'));
  database = await createTestDatabase();
  temporal = await startTestTemporal();
  config = loadConfig(
    {
      PATTER_HOME: home,
      PATTER_TASK_QUEUE: temporal.taskQueue,
      PATTER_LOG_LEVEL: 'silent',
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      DATABASE_URL: database.url,
      TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000000',
      TWILIO_AUTH_TOKEN: 'token',
      TWILIO_BASE_URL: 'http://127.0.0.1:9',
    },
    home,
  );
});
afterAll(async () => {
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

const bundles = () => readdirSync(join(home, 'cache')).map((name) => ({ name, madeAt: statSync(join(home, 'cache', name)).mtimeMs }));

test('a worker on an empty database migrates it, works, and leaves nothing open', async () => {
  const worker = await runWorker(config);
  expect(await worker.problems()).toEqual([]);
  const store = openStore(database.url);
  expect(await store.pendingMigrations()).toEqual([]);
  await store.close();

  const connection = await connectTo(temporal.address);
  const client = new Client({ connection, namespace: temporal.namespace });
  const input = { tenantId: 'default', campaignId: 'cmp_none', contactId: 'ct_none', callId: `call_none_${temporal.taskQueue}` };
  const result = await client.workflow.execute('postCall', {
    taskQueue: temporal.taskQueue,
    workflowId: postCallWorkflowId(input.callId),
    args: [input],
  });
  expect(result).toEqual({ failedSteps: [] });
  const schedule = await client.schedule.getHandle(priceScheduleId(temporal.taskQueue)).describe();
  expect(schedule.action).toMatchObject({ workflowType: 'reconcilePrices', taskQueue: temporal.taskQueue });
  const asking = { taskQueue: temporal.taskQueue, workflowId: `${priceScheduleId(temporal.taskQueue)}/now` };
  expect(await client.workflow.execute('reconcilePrices', asking)).toEqual({ asked: 0, reconciled: 0 });
  await connection.close();

  await worker.stop();
  await worker.stop();
  await worker.closed;
});

test('a worker that starts again uses the bundle that the first one made', async () => {
  const before = bundles();
  expect(before).toHaveLength(1);
  const worker = await runWorker(config);
  expect(bundles()).toEqual(before);
  await worker.stop();
});

test('a worker without a carrier says so; one without a database does not start', async () => {
  const worker = await runWorker({ ...config, TWILIO_AUTH_TOKEN: undefined });
  expect(await worker.problems()).toEqual([expect.stringContaining('TWILIO_ACCOUNT_SID')]);
  await worker.stop();
  await expect(runWorker({ ...config, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({
    code: 'PATTER_POSTGRES_UNAVAILABLE',
  });
});

test('versioned by default, under the build that its workflows make; not at all where that is switched off', async () => {
  const connection = await connectTo(temporal.address);
  const client = new Client({ connection, namespace: temporal.namespace });
  const buildOf = async (name: string, variables: Partial<Config>) => {
    const taskQueue = `${temporal.taskQueue}-${name}`;
    const worker = await runWorker({ ...config, ...variables, PATTER_TASK_QUEUE: taskQueue });
    const workflowId = postCallWorkflowId(`call_none_${taskQueue}`);
    const args = [{ tenantId: 'default', campaignId: 'cmp_none', contactId: 'ct_none', callId: `call_none_${taskQueue}` }];
    await client.workflow.execute('postCall', { taskQueue, workflowId, args });
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    await worker.stop();
    return events?.flatMap((event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId ?? []).at(-1);
  };
  expect(await buildOf('auto', {})).toMatch(/^\d+\.\d+\.\d+-[0-9a-f]{12}$/);
  expect(await buildOf('named', { PATTER_BUILD_ID: 'release-7' })).toBe('release-7');
  expect(await buildOf('off', { PATTER_WORKER_VERSIONING: 'off' })).toBeUndefined();
  await connection.close();
}, 60_000);
