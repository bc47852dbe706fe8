import type { Command } from 'commander';
import { createCarriers, requireCarrier } from '../../carriers';
import { CARRIERS, type CarrierName } from '../../contracts/carrier';
import { isEstimated } from '../../contracts/carrier-price';
import { systemClock } from '../../contracts/clock';
import { isPatterError, PatterError } from '../../contracts/errors';
import { formatUsd } from '../../contracts/money';
import type { ControlContext } from '../../control/context';
import { configureNumber, findLine, lineCalls, removeLine, setLine } from '../../control/lines/lines';
import { loadLineFile } from '../../control/lines/load-line-file';
import { priceView } from '../../policy/price-view';
import { CredentialVault } from '../../runtime/credential-vault';
import { withControl } from '../open-control';
import { type TenantOptions, tenantNamed, withTenant } from '../tenant';
import { processTerminal, type Terminal, table } from '../terminal';

interface Options extends TenantOptions {
  json?: boolean;
  force?: boolean;
  carrier?: string;
  limit: string;
}

/** `patter numbers …`: inbound lines, and where the carrier sends the calls of a number. */
export function register(program: Command): void {
  const numbers = program.command('numbers').description('phone numbers that an agent answers');
  const command = (name: string, description: string) =>
    withTenant(numbers.command(name)).description(description).option('--json', 'print JSON');
  const terminal = processTerminal();

  command('list', 'the numbers that have a line').action((options: Options) => withControl((ctx) => list(ctx, options, terminal)));

  command('set', 'let the agent of a line file answer its number; a changed file holds from the next call on')
    .argument('<file>', 'YAML, see docs/inbound.md')
    .action(async (file: string, options: Options) => {
      const spec = await loadLineFile(file);
      await withControl(async (ctx) => {
        const { how, line, notes } = await setLine(ctx, spec, await tenantNamed(ctx, options));
        const { number, name, carrier, campaignId } = line;
        if (options.json) return printJson(terminal, { how, number, name, carrier, campaignId, notes });
        for (const note of notes) terminal.err(`${note}\n`);
        terminal.out(`${number} is answered by "${name}" (${how === 'made' ? 'new' : 'changed'}).\n`);
        if (how === 'made') terminal.err(`Its calls come here once the carrier is told: patter numbers configure ${number}\n`);
      });
    });

  command('remove', 'take the line of a number away; the records of its calls stay')
    .argument('<number>')
    .action((number: string, options: Options) =>
      withControl(async (ctx) => {
        const removed = await removeLine(ctx, number, await tenantNamed(ctx, options));
        if (options.json) return printJson(terminal, removed);
        terminal.out(`${removed.number} has no line any more. The carrier still sends its calls here, where they are refused.\n`);
      }),
    );

  command('configure', 'tell the carrier to send the calls of a number here')
    .argument('<number>')
    .option('--force', 'also where it sends them to something else now')
    .option('--carrier <name>', 'twilio or telnyx (default: that of the number’s line)')
    .action((number: string, options: Options) =>
      withControl(async (ctx) => {
        const tenantId = await tenantNamed(ctx, options);
        const accounts = await new CredentialVault(ctx.store.credentials, ctx.config, ctx.clock).of(tenantId);
        const name = await carrierNameOf(ctx, number, options.carrier, tenantId);
        const carrier = requireCarrier(createCarriers({ ...ctx.config, ...accounts }), name);
        const publicUrls = await publicUrlsOf(ctx);
        const done = await configureNumber(carrier, { number, publicUrls, force: options.force === true });
        if (options.json) return printJson(terminal, { ...done, carrier: carrier.name, publicUrl: publicUrls[0] });
        if (done.how === 'already') return terminal.out(`${done.number} sends its calls here already.\n`);
        terminal.out(`${done.number} sends its calls to ${publicUrls[0]} now${done.before ? `, and no longer to ${done.before}` : ''}.\n`);
        if (done.alsoMoved) terminal.err(`So does ${done.alsoMoved}: ${carrier.name} keeps one address for all of them.\n`);
      }),
    );

  command('calls', 'the latest calls to a number, with what became of them')
    .argument('<number>')
    .option('--limit <n>', 'how many', '20')
    .action((number: string, options: Options) => withControl((ctx) => showCalls(ctx, number, options, terminal)));
}

