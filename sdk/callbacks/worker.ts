/** The Temporal worker of an app's own task queue: activities only, in the process that has the developer's functions. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { appTaskQueue } from '../../contracts/app-queue';
import type { CallbackActivities } from '../../contracts/callbacks';
import { type Clock, systemClock } from '../../contracts/clock';
import type { Config } from '../../runtime/config';
import type { Logger } from '../../runtime/log';
import { connectNative, dataConverterFor } from '../../runtime/temporal';
import { installTemporalRuntime } from '../../worker/temporal-runtime';
import { CallbacksBusy } from './call-queue';
import { type CallbackDispatcher, CallbacksUnknown } from './dispatcher';

export interface CallbackWorkerOptions {
  config: Config;
  app: string;
  dispatcher: Pick<CallbackDispatcher, 'finish'>;
  /** More that is done on this queue: `runTool` of durable handlers. */
  // biome-ignore lint/suspicious/noExplicitAny: activities of any shape, as Temporal's own type has them
  activities?: Readonly<Record<string, (...args: any[]) => Promise<unknown>>>;
  /** @default one of its own, closed with the worker */
  connection?: NativeConnection;
  clock?: Clock;
  log: Logger;
}

export interface CallbackWorker {
  /** Resolves when what was under way has ended, or was given back to Temporal. */
  stop(): Promise<void>;
  /** Rejects when the worker has died by itself. */
  readonly closed: Promise<void>;
}

const CALLBACKS_AT_ONCE = 100;
const HEARTBEAT_MS = 3_000;
const GRACE_MS = 10_000;

/** Starts late without harm: what waits on the queue is done then. */
export async function createCallbackWorker(options: CallbackWorkerOptions): Promise<CallbackWorker> {
  const { config, app, dispatcher, log, clock = systemClock } = options;
  installTemporalRuntime(log);
  const connection = options.connection ?? (await connectNative(config));
  const closeOwn = async () => {
    if (!options.connection) await connection.close();
  };
  const own: CallbackActivities = {
    deliverCallbacks: (input) => whileBeating(clock, () => dispatcher.finish(input).catch(withoutWords)),
  };
  let worker: Worker;
  try {
    worker = await Worker.create({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      taskQueue: appTaskQueue(app),
      activities: { ...options.activities, ...own },
      dataConverter: dataConverterFor(config),
      maxConcurrentActivityTaskExecutions: CALLBACKS_AT_ONCE,
      shutdownGraceTime: GRACE_MS,
    });
  } catch (error) {
    await closeOwn();
    throw error;
  }
  const closed = worker.run().finally(closeOwn);
  closed.catch(() => undefined);
  return {
    closed,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await closed;
    },
  };
}

/** What a developer's function throws may quote what a person said: it stays in the log of this process, and out of Temporal's histories. */
function withoutWords(error: unknown): never {
  const kind = error instanceof Error ? error.name : typeof error;
  throw ApplicationFailure.create({
    message:
      error instanceof CallbacksUnknown || error instanceof CallbacksBusy
        ? error.message
        : `a callback failed (${kind}); the log of the process says more`,
    type: 'CallbackFailed',
    // Nothing has gone wrong where a call of another program of this folder waits for its agent: no warning at every try.
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** So that a process that dies in a callback is noticed within seconds. */
async function whileBeating(clock: Clock, work: () => Promise<void>): Promise<void> {
  const context = Context.current();
  let cancel = () => {};
  const beat = () => {
    context.heartbeat();
    cancel = clock.after(HEARTBEAT_MS, beat);
  };
  beat();
  try {
    await work();
  } finally {
    cancel();
  }
}
