import type { Connection } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '../activities';
import { type ActivityContext, activityContext } from '../activities/context';
import { systemClock } from '../contracts/clock';
import type { Config } from '../runtime/config';
import { deploymentName, WorkerDeployment } from '../runtime/deployment';
import { resolveDatabaseUrl } from '../runtime/endpoints';
import { createLogger, type Logger } from '../runtime/log';
import { priceWaitMs } from '../runtime/price-wait';
import type { Running } from '../runtime/running';
import { secretKey } from '../runtime/secret-key';
import {
  connectClient,
  connectNative,
  dataConverterFor,
  ensureNamespaceAndSearchAttributes,
  missingSearchAttributes,
} from '../runtime/temporal';
import { openStore } from '../store/open';
import type { Store } from '../store/store';
import { buildIdOf } from './build-id';
import { keepPriceSchedule } from './price-schedule';
import { keepRetentionSchedules } from './retention-schedule';
import { installTemporalRuntime } from './temporal-runtime';
import { VersionSteward } from './version-steward';
import { workflowBundle } from './workflow-bundle';

/** Activities wait for carriers, models and receivers of webhooks, not for the processor. */
const ACTIVITY_SLOTS = 500;
/** Two pollers, the default, are left for new workflows: these took 38 calls/s instead of 28. */
const POLLERS = { type: 'autoscaling', initial: 10, minimum: 5, maximum: 40 } as const;
/** A request to a carrier is answered or given up within this; what goes on longer is cancelled, and tried again elsewhere. */
const DRAIN_MS = 15_000;

export interface WorkerOptions {
  /** Made ahead. @default the product's own, from the cache of PATTER_HOME or made now */
  workflows?: { code: string };
  /** A file of the developer's own workflows, which run beside the product's. */
  workflowsFile?: string;
  /** Further activities: control/ has some, which this folder may not know. */
  activities?: (ctx: ActivityContext) => object;
  /** Laid over the price list. */
  prices?: ActivityContext['prices'];
}

/** Runs workflows and activities until `stop`, which lets requests that are under way finish. Applies pending migrations and registers search attributes. */
export async function runWorker(config: Config, options: WorkerOptions = {}): Promise<Running> {
  const log = createLogger('worker', config.PATTER_LOG_LEVEL);
  const parts: (() => Promise<void>)[] = [];
  const closeParts = async () => {
    for (const close of parts.splice(0).reverse()) await close();
  };
  try {
    return await startWorker(config, options, log, parts, closeParts);
  } catch (error) {
    await closeParts();
    throw error;
  }
}

async function startWorker(
  config: Config,
  options: WorkerOptions,
  log: Logger,
  parts: (() => Promise<void>)[],
  closeParts: () => Promise<void>,
): Promise<Running> {
  const dataConverter = dataConverterFor(config);
  const bundle = options.workflows
    ? Promise.resolve(options.workflows)
    : workflowBundle(config.PATTER_HOME, log, dataConverter.failureConverterPath, options.workflowsFile);
  bundle.catch(() => {});
  const store = openStore(await resolveDatabaseUrl(config));
  parts.push(() => store.close());
  await store.migrate();
  const client = await connectClient(config);
  // `connectClient` made it; the client's own type also allows for a worker's.
  const temporal = client.connection as Connection;
  parts.push(() => temporal.close());
  await ensureNamespaceAndSearchAttributes(temporal, config.TEMPORAL_NAMESPACE, log);
  parts.push(await keepRetentionSchedules(client, store, config.PATTER_TASK_QUEUE, log));
  if (priceWaitMs(config) > 0) parts.push(await keepPriceSchedule(client, config.PATTER_TASK_QUEUE, log));
  // Not earlier: it ends with its last connection or worker, and one that never had any would keep the process alive.
  installTemporalRuntime(log);
  const connection: NativeConnection = await connectNative(config);
  parts.push(() => connection.close());

  const draining = new AbortController();
  const context = activityContext({
    config,
    store,
    temporal: client,
    secretKey: await secretKey(config),
    ...(options.prices ? { prices: options.prices } : {}),
    clock: systemClock,
    log,
    draining: draining.signal,
  });
  const { code } = await bundle;
  const steward = await versionSteward(config, code, temporal, store, log);
  if (steward) {
    parts.push(() => steward.stop());
    await steward.announce();
  }
  const worker = await Worker.create({
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    taskQueue: config.PATTER_TASK_QUEUE,
    workflowBundle: { code },
    workerDeploymentOptions: steward?.workerOptions,
    activities: { ...createActivities(context), ...options.activities?.(context) },
    dataConverter,
    maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS,
    workflowTaskPollerBehavior: POLLERS,
    activityTaskPollerBehavior: POLLERS,
    // A call whose worker was killed waits so long for it before another one takes over; 10 s by default, with a person on the line.
    stickyQueueScheduleToStartTimeout: '1s',
    shutdownGraceTime: DRAIN_MS,
  });

  const closed = worker.run().finally(closeParts);
  closed.catch(() => {});
  await steward?.start();
  return {
    role: 'worker',
    urls: {},
    async problems() {
      const problems: string[] = [];
      const check = async (what: string, ask: () => Promise<string | undefined>) => {
        const problem = await ask().catch((error: Error) => `${what}: ${error.message}`);
        if (problem) problems.push(problem);
      };
      if (worker.getState() !== 'RUNNING') problems.push(`the worker is ${worker.getState().toLowerCase()}`);
      if (context.carriers.size === 0)
        problems.push(
          'no carrier has credentials: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TELNYX_API_KEY and TELNYX_CONNECTION_ID',
        );
      await check('Postgres', async () => {
        const pending = await store.pendingMigrations();
        return pending.length > 0 ? `migrations are not applied: ${pending.join(', ')}` : undefined;
      });
      await check('Temporal', async () => {
        const missing = await missingSearchAttributes(temporal, config.TEMPORAL_NAMESPACE);
        return missing.length > 0 ? `search attributes are missing: ${missing.join(', ')}` : undefined;
      });
      problems.push(...(steward?.problems() ?? []));
      return problems;
    },
    async stop() {
      draining.abort();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await steward?.stop();
      await closed;
    },
    closed,
  };
}

/** Undefined where this worker has no version: by configuration, or because Temporal has no deployments. */
async function versionSteward(
  config: Config,
  bundleCode: string,
  temporal: Connection,
  store: Store,
  log: Logger,
): Promise<VersionSteward | undefined> {
  const mode = config.PATTER_WORKER_VERSIONING;
  if (mode === 'off') return undefined;
  const deployment = new WorkerDeployment(temporal, config.TEMPORAL_NAMESPACE, deploymentName(config));
  if (!(await deployment.state())) {
    log.warn('this Temporal has no worker deployments: calls in progress go on with whichever build is there');
    return undefined;
  }
  return new VersionSteward({
    ...{ deployment, mode, log },
    buildId: buildIdOf(config, bundleCode),
    presence: store.presence,
    clock: systemClock,
  });
}
