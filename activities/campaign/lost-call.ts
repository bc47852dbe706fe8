import { requireCarrier } from '../../carriers';
import type { CallActivities, CallSettlement } from '../../contracts/activities';
import { type Carrier, type CarrierCall, type CarrierName, isTerminalCarrierStatus } from '../../contracts/carrier';
import type { AttemptRow, ContactRow } from '../../store/store';
import { type ActivityContext, carriersOf } from '../context';

/** A dial that a dead workflow has left behind may send its request, and the carrier may list the call, up to so long after the intent. */
const DIAL_MAY_HAPPEN_MS = 45_000;
/** The carrier's clock and ours may differ; its times are whole seconds. */
const CLOCK_DIFFERENCE_MS = 5_000;

/**
 * Settles an attempt whose workflow is gone as `failed`: what still lives at the carrier is hung up, a call that was never placed costs no attempt.
 * @returns false when it is too early to be sure, or the carrier cannot be asked: a tenant whose credentials are gone, or a carrier that is away, holds up
 * nobody else's calls
 */
export async function settleLostCall(
  ctx: ActivityContext,
  contact: ContactRow,
  attempt: AttemptRow,
  settleCall: CallActivities['settleCall'],
): Promise<boolean> {
  const { clock, log, store } = ctx;
  if (attempt.carrierCallId === null && clock.now() < attempt.createdAt.getTime() + DIAL_MAY_HAPPEN_MS) return false;
  let call: CarrierCall | undefined;
  try {
    call = await endAtCarrier(ctx, attempt);
  } catch (error) {
    log.error({ err: error, callId: attempt.callId, tenantId: attempt.tenantId }, 'a call without a workflow cannot be settled yet');
    return false;
  }
  if (call && attempt.carrierCallId === null) await store.attempts.markPlaced(attempt.callId, call.carrierCallId);
  log.warn({ callId: attempt.callId, campaignId: attempt.campaignId, found: call !== undefined }, 'a call without a workflow is settled');
  await settleCall(settlementOf(contact, attempt, call, clock.now()));
  return true;
}

async function endAtCarrier(ctx: ActivityContext, attempt: AttemptRow): Promise<CarrierCall | undefined> {
  const carrier = requireCarrier(await carriersOf(ctx, attempt.tenantId), attempt.carrier as CarrierName);
  const calls = await callsOfAttempt(ctx, carrier, attempt);
  for (const call of calls) {
    if (!isTerminalCarrierStatus(call.status)) await carrier.hangup(call.carrierCallId);
  }
  const [first] = calls;
  // Again, for what it lasted and what it cost: it has just been ended.
  return first && !isTerminalCarrierStatus(first.status) ? ((await carrier.fetchCall(first.carrierCallId)) ?? first) : first;
}

/** The carrier's calls that belong to this attempt; without a carrier call id, those to its number since the intent that no other attempt claims. */
async function callsOfAttempt(ctx: ActivityContext, carrier: Carrier, attempt: AttemptRow): Promise<CarrierCall[]> {
  if (attempt.carrierCallId !== null) {
    const call = await carrier.fetchCall(attempt.carrierCallId);
    return call ? [call] : [];
  }
  const candidates = await carrier.listCalls({
    to: attempt.toNumber,
    from: attempt.fromNumber,
    startedAfter: attempt.createdAt.getTime() - CLOCK_DIFFERENCE_MS,
  });
  const ours: CarrierCall[] = [];
  for (const call of candidates) {
    if (call.callId !== undefined && call.callId !== attempt.callId) continue;
    if (call.parentCallId === undefined && !(await ctx.store.attempts.byCarrierCallId(call.carrierCallId))) ours.push(call);
  }
  return ours;
}

function settlementOf(contact: ContactRow, attempt: AttemptRow, call: CarrierCall | undefined, now: number): CallSettlement {
  const endedAt = call?.endedAt ?? now;
  const dialled = call !== undefined || attempt.carrierCallId !== null;
  return {
    tenantId: contact.tenantId,
    campaignId: contact.campaignId,
    contactId: contact.contactId,
    callId: attempt.callId,
    outcome: 'failed',
    reason: dialled ? 'lost: the call went on without its workflow and was ended' : 'lost before it was dialled',
    answeredBy: 'unknown',
    carrierCallId: attempt.carrierCallId ?? call?.carrierCallId,
    answeredAt: call?.status === 'completed' && call.durationS ? endedAt - call.durationS * 1_000 : undefined,
    endedAt,
    durationS: call?.durationS,
    turns: attempt.turns,
    usage: attempt.usage,
    toolCalls: attempt.toolCalls,
    voicemailLeft: attempt.voicemailLeft,
    consumed: dialled,
  };
}
