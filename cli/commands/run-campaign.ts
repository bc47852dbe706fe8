import { reportJson, writeReport } from '../../control/campaigns/campaign-report';
import { type CampaignSnapshot, followCampaign } from '../../control/campaigns/follow';
import type { ImportSummary } from '../../control/campaigns/import-contacts';
import { loadCampaignFile } from '../../control/campaigns/load-campaign-file';
import { reportPaths } from '../../control/campaigns/report-paths';
import { type StartedCampaign, startCampaign } from '../../control/campaigns/start-campaign';
import type { ControlContext } from '../../control/context';
import { findLocalTemporal } from '../../runtime/local-temporal';
import type { CampaignRow } from '../../store/store';
import { type OpenedControl, openControl, openOrStartControl } from '../open-control';
import { ProgressBar } from '../progress-bar';
import { renderReport } from '../render-report';
import { readReportView } from '../report-view';
import { type TenantOptions, tenantNamed } from '../tenant';
import type { Terminal } from '../terminal';
import type { ContactOptions } from './contact-options';

export interface RunOptions extends ContactOptions, TenantOptions {
  json?: boolean;
  detach?: boolean;
  /** False with `--no-start`. */
  start: boolean;
}

/** `patter campaign run`: imports, starts or attaches, follows, reports. */
export async function runCampaign(file: string, options: RunOptions, terminal: Terminal): Promise<void> {
  // Before anything is started: a wrong file must cost nothing.
  const spec = await loadCampaignFile(file);
  const opened: OpenedControl = options.start ? await openOrStartControl(terminal) : { ctx: await openControl() };
  const { ctx, stack } = opened;
  let detached = false;
  try {
    const started = await startCampaign(ctx, {
      spec,
      tenantId: await tenantNamed(ctx, options),
      contactsFile: options.contacts,
      region: options.region,
      only: options.only,
      limit: options.limit,
      onImportProgress: (rows) => {
        if (terminal.interactive) terminal.err(`\r\u001b[2KReading contacts: ${rows}`);
      },
    });
    if (terminal.interactive) terminal.err('\r\u001b[2K');
    announce(started, terminal);
    await warnWithoutWorker(ctx, terminal);
    const of = options.tenant === undefined ? '' : ` --tenant ${options.tenant}`;
    const back = `patter campaign run ${file} --contacts ${options.contacts}${of}`;
    const last = options.detach ? undefined : await followToEnd(ctx, started.campaign, terminal);
    if (last?.final) {
      await finish(ctx, last.campaign, options.json === true, terminal);
      return;
    }
    detached = true;
    terminal.err(
      `\nThe campaign goes on without this terminal. Come back with\n  ${back}\nor look at it with\n  patter campaign status ${spec.name}${of}\n`,
    );
    if (stack) terminal.err('The stack that was started for it stays up; end it with\n  patter down\n');
  } finally {
    await ctx.close();
    if (stack && !detached) await stack.stop();
  }
  // The supervisor would keep this process alive; what it started lives on without it.
  if (stack) process.exit(0);
}

function announce({ campaign, how, imported, notes }: StartedCampaign, terminal: Terminal): void {
  if (how === 'attached') terminal.err(`Attached to "${campaign.name}", under way since ${campaign.startedAt?.toISOString()}.\n`);
  else terminal.err(`Started "${campaign.name}" (${campaign.campaignId}).\n`);
  if (imported) terminal.err(`${importSentence(imported)}\n`);
  for (const note of notes) terminal.err(`${note}\n`);
  if (campaign.windowOffsetMs !== 0) terminal.err('Rehearsal: calling windows are judged by the clock of PATTER_REHEARSE_AT.\n');
}

export function importSentence({ total, imported, duplicates, rejected, rejectsFile }: ImportSummary): string {
  const where = rejectsFile ? `, see ${rejectsFile}` : '';
  return `${imported} contacts from ${total} rows: ${duplicates} duplicates merged, ${rejected} rejected${where}.`;
}

async function warnWithoutWorker(ctx: ControlContext, terminal: Terminal): Promise<void> {
  try {
    const { pollers } = await ctx.temporal.withDeadline(ctx.clock.now() + 3_000, () =>
      ctx.temporal.workflowService.describeTaskQueue({
        namespace: ctx.config.TEMPORAL_NAMESPACE,
        taskQueue: { name: ctx.config.PATTER_TASK_QUEUE },
        taskQueueType: 1,
      }),
    );
    if (pollers && pollers.length === 0) terminal.err('No worker is up: nobody is called until `patter worker` (or `patter dev`) runs.\n');
  } catch {
    // Only a hint: a server that does not answer this will be noticed by what matters.
  }
}

/** Until the campaign is over, or Ctrl-C. */
export async function followToEnd(ctx: ControlContext, campaign: CampaignRow, terminal: Terminal): Promise<CampaignSnapshot | undefined> {
  const detach = new AbortController();
  const onInterrupt = () => detach.abort();
  process.once('SIGINT', onInterrupt);
  const bar = new ProgressBar(terminal, () => ctx.clock.monotonic());
  let last: CampaignSnapshot | undefined;
  try {
    for await (const snapshot of followCampaign(ctx, campaign.campaignId, { signal: detach.signal })) {
      last = snapshot;
      bar.show(snapshot);
    }
    return last;
  } finally {
    bar.clear();
    process.removeListener('SIGINT', onInterrupt);
  }
}

async function finish(ctx: ControlContext, campaign: CampaignRow, json: boolean, terminal: Terminal): Promise<void> {
  const paths = reportPaths(ctx.config.PATTER_HOME, campaign);
  await writeReport(ctx.store, campaign, paths.report);
  await printReport(ctx, campaign, json, terminal);
}

/** JSON and nothing else on stdout, or the report for a person. */
export async function printReport(ctx: ControlContext, campaign: CampaignRow, json: boolean, terminal: Terminal): Promise<void> {
  if (json) {
    for await (const text of reportJson(ctx.store, campaign)) terminal.out(text);
    return;
  }
  const view = await readReportView(ctx.store, campaign);
  terminal.out(
    `\n${renderReport(view, { color: terminal.color, columns: terminal.columns, where: whereToLook(ctx, campaign, view.rejected.length > 0) })}`,
  );
}

export function whereToLook(ctx: ControlContext, campaign: CampaignRow, anyRejected: boolean): { what: string; place: string }[] {
  const paths = reportPaths(ctx.config.PATTER_HOME, campaign);
  const uiUrl = findLocalTemporal(ctx.config.PATTER_HOME)?.uiUrl;
  return [
    { what: 'Report', place: paths.report },
    ...(anyRejected ? [{ what: 'Rejected rows', place: paths.rejects }] : []),
    ...(uiUrl ? [{ what: 'Temporal', place: `${uiUrl}/namespaces/${ctx.config.TEMPORAL_NAMESPACE}/workflows` }] : []),
  ];
}
