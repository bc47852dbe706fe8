/** `patter demo`: the main job from end to end on this machine, with no key and no account. */
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CarrierName } from '../../contracts/carrier';
import { systemClock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import { buildReport, writeReport } from '../../control/campaigns/campaign-report';
import { importDnc } from '../../control/campaigns/dnc';
import { loadCampaignFile } from '../../control/campaigns/load-campaign-file';
import { reportPaths } from '../../control/campaigns/report-paths';
import { startCampaign } from '../../control/campaigns/start-campaign';
import { type ControlContext, openControlContext } from '../../control/context';
import { compareReportWithLedger } from '../../lab/compare-report';
import type { LedgerSnapshot } from '../../lab/ledger';
import { type Config, loadConfig } from '../../runtime/config';
import { homePaths } from '../../runtime/home';
import { removeLocalPostgres } from '../../runtime/local-postgres';
import { createLogger } from '../../runtime/log';
import type { CampaignRow } from '../../store/store';
import { renderReport } from '../render-report';
import { reportViewOf } from '../report-view';
import { isStackRunning, type Stack, startStack } from '../stack';
import { processTerminal, spokenDuration, styler, type Terminal } from '../terminal';
import { type DemoCalls, playDemoCalls } from './demo-calls';
import { followToEnd, importSentence, whereToLook } from './run-campaign';

/** A Tuesday afternoon in London, morning in Los Angeles, night in Tokyo: the windows are the same at any hour of any day. */
const REHEARSE_AT = '2026-03-10T16:00:00Z';
const BAUD = 600;
const LEDGER_DEADLINE_MS = 10_000;

interface DemoOptions {
  json?: boolean;
  keep?: boolean;
  baud?: number;
}

export function register(program: Command): void {
  program
    .command('demo')
    .description('watch a campaign call forty people of the lab: no key, no account, no real phone')
    .option('--json', 'print the report as JSON, and nothing else on stdout')
    .option('--keep', 'leave everything up for a look, until Ctrl-C')
    .option('--baud <n>', "speed of the lab's voices", Number, BAUD)
    .addHelpText(
      'after',
      `
Runs examples/reminder in a home of its own (PATTER_HOME/demo); at the same time somebody calls the line of examples/inbound, and
examples/telnyx calls five more people over another carrier. Compares what is reported with what the simulated phone network saw, and leaves only
the report and the logs behind.`,
    )
    .action(async (options: DemoOptions) => {
      await runDemo(options, processTerminal());
      // The Temporal client's native side keeps handles for a while.
      process.exit(0);
    });
}

async function runDemo(options: DemoOptions, terminal: Terminal): Promise<void> {
  const begunAt = systemClock.monotonic();
  const examples = examplesFolder();
  const config = demoConfig();
  const home = config.PATTER_HOME;
  if (isStackRunning(home)) {
    throw new PatterError('PATTER_PROCESS_FAILED', `A demo runs in ${home} already. PATTER_HOME=${home} patter down ends it.`);
  }
  await removeLocalPostgres(home);
  rmSync(home, { recursive: true, force: true });

  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);

  terminal.err('Starting Temporal, Postgres, a worker, two gateways, the control API and the lab …\n');
  const stack = await startStack({
    config,
    lab: { scenario: join(examples, 'reminder', 'people.yaml'), seed: 1, baud: options.baud },
    gateways: 2,
    log: createLogger('demo', 'error'),
    tell: (line) => terminal.err(`  ${line}\n`),
    onEvent: (event) => {
      if (event.kind === 'died') terminal.err(`  ${event.role} died; starting again in ${event.restartInMs} ms\n`);
    },
  });
  try {
    terminal.err(`Ready after ${spokenDuration(systemClock.monotonic() - begunAt)}.\n`);
    const ctx = await openControlContext(stack.config, createLogger('demo', 'error'));
    try {
      await runExamples(ctx, stack, examples, options, terminal, interrupted.signal);
    } finally {
      await ctx.close();
    }
    if (options.keep && !interrupted.signal.aborted) await waitForLook(stack, terminal, interrupted.signal);
  } finally {
    await stack.stop();
    await cleanUp(home);
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, onSignal);
  }
  terminal.err(`Everything is stopped. The demo took ${spokenDuration(systemClock.monotonic() - begunAt)}.\n`);
}

async function runExamples(
  ctx: ControlContext,
  stack: Stack,
  examples: string,
  options: DemoOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  // Both to their end, whatever becomes of the other: nothing may go on behind a stack that is being stopped.
  const [reminder, besides] = await Promise.allSettled([
    runReminder(ctx, stack, join(examples, 'reminder'), terminal),
    playDemoCalls(ctx, stack, examples, signal),
  ]);
  if (signal.aborted) throw interruption();
  if (reminder.status === 'rejected') throw reminder.reason;
  if (besides.status === 'rejected') throw besides.reason;
  await showReport(ctx, stack, reminder.value, besides.value, options, terminal);
}

async function runReminder(ctx: ControlContext, stack: Stack, example: string, terminal: Terminal): Promise<CampaignRow> {
  const spec = await loadCampaignFile(join(example, 'campaign.yaml'), {
    LAB_URL: stack.labUrl,
    CRM_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
  });
  for (const webhook of spec.postCall.webhooks) {
    // The lab verifies what it receives by the secret in the address: it is told no other way.
    if (webhook.secret) webhook.url += `?secret=${encodeURIComponent(webhook.secret)}`;
  }
  await importDnc({ store: ctx.store, now: ctx.clock.now() }, join(example, 'do-not-call.csv'), 'asked in writing');
  const started = await startCampaign(ctx, { spec, contactsFile: join(example, 'contacts.csv') });
  if (started.imported) terminal.err(`${importSentence(started.imported)}\n`);
  terminal.err(`Calling, as if it were ${REHEARSE_AT.slice(0, 16).replace('T', ' ')} UTC, so that nobody's hour depends on yours.\n`);

  const last = await followToEnd(ctx, started.campaign, terminal);
  if (!last?.final) throw interruption();
  return last.campaign;
}

