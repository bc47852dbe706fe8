/** A worker with the product's workflows on Temporal's time-skipping server. The activities are doubles: they are the workflows' border. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AsyncCompletionClient, type Client, type WorkflowHandle } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  type NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import type { Activities } from '../../contracts/activities';
import { startTestTemporal } from '../support/temporal';
import { startTimeSkipping } from '../support/time-skipping';

export interface Bench {
  readonly client: Client;
  readonly completion: AsyncCompletionClient;
  readonly taskQueue: string;
  /** Runs one worker with these activities for as long as `test` takes. */
  run(activities: Partial<Activities>, test: () => Promise<void>): Promise<void>;
  /** A worker that the test itself shuts down. */
  worker(activities: Partial<Activities>): Promise<Worker>;
  stop(): Promise<void>;
}

let bundle: Promise<WorkflowBundle> | undefined;

export function workflowBundle(): Promise<WorkflowBundle> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: join(__dirname, '../../workflows/index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}

/** Where time is skipped; undefined, with the reason on stderr, where that server is to be had from nowhere. */
export async function startBench(): Promise<Bench | undefined> {
  quiet();
  const started = await startTimeSkipping();
  if ('unavailable' in started) {
    process.stderr.write(`workflow tests are skipped: ${started.unavailable}\n`);
    return undefined;
  }
  const { environment } = started;
  const attributes = {
    PatterTenantId: SearchAttributeType.KEYWORD,
    PatterCampaignId: SearchAttributeType.KEYWORD,
    PatterOutcome: SearchAttributeType.KEYWORD,
  };
  await registerSearchAttributes(environment, Object.keys(attributes));
  return benchOn(environment.client, environment.nativeConnection, environment.namespace ?? 'default', () => environment.teardown());
}

/** On the real server, where events are counted as in production. */
export async function startRealBench(): Promise<Bench> {
  quiet();
  const server = await startTestTemporal();
  const environment = await TestWorkflowEnvironment.createFromExistingServer({ address: server.address, namespace: server.namespace });
  return benchOn(environment.client, environment.nativeConnection, server.namespace, () => environment.teardown());
}

function quiet(): void {
  try {
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
    });
  } catch {
    // Installed by another bench of this file.
  }
}

async function registerSearchAttributes(environment: TestWorkflowEnvironment, names: string[]): Promise<void> {
  const KEYWORD = 2;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(names.map((name) => [name, KEYWORD])),
  });
}

function benchOn(client: Client, connection: NativeConnection, namespace: string, stop: () => Promise<void>): Bench {
  const taskQueue = `test-${randomBytes(6).toString('hex')}`;
  const worker = async (activities: Partial<Activities>) =>
    Worker.create({
      connection,
      namespace,
      taskQueue,
      activities,
      workflowBundle: await workflowBundle(),
      stickyQueueScheduleToStartTimeout: '1s',
      shutdownGraceTime: '100ms',
    });
  return {
    client,
    completion: new AsyncCompletionClient({ connection: client.connection, namespace }),
    taskQueue,
    worker,
    async run(activities, test) {
      await (await worker(activities)).runUntil(test);
    },
    stop,
  };
}

/** With PATTER_RECORD_HISTORIES set, the workflow's history becomes one of those that every later version must be able to replay. */
export async function recordHistory(handle: WorkflowHandle, name: string): Promise<void> {
  if (!process.env.PATTER_RECORD_HISTORIES) return;
  const folder = join(__dirname, '../replay/histories');
  mkdirSync(folder, { recursive: true });
  // Stack traces name the folder in which it was recorded.
  const json = historyToJSON(await handle.fetchHistory()).replaceAll(`${resolve(__dirname, '../..')}/`, '');
  writeFileSync(join(folder, `${name}.json`), `${json}\n`);
}
