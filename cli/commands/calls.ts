import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { readStored } from '../../activities/recording/storage';
import { isCallId } from '../../contracts/call-id';
import type { CarrierPriceView } from '../../contracts/carrier-price';
import { PatterError } from '../../contracts/errors';
import { formatUsd, usdToMicros } from '../../contracts/money';
import { getCall, noSuchCall } from '../../control/calls/get-call';
import type { CallSnapshot } from '../../control/calls/snapshot';
import { recordingView } from '../../policy/recording-view';
import { withControl } from '../open-control';
import { printJson } from '../output';
import { type TenantOptions, tenantNamed, withTenant } from '../tenant';
import { processTerminal, spokenDuration, type Terminal, table } from '../terminal';

const COPY_WITHIN_MS = 10 * 60_000;

interface Options {
  out?: string;
  json?: boolean;
}

/** `patter calls …`: one call of any kind. */
export function register(program: Command): void {
  const calls = program.command('calls').description('single calls');
  withTenant(calls.command('show'))
    .description('what is known of a call: what became of it, how long it took, what it cost and by whose word')
    .argument('<callId>', 'as the report has it', callId)
    .option('--json', 'print all that is known, with the transcript, as JSON')
    .action((id: string, options: TenantOptions & { json?: boolean }) =>
      withControl(async (ctx) => {
        const call = await getCall(ctx, id, await tenantNamed(ctx, options));
        if (!call) throw noSuchCall(id);
        show(call, options.json ?? false, processTerminal());
      }),
    );
  calls
    .command('recording')
    .description('copies the recording of a call, or tells what became of it')
    .argument('<callId>', 'as the report has it', callId)
    .option('--out <file>', 'where to; a second recording of the same call gets -2 before the ending (default: <callId>.wav)')
    .option('--json', 'print what is known as JSON, and copy nothing unless --out is given')
    .action((id: string, options: Options) => withControl(({ store }) => copy(store, id, options)));
}

function show(call: CallSnapshot, json: boolean, terminal: Terminal): void {
  if (json) {
    printJson(call);
    return;
  }
  const { answeredAt, carrier, carrierCallId, costEstimated, costUsd, createdAt, durationMs, from, outcome, reason, status, to } = call;
  const rows = [
    ['Call', call.callId],
    ['State', `${outcome ?? status}${reason ? `: ${reason}` : ''}`],
    ['From, to', `${from}, ${to}`],
    ['Began', createdAt],
    ...(answeredAt ? [['Talked', spokenDuration(durationMs ?? 0)]] : []),
    ['Carrier', `${carrier}${carrierCallId ? ` ${carrierCallId}` : ''}`],
    ['Cost', `${formatUsd(usdToMicros(costUsd))}${costEstimated ? ' (estimated)' : ''}`],
    ...call.costLines.map(({ label, usd }) => ['', `${formatUsd(usdToMicros(usd))}  ${label}`]),
    ...priceRow(call.carrierPrice),
    ...(call.summary ? [['Summary', call.summary]] : []),
  ];
  terminal.out(`${table(rows)}\n`);
}

function priceRow({ amount, currency, estimateUsd, state, toldAt }: CarrierPriceView): string[][] {
  const estimate = `we reckoned ${formatUsd(usdToMicros(estimateUsd))}`;
  switch (state) {
    case 'none':
      return [];
    case 'waiting':
      return [['Its price', `not told by the carrier yet; ${estimate}`]];
    case 'final':
      return [['Its price', `${formatUsd(usdToMicros(amount ?? 0))}, told by the carrier ${toldAt}; ${estimate}`]];
    case 'foreign':
      return [
        [
          'Its price',
          `${amount ?? 'several amounts'} ${currency ?? 'in several currencies'}, told ${toldAt}; not in the cost, ${estimate}`,
        ],
      ];
    case 'unknown':
      return [['Its price', `the carrier has told none; ${estimate}`]];
    default:
      return state satisfies never;
  }
}

async function copy(store: Parameters<Parameters<typeof withControl>[0]>[0]['store'], id: string, options: Options): Promise<void> {
  const [row, call] = await Promise.all([store.recordings.get(id), store.attempts.get(id)]);
  const view = recordingView(row, call?.state === 'ended');
  if (!view) throw new PatterError('PATTER_CALL_NOT_FOUND', `${id} was not recorded.`);
  const stored = view.files.flatMap(({ location }) => location ?? []);
  const copied: string[] = [];
  if (options.out !== undefined || !options.json) {
    if (stored.length === 0) {
      const states = view.files.map(({ state }) => state).join(', ') || 'none yet';
      throw new PatterError(
        'PATTER_CALL_NOT_FOUND',
        `There is no file to copy: recording ${view.state}${view.removed ? ', removed' : ''}; files: ${states}.`,
      );
    }
    for (const [index, location] of stored.entries()) {
      const file = numbered(options.out ?? `${id}.wav`, index);
      await copyOne(location, file);
      copied.push(file);
    }
  }
  if (options.json) printJson({ callId: id, recording: view, copied });
  else processTerminal().out(copied.map((file) => `${file}\n`).join(''));
}

/** The file is there whole, or not at all; readable by its owner. */
async function copyOne(location: string, file: string): Promise<void> {
  const signal = AbortSignal.timeout(COPY_WITHIN_MS);
  const partial = `${file}.${process.pid}.partial`;
  try {
    await pipeline(await readStored(location, signal), createWriteStream(partial, { mode: 0o600 }), { signal });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function numbered(file: string, index: number): string {
  if (index === 0) return file;
  const dot = file.lastIndexOf('.');
  return dot > file.lastIndexOf('/') + 1 ? `${file.slice(0, dot)}-${index + 1}${file.slice(dot)}` : `${file}-${index + 1}`;
}

function callId(text: string): string {
  if (!isCallId(text)) throw new InvalidArgumentError('a call id looks like call_<32 hex digits>_1');
  return text;
}