function interruption(): PatterError {
  return new PatterError('PATTER_CAMPAIGN_STATE', 'The demo was interrupted before the campaign had ended.');
}

/** Prints the report, and says whether it is the truth. */
async function showReport(
  ctx: ControlContext,
  stack: Stack,
  campaign: CampaignRow,
  calls: DemoCalls,
  options: DemoOptions,
  terminal: Terminal,
): Promise<void> {
  const paths = reportPaths(ctx.config.PATTER_HOME, campaign);
  await writeReport(ctx.store, campaign, paths.report);
  const report = await buildReport(ctx.store, campaign);
  const ledger = await readLedger(stack);
  const ledgerFile = join(paths.folder, 'ledger.json');
  writeFileSync(ledgerFile, `${JSON.stringify(ledger, null, 2)}\n`);
  if (options.json) terminal.out(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const look = whereToLook(ctx, campaign, report.rejected.length > 0).filter(({ what }) => options.keep || what !== 'Temporal');
    const where = [...look, { what: "Phone network's ledger", place: ledgerFile }];
    if (!options.keep) where.push({ what: 'Every workflow', place: 'npm run demo -- --keep leaves the web UI of Temporal up' });
    terminal.out(`\n${renderReport(reportViewOf(report), { color: terminal.color, columns: terminal.columns, where })}`);
  }
  const problems = [
    ...compareReportWithLedger(report, ledgerOf(ledger, 'twilio')),
    ...compareReportWithLedger(calls.telnyx, ledgerOf(ledger, 'telnyx')),
  ];
  if (problems.length > 0) {
    throw new PatterError(
      'PATTER_PROCESS_FAILED',
      `The report does not agree with what the phone network saw:\n  ${problems.join('\n  ')}\nThe logs are in ${homePaths(ctx.config.PATTER_HOME).logs}.`,
      { details: { problems } },
    );
  }
  const rings = ledger.calls.filter((call) => call.rings.length > 0).length;
  const paint = styler(terminal.color);
  terminal.err(`\n${besides(calls)}`);
  terminal.err(
    `\n${paint('green', '✓')} All of it agrees with the phone network's own ledger: ${rings} phones rang, none twice for one attempt,\n` +
      `  and ${ledger.webhooks.length} webhooks arrived, each once and with a good signature.\n`,
  );
}

/** The campaigns are told apart by their carriers; only the first one has webhooks. */
function ledgerOf(ledger: LedgerSnapshot, carrier: CarrierName): LedgerSnapshot {
  return {
    ...ledger,
    calls: ledger.calls.filter((call) => call.carrier === carrier),
    webhooks: carrier === 'twilio' ? ledger.webhooks : [],
  };
}

/** What else happened, for a person. */
function besides({ inbound, telnyx }: DemoCalls): string {
  const outcomes = Object.entries(telnyx.outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  return [
    'At the same time:',
    `  ${telnyx.results.length} people were called over Telnyx, by an agent of Deepgram, OpenAI and ElevenLabs: ${outcomes.join(', ')}.`,
    `  ${inbound.from} called ${inbound.to} and was answered (${inbound.outcome}):`,
    ...inbound.turns.map(({ role, text }) => `    ${role === 'assistant' ? 'agent ' : 'caller'}  ${text}`),
    '',
  ].join('\n');
}

async function readLedger(stack: Stack): Promise<LedgerSnapshot> {
  const response = await fetch(`${stack.labUrl}/lab/ledger`, { signal: AbortSignal.timeout(LEDGER_DEADLINE_MS) });
  return (await response.json()) as LedgerSnapshot;
}

async function waitForLook(stack: Stack, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const rows = [
    ['Temporal UI', stack.uiUrl ?? ''],
    ['Lab ledger', `${stack.labUrl}/lab/ledger`],
    ...Object.entries(stack.urls()).map(([role, urls]) => [role, Object.values(urls)[0] ?? '']),
  ];
  terminal.err(
    `\nEverything is up:\n${rows.map(([what, where]) => `  ${(what ?? '').padEnd(12)} ${where}`).join('\n')}\nCtrl-C stops it.\n`,
  );
  await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
}

/** Its own home beside the user's, and nothing of the user's keys and addresses. */
function demoConfig(): Config {
  const { PATTER_HOME } = loadConfig();
  const env = {
    PATTER_HOME: join(PATTER_HOME, 'demo'),
    PATTER_REHEARSE_AT: REHEARSE_AT,
    TWILIO_BASE_URL: 'http://127.0.0.1:9',
    PATTER_LOG_LEVEL: 'info',
  };
  const demo = loadConfig(env, join(__dirname));
  return { ...demo, PATTER_HOME: resolve(env.PATTER_HOME), PATTER_GATEWAY_PORT: 0, PATTER_CONTROL_PORT: 0 };
}

function examplesFolder(): string {
  for (const up of ['../..', '../../..']) {
    const folder = join(__dirname, up, 'examples');
    if (existsSync(join(folder, 'reminder'))) return folder;
  }
  throw new PatterError('PATTER_CAMPAIGN_FILE_INVALID', 'examples/reminder is missing from this installation.');
}

/** Reports and logs stay, everything else goes. */
async function cleanUp(home: string): Promise<void> {
  await removeLocalPostgres(home);
  for (const left of ['temporal', 'run', 'spool', 'secret-key']) rmSync(join(home, left), { recursive: true, force: true });
}
