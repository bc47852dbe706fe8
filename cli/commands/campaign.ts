import type { Command } from 'commander';
import { formatUsd } from '../../contracts/money';
import { type CampaignCommand, controlCampaign } from '../../control/campaigns/control-campaign';
import { findCampaign, isEnded } from '../../control/campaigns/find-campaign';
import type { CampaignProgress, CampaignRow } from '../../store/store';
import { withControl } from '../open-control';
import { progressLine } from '../progress-bar';
import { estimatedPart } from '../render-report';
import { type TenantOptions, tenantNamed, withTenant } from '../tenant';
import { processTerminal, type Terminal, table } from '../terminal';
import { checkCampaignFile } from './check-campaign';
import { addContactOptions, type ContactOptions, positiveInteger, positiveNumber } from './contact-options';
import { printReport, type RunOptions, runCampaign } from './run-campaign';

/** `patter campaign …` */
export function register(program: Command): void {
  const campaign = program.command('campaign').description('run, steer and report campaigns');
  addContactOptions(withTenant(campaign.command('run')).argument('<file>', 'campaign file (YAML)'))
    .description('import the contacts, call them, follow, report; attaches when the campaign is under way')
    .option('--json', 'print the report as JSON, and nothing else on stdout')
    .option('--detach', 'return as soon as the campaign is under way')
    .option('--no-start', 'fail when no stack is up, instead of starting one')
    .action((file: string, options: RunOptions) => runCampaign(file, options, processTerminal()));
  addContactOptions(withTenant(campaign.command('check')).argument('<file>', 'campaign file (YAML)'))
    .description('say who would be called and who not, why, and what it may cost; dials nobody')
    .option('--json', 'print JSON')
    .action((file: string, options: ContactOptions & TenantOptions & { json?: boolean }) =>
      checkCampaignFile(file, options, processTerminal()),
    );
  withTenant(campaign.command('list'))
    .description('all campaigns, the newest first')
    .option('--json', 'print JSON')
    .action((options: JsonOptions) => listCampaigns(options, processTerminal()));
  withTenant(campaign.command('status'))
    .description('where a campaign stands')
    .argument('<campaign>', 'name or id')
    .option('--json', 'print JSON')
    .action((name: string, options: JsonOptions) => showStatus(name, options, processTerminal()));
  withTenant(campaign.command('report'))
    .description('what came of a campaign so far')
    .argument('<campaign>', 'name or id')
    .option('--json', 'print JSON, and nothing else on stdout')
    .action((name: string, options: JsonOptions) =>
      withControl(async (ctx) =>
        printReport(ctx, await findCampaign(ctx.store, name, await tenantNamed(ctx, options)), options.json === true, processTerminal()),
      ),
    );
  const reason = 'asked on the command line';
  steer(campaign, 'pause', 'no new call within a second; calls in progress go on', () => ({ kind: 'pause', reason }));
  steer(campaign, 'resume', 'go on dialling', () => ({ kind: 'resume' }));
  steer(campaign, 'cancel', 'end it for good: who has not been reached ends as canceled', () => ({ kind: 'cancel', reason }));
  steer(campaign, 'edit', 'change pace and limits of a campaign under way', (options: EditOptions & TenantOptions) => ({
    kind: 'edit',
    edit: { cps: options.cps, maxConcurrent: options.maxConcurrent, budgetTotal: options.budget },
  }))
    .option('--cps <n>', 'dial starts per second', positiveNumber)
    .option('--max-concurrent <n>', 'calls in progress at once', positiveInteger)
    .option('--budget <dollars>', 'what all calls together may cost', positiveNumber);
}

interface JsonOptions extends TenantOptions {
  json?: boolean;
}

interface EditOptions {
  cps?: number;
  maxConcurrent?: number;
  budget?: number;
}

function steer<Options extends TenantOptions>(
  parent: Command,
  name: string,
  description: string,
  toCommand: (options: Options) => CampaignCommand,
): Command {
  return withTenant(parent.command(name))
    .description(description)
    .argument('<campaign>', 'name or id')
    .action((campaign: string, options: Options) =>
      withControl(async (ctx) => {
        const row = await controlCampaign(ctx, campaign, toCommand(options), await tenantNamed(ctx, options));
        processTerminal().err(
          `"${row.name}" is ${row.state}${isEnded(row) || row.state !== 'canceled' ? '' : ': its last calls are ending'}.\n`,
        );
      }),
    );
}

function listCampaigns(options: JsonOptions, terminal: Terminal): Promise<void> {
  return withControl(async (ctx) => {
    const campaigns = await ctx.store.campaigns.list(await tenantNamed(ctx, options));
    if (options.json)
      return terminal.out(
        `${JSON.stringify(
          campaigns.map((row) => summary(row)),
          null,
          2,
        )}\n`,
      );
    if (campaigns.length === 0) return terminal.out('No campaign yet. Start one with: patter campaign run <file> --contacts <csv>\n');
    const rows = campaigns.map((row) => [row.name, row.state, row.createdAt.toISOString().slice(0, 16).replace('T', ' '), row.campaignId]);
    terminal.out(`${table([['NAME', 'STATE', 'CREATED (UTC)', 'ID'], ...rows])}\n`);
  });
}

function showStatus(name: string, options: JsonOptions, terminal: Terminal): Promise<void> {
  return withControl(async (ctx) => {
    const campaign = await findCampaign(ctx.store, name, await tenantNamed(ctx, options));
    const progress = await ctx.store.campaigns.progress(campaign.campaignId);
    if (options.json) return terminal.out(`${JSON.stringify({ ...summary(campaign), progress }, null, 2)}\n`);
    const rows = [
      ['Campaign', `${campaign.name} (${campaign.campaignId})`],
      ['State', `${campaign.state}${campaign.stateReason ? `: ${campaign.stateReason}` : ''}`],
      ['Started', campaign.startedAt?.toISOString() ?? 'not yet'],
      ...(campaign.endedAt
        ? [['Ended', campaign.endedAt.toISOString()]]
        : campaign.endsAt
          ? [['Ends', campaign.endsAt.toISOString()]]
          : []),
      ['Pace', `${campaign.cps} starts a second, ${campaign.maxConcurrent} calls at once`],
      [
        'Cost',
        `${formatUsd(progress.costMicros)}${campaign.budgetMicros === null ? '' : ` of ${formatUsd(campaign.budgetMicros)}`}${estimatedPart(progress.estimatedCalls)}`,
      ],
      ...nextDial(campaign, progress),
    ];
    terminal.out(`${table(rows)}\n${progressLine({ campaign, progress, final: false }, 30)}\n`);
  });
}

function nextDial(campaign: CampaignRow, progress: CampaignProgress): string[][] {
  if (campaign.state !== 'running' || progress.nextDueAt === null) return [];
  return [['Next dial', progress.nextDueAt.toISOString()]];
}

function summary(row: CampaignRow): Record<string, unknown> {
  const { campaignId, name, state, stateReason, createdAt, startedAt, endsAt, endedAt } = row;
  return { campaignId, name, state, stateReason, createdAt, startedAt, endsAt, endedAt };
}