async function list(ctx: ControlContext, options: Options, terminal: Terminal): Promise<void> {
  const lines = await ctx.store.lines.list(await tenantNamed(ctx, options));
  if (options.json) {
    return printJson(
      terminal,
      lines.map(({ number, name, carrier, campaignId, updatedAt }) => ({ number, name, carrier, campaignId, updatedAt })),
    );
  }
  if (lines.length === 0) return terminal.out('No line yet. Make one with: patter numbers set <file>\n');
  const rows = lines.map(({ number, name, carrier, spec, updatedAt }) => [
    number,
    name,
    carrier,
    spec.agent.engine.type,
    minute(updatedAt),
  ]);
  terminal.out(`${table([['NUMBER', 'LINE', 'CARRIER', 'ENGINE', 'CHANGED (UTC)'], ...rows])}\n`);
}

async function showCalls(ctx: ControlContext, number: string, options: Options, terminal: Terminal): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    throw new PatterError('PATTER_CONFIG_INVALID', '--limit is a number from 1 to 1000');
  const { calls } = await lineCalls(ctx, number, limit, await tenantNamed(ctx, options));
  if (options.json) {
    return printJson(
      terminal,
      calls.map((call) => ({
        callId: call.callId,
        from: call.toNumber,
        to: call.fromNumber,
        startedAt: call.createdAt,
        answeredAt: call.answeredAt,
        endedAt: call.endedAt,
        outcome: call.outcome,
        reason: call.reason,
        transferredTo: call.transferredTo,
        summary: call.summary,
        costMicros: call.costMicros,
        costEstimated: isEstimated(call.priceState),
        carrierPrice: priceView(call),
      })),
    );
  }
  if (calls.length === 0) return terminal.out('Nobody has called yet.\n');
  const rows = calls.map((call) => [
    minute(call.createdAt),
    call.toNumber,
    call.outcome ?? 'under way',
    call.answeredAt && call.endedAt ? `${Math.max(0, Math.round((call.endedAt.getTime() - call.answeredAt.getTime()) / 1_000))} s` : '',
    call.outcome ? formatUsd(call.costMicros) : '',
    call.reason ?? '',
  ]);
  terminal.out(`${table([['CALLED (UTC)', 'FROM', 'OUTCOME', 'TALK', 'COST', 'REASON'], ...rows], [3, 4])}\n`);
}

async function carrierNameOf(ctx: ControlContext, number: string, named: string | undefined, tenantId: string): Promise<CarrierName> {
  if (named !== undefined) {
    if ((CARRIERS as readonly string[]).includes(named)) return named as CarrierName;
    throw new PatterError('PATTER_CONFIG_INVALID', `--carrier is one of ${CARRIERS.join(', ')}`);
  }
  try {
    return (await findLine(ctx, number, tenantId)).carrier;
  } catch (error) {
    if (!isPatterError(error, 'PATTER_LINE_NOT_FOUND')) throw error;
    throw new PatterError('PATTER_LINE_NOT_FOUND', `${number} has no line that names its carrier: make one first, or give --carrier.`, {
      cause: error,
    });
  }
}

/** As configured; on one machine with a lab, what the gateways that live have registered. */
async function publicUrlsOf(ctx: ControlContext): Promise<readonly string[]> {
  if (ctx.config.PATTER_PUBLIC_URL) return ctx.config.PATTER_PUBLIC_URL;
  const live = await ctx.store.gateways.live(new Date(systemClock.now()));
  return [...new Set(live.map(({ publicUrl }) => publicUrl))].sort();
}

function minute(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ');
}

function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}
