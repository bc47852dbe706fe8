import { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { createActivities } from '../../activities';
import type { ActivityContext } from '../../activities/context';
import { createCarriers } from '../../carriers';
import type { Activities } from '../../contracts/activities';
import { systemClock } from '../../contracts/clock';
import { runLab } from '../../lab/main';
import { LAB_ACCOUNT, type ScenarioInput } from '../../lab/scenario';
import { telnyxLabEnvironment } from '../../lab/telnyx/account';
import { loadConfig } from '../../runtime/config';
import { connectTo } from '../../runtime/temporal';
import { openTestStore } from '../store/fixtures';
import { startTestTemporal } from '../support/temporal';
import { testHome } from '../support/test-home';

export interface TestActivities {
  ctx: ActivityContext;
  activities: Activities;
  /** Of the lab's phone company. */
  labUrl: string;
  databaseUrl: string;
  /** Runs an activity as a worker would, with heartbeats and cancellation. */
  inActivity<T>(run: () => Promise<T>, env?: MockActivityEnvironment): Promise<T>;
  close(): Promise<void>;
}

/** Activities over a database of their own, the shared Temporal server with no worker on the task queue, and a lab for a carrier. */
export async function openTestActivities(options: {
  scenario?: ScenarioInput;
  twilioCps?: number;
  draining?: AbortSignal;
  env?: Record<string, string>;
  /** With the lab's other phone company, too. */
  telnyx?: true;
}): Promise<TestActivities> {
  const database = await openTestStore();
  const temporal = await startTestTemporal();
  const log = pino({ level: 'silent' });
  const lab = await runLab({ scenario: options.scenario ?? {}, twilioCps: options.twilioCps ?? 50, baud: 1200, seed: 1, log });
  const connection = await connectTo(temporal.address);
  const config = loadConfig(
    {
      PATTER_HOME: testHome(),
      PATTER_TASK_QUEUE: temporal.taskQueue,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid,
      TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken,
      TWILIO_BASE_URL: lab.urls.lab,
      ...(options.telnyx && telnyxLabEnvironment(lab.urls.lab)),
      ...options.env,
    },
    testHome(),
  );
  const ctx: ActivityContext = {
    config,
    store: database.store,
    carriers: createCarriers(config),
    temporal: new Client({ connection, namespace: temporal.namespace }),
    secretKey: 'test-secret-key-test-secret-key',
    clock: systemClock,
    log,
    draining: options.draining,
  };
  return {
    ctx,
    activities: createActivities(ctx),
    labUrl: lab.urls.lab,
    databaseUrl: database.url,
    // Failures are looked at by the tests; the SDK's log of them is noise.
    inActivity: (run, env = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })) => env.run(run),
    async close() {
      await connection.close();
      await lab.stop();
      await database.close();
    },
  };
}

/** A gateway that lives as long as the test does. */
export async function registerGateway(ctx: ActivityContext, gatewayId = 'gw-test'): Promise<void> {
  await ctx.store.gateways.renew(
    { gatewayId, publicUrl: 'http://127.0.0.1:9', internalUrl: 'http://127.0.0.1:9', maxCalls: 100, activeCalls: 0, draining: false },
    new Date(Date.now() + 3_600_000),
  );
}

/** Polls something that other processes change; the test's own time limit is the deadline. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
