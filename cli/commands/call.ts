import { type Command, InvalidArgumentError } from 'commander';
import { CARRIERS, type CarrierName } from '../../contracts/carrier';
import { PatterError } from '../../contracts/errors';
import type { PlaceCallInput } from '../../contracts/single-call';
import { loadAgentFile } from '../../control/calls/load-agent-file';
import { checkedCall, placeCall } from '../../control/calls/place-call';
import type { CallSnapshot } from '../../control/calls/snapshot';
import { updatesOf } from '../../control/calls/updates';
import { watchCall } from '../../control/calls/watch-call';
import type { ControlContext } from '../../control/context';
import { withControl } from '../open-control';
import { printJson } from '../output';
import { type TenantOptions, tenantNamed, withTenant } from '../tenant';
import { processTerminal, spokenDuration, type Terminal } from '../terminal';

interface Options extends TenantOptions {
  agent: string;
  from?: string;
  carrier?: CarrierName;
  var: Record<string, string>;
  key?: string;
  wait?: boolean;
  json?: boolean;
}

/** `patter call …`: one call, outside any campaign. */
export function register(program: Command): void {
  withTenant(program.command('call'))
    .description('call one number')
    .argument('<number>', 'E.164, as in +12125550100')
    .requiredOption('--agent <file>', 'the agent (YAML), or the file of a campaign or a line that has one')
    .option('--from <number>', 'your number that calls (default: what the file says)')
    .option('--carrier <name>', 'twilio or telnyx (default: what the file says, else twilio)', carrierName)
    .option('--var <name=value>', 'a value for {name} in the agent’s texts; may be given several times', collect, {})
    .option('--key <text>', 'idempotency key: the same key is the same call')
    .option('--wait', 'follow the call to its end')
    .option('--json', 'print JSON, and nothing else on stdout')
    .action(async (to: string, options: Options) => {
      // Before anything is connected to: a wrong file, or one without a value for a placeholder, must cost nothing.
      const request = await requestOf(to, options);
      await withControl((ctx) => call(ctx, request, options, processTerminal()));
    });
}

async function requestOf(to: string, options: Options): Promise<PlaceCallInput> {
  const file = await loadAgentFile(options.agent);
  const from = options.from ?? file.from;
  if (from === undefined)
    throw new PatterError('PATTER_REQUEST_INVALID', `Say which of your numbers calls: --from, or "from" in ${options.agent}.`);
  const request = {
    ...file,
    ...{ to, from, variables: options.var },
    ...(options.carrier && { carrier: options.carrier }),
    ...(options.key !== undefined && { idempotencyKey: options.key }),
  };
  checkedCall(request);
  return request;
}

async function call(ctx: ControlContext, request: PlaceCallInput, options: Options, terminal: Terminal): Promise<void> {
  const tenantId = await tenantNamed(ctx, options);
  const placed = await placeCall(ctx, { ...request, tenantId });
  for (const note of placed.notes) terminal.err(`${note}\n`);
  if (!options.wait) {
    if (options.json) printJson(placed);
    else terminal.out(`${placed.callId}\n`);
    return;
  }
  terminal.err(`${placed.callId}${placed.existing ? ' (placed before)' : ''}\n`);
  const detach = new AbortController();
  const onInterrupt = () => detach.abort();
  process.once('SIGINT', onInterrupt);
  let last: CallSnapshot | undefined;
  try {
    for await (const change of watchCall(ctx, placed.callId, { tenantId, signal: detach.signal })) {
      last = change.snapshot;
      for (const update of updatesOf(change, ctx.clock.now())) {
        if (update.type === 'status') terminal.err(`… ${update.status}\n`);
        if (update.type === 'turn') terminal.err(`${update.turn.role === 'assistant' ? 'Agent' : 'Caller'}: ${update.turn.text}\n`);
      }
    }
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
  if (last?.status !== 'ended') {
    terminal.err('\nThe call goes on without this terminal.\n');
    return;
  }
  if (options.json) printJson(last);
  else terminal.out(`${sentenceOf(last)}\n`);
}

function sentenceOf({ costEstimated, costUsd, durationMs, outcome, reason }: CallSnapshot): string {
  const talked = durationMs ? `, ${spokenDuration(durationMs)}` : '';
  return `${outcome ?? 'ended'}${reason ? ` (${reason})` : ''}${talked}, $${costUsd.toFixed(4)}${costEstimated ? ' (estimated)' : ''}`;
}

function collect(text: string, so: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('write it as name=value');
  return { ...so, [text.slice(0, at)]: text.slice(at + 1) };
}

function carrierName(text: string): CarrierName {
  const name = CARRIERS.find((carrier) => carrier === text);
  if (!name) throw new InvalidArgumentError(`one of ${CARRIERS.join(', ')}`);
  return name;
}
