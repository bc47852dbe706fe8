/** `patter replay`: does this build still understand what the server is in the middle of? Run it before a deploy. */
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { Command } from 'commander';
import { parseDurationMs } from '../../contracts/duration';
import { PatterError } from '../../contracts/errors';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { connectClient, dataConverterFor } from '../../runtime/temporal';
import { workflowBundle } from '../../worker/workflow-bundle';
import { printJson } from '../output';

/** All that `workflows/index.ts` exports; a test holds the two together. */
export const WORKFLOW_TYPES = [
  'call',
  'callbacks',
  'campaign',
  'postCall',
  'reconcilePrices',
  'recordOptOut',
  'recordPrice',
  'recording',
  'retention',
  'scheduled',
  'sweepLines',
];
/** Workflow types are names of functions; in a query nothing else may come through. */
const TYPE_NAME = /^[\w$]{1,100}$/;

export interface ReplayReport {
  since: string;
  replayed: number;
  /** Workflows that this build would break on. */
  failed: { workflowId: string; runId: string; error: string }[];
}

interface ReplayOptions {
  since: string;
  limit: string;
  json?: boolean;
  /** File of the developer's own. */
  workflows?: string;
  /** Its workflow types. */
  type: string[];
}

export function register(program: Command): void {
  program
    .command('replay')
    .description("replay the server's recent workflow histories on this build; exits 1 when one does not fit")
    .option('--since <duration>', 'how far back to look, as in 7d or 12h', '7d')
    .option('--limit <n>', 'at most so many histories, the newest first', '1000')
    .option('--workflows <file>', 'your own workflows too, as `patter worker --workflows` has them')
    .option('--type <name...>', 'which of your own workflow types to replay', [])
    .option('--json', 'print the result as JSON, and nothing else on stdout')
    .action(async (options: ReplayOptions) => {
      const report = await replayRecent(options);
      if (options.json) printJson(report);
      else process.stdout.write(words(report));
      if (report.failed.length > 0) process.exitCode = 1;
    });
}

async function replayRecent(options: ReplayOptions): Promise<ReplayReport> {
  const sinceMs = parseDurationMs(options.since);
  const limit = Number(options.limit);
  if (sinceMs === undefined || !Number.isInteger(limit) || limit < 1) {
    throw new PatterError('PATTER_CONFIG_INVALID', 'Write --since as a duration (7d, 12h) and --limit as a number above zero.');
  }
  const own = options.type.find((type) => !TYPE_NAME.test(type));
  if (own !== undefined || (options.workflows === undefined) !== (options.type.length === 0)) {
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      'Write --workflows ./my-workflows.ts together with --type and the names of its workflows.',
    );
  }
  const config = loadConfig();
  // The core writes to stdout unless its log is forwarded: there it would stand before the JSON.
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} } },
  });
  const client = await connectClient(config);
  try {
    const since = new Date(Date.now() - sinceMs).toISOString();
    const types = [...WORKFLOW_TYPES, ...options.type].map((type) => `'${type}'`).join(', ');
    const report: ReplayReport = { since, replayed: 0, failed: [] };
    const recent = async function* () {
      let taken = 0;
      for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowType IN (${types}) AND StartTime > '${since}'` })) {
        if (taken++ >= limit) return;
        yield { workflowId, history: await client.workflow.getHandle(workflowId, runId).fetchHistory() };
      }
    };
    const dataConverter = dataConverterFor(config);
    const log = createLogger('replay', config.PATTER_LOG_LEVEL);
    const bundle = await workflowBundle(config.PATTER_HOME, log, dataConverter.failureConverterPath, options.workflows);
    const replays = Worker.runReplayHistories({ workflowBundle: bundle, dataConverter }, recent());
    for await (const { workflowId, runId, error } of replays) {
      report.replayed++;
      if (error) report.failed.push({ workflowId, runId, error: error.message });
    }
    return report;
  } finally {
    await client.connection.close();
  }
}

function words({ since, replayed, failed }: ReplayReport): string {
  const head = `${replayed} workflow histories since ${since}: `;
  if (failed.length === 0) return `${head}all replay on this build.\n`;
  const lines = failed.map(({ workflowId, error }) => `  ${workflowId}: ${error.split('\n')[0]}\n`).join('');
  return `${head}${failed.length} do not replay on this build. Do not deploy it.\n${lines}`;
}
