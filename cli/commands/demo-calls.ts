/** What the demo does beside its campaign: somebody calls in, and another campaign calls over the other carrier by an agent of other vendors. */
import { join } from 'node:path';
import { createCarriers, requireCarrier } from '../../carriers';
import { inboundCallId } from '../../contracts/call-id';
import { sleep } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import { inboundDigest } from '../../contracts/ids';
import type { CampaignReport } from '../../contracts/report';
import type { CallSnapshot } from '../../control/calls/snapshot';
import { callResult } from '../../control/calls/watch-call';
import { buildReport } from '../../control/campaigns/campaign-report';
import { followCampaign } from '../../control/campaigns/follow';
import { loadCampaignFile } from '../../control/campaigns/load-campaign-file';
import { startCampaign } from '../../control/campaigns/start-campaign';
import type { ControlContext } from '../../control/context';
import { configureNumber, setLine } from '../../control/lines/lines';
import { loadLineFile } from '../../control/lines/load-line-file';
import type { Stack } from '../stack';

/** Not a contact of any example. */
const CALLER = '+12135550140';
/** A person of examples/reminder/people.yaml. */
const PERSONA = 'asks-for-hours';
const REQUEST_DEADLINE_MS = 10_000;
const ADMITTED_WITHIN_MS = 30_000;
const ENDS_WITHIN_MS = 120_000;

export interface DemoCalls {
  inbound: CallSnapshot;
  telnyx: CampaignReport;
}

/** @param examples the folder with `inbound/` and `telnyx/` */
export async function playDemoCalls(ctx: ControlContext, stack: Stack, examples: string, signal: AbortSignal): Promise<DemoCalls> {
  const [inbound, telnyx] = await Promise.all([callIn(ctx, stack, examples, signal), callOverTelnyx(ctx, examples, signal)]);
  return { inbound, telnyx };
}

/** The line is set, the carrier is told, somebody calls: as `patter numbers set` and `configure` do it. */
async function callIn(ctx: ControlContext, stack: Stack, examples: string, signal: AbortSignal): Promise<CallSnapshot> {
  const line = await loadLineFile(join(examples, 'inbound', 'line.yaml'));
  await setLine(ctx, line);
  const gateways = await ctx.store.gateways.live(new Date(ctx.clock.now()));
  const publicUrls = gateways.map(({ publicUrl }) => publicUrl).sort();
  await configureNumber(requireCarrier(createCarriers(stack.config), line.carrier), { number: line.number, publicUrls, force: false });
  const response = await fetch(`${stack.labUrl}/lab/${line.carrier}/inbound`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: CALLER, to: line.number, persona: PERSONA }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_DEADLINE_MS)]),
  });
  if (!response.ok) throw new PatterError('PATTER_PROCESS_FAILED', `Nobody could call ${line.number}: ${await response.text()}`);
  const { callSid } = (await response.json()) as { callSid: string };
  const callId = inboundCallId(inboundDigest(line.carrier, callSid));
  await admitted(ctx, callId, signal);
  return callResult(ctx, callId, { timeoutMs: ENDS_WITHIN_MS, signal });
}

/** Its row comes with the workflow's first step. */
async function admitted(ctx: ControlContext, callId: string, signal: AbortSignal): Promise<void> {
  const giveUpAt = ctx.clock.monotonic() + ADMITTED_WITHIN_MS;
  while (!(await ctx.store.attempts.get(callId))) {
    signal.throwIfAborted();
    if (ctx.clock.monotonic() > giveUpAt) throw new PatterError('PATTER_PROCESS_FAILED', 'The call that came in was not answered in time.');
    await sleep(ctx.clock, 100, signal);
  }
}

async function callOverTelnyx(ctx: ControlContext, examples: string, signal: AbortSignal): Promise<CampaignReport> {
  const spec = await loadCampaignFile(join(examples, 'telnyx', 'campaign.yaml'));
  let { campaign } = await startCampaign(ctx, { spec, contactsFile: join(examples, 'telnyx', 'contacts.csv') });
  for await (const snapshot of followCampaign(ctx, campaign.campaignId, { signal })) campaign = snapshot.campaign;
  return buildReport(ctx.store, campaign);
}
