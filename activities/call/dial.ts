/** Decision 1: gate, attempt, lease and intent in one transaction; then one request, sent once. */
import { Context } from '@temporalio/activity';
import type { CallActivities, DialResult } from '../../contracts/activities';
import { appOf } from '../../contracts/agent';
import type { CallInput } from '../../contracts/call';
import { campaignWorkflowId } from '../../contracts/call-id';
import { type PlaceCallResult, UnknownOutcomeError } from '../../contracts/carrier';
import { sleep } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import { refusalDecision } from '../../policy/carrier-errors';
import { budgetSpent, judgeCall } from '../../policy/gate';
import type { CampaignRow, GateFacts } from '../../store/store';
import type { ActivityContext } from '../context';
import { rulesFor } from './build-setup';
import { newCallToken } from './call-token';
import { pairOf } from './gateway-choice';
import { carrierFor } from './load-call';
import { longestCallMs } from './time-limit';

/** A worker that froze for longer between check and request sends nothing any more. */
export const DIAL_WITHIN_MS = 5_000;
const ROOM_WITHIN_MS = 10_000;
const LOOK_FOR_ROOM_MS = 250;
/** The sweeper looks after the workflow from then on. */
const SETTLE_GRACE_MS = 10 * 60_000;

export function createDial(ctx: ActivityContext): CallActivities['dial'] {
  return async (input: CallInput): Promise<DialResult> => {
    const campaign = await ctx.store.campaigns.get(input.campaignId);
    if (!campaign) throw new PatterError('PATTER_CAMPAIGN_NOT_FOUND', `There is no campaign ${input.campaignId}.`);
    const carrier = await carrierFor(ctx, campaign.tenantId, campaign.spec.carrier);
    const from = callerIdFor(campaign, input.contactId);
    if (campaign.kind === 'single') await someRoom(ctx, campaign);
    const nowMs = ctx.clock.now();
    const { verdict, facts, attempt } = await ctx.store.attempts.openIntent(
      {
        ...input,
        fromNumber: from,
        carrier: carrier.name,
        now: new Date(nowMs),
        dialBy: new Date(nowMs + DIAL_WITHIN_MS),
        deadline: new Date(nowMs + campaign.spec.dialing.ringTimeout + longestCallMs(campaign.spec) + SETTLE_GRACE_MS),
      },
      (known) => judgeCall(known, nowMs, ctx.prices),
    );
    if (verdict.decision === 'skip') {
      if (campaign.kind !== 'single') return { kind: 'skipped', rule: verdict.rule, reason: verdict.reason };
      // The gate's transaction has written the record; what follows a call follows this one too.
      const outcome = attempt?.outcome ?? 'skipped';
      return { kind: 'refused', outcome, reason: `${verdict.rule}: ${verdict.reason}`, consumed: false };
    }
    if (verdict.decision === 'defer') {
      return { kind: 'deferred', rule: verdict.rule, reason: verdict.reason, until: verdict.until, ...pauseForBudget(verdict.rule, facts) };
    }
    const rules = rulesFor(
      { ...input, spec: campaign.spec, single: campaign.single, to: facts.contact.phone, from, variables: facts.contact.variables },
      attempt?.gatewayId ?? '',
    );
    // An earlier run of this very attempt wrote the intent, and may have sent it.
    if (facts.existing) return { kind: 'unknown', ...rules };
    const gateway = facts.gateways.find((candidate) => candidate.gatewayId === rules.gatewayId);
    if (!gateway)
      throw new PatterError('PATTER_NO_GATEWAY', `The gate reserved gateway "${rules.gatewayId}", which is not among the live ones.`);
    const pair = pairOf(gateway, facts.gateways);

    const mayStillDial = await ctx.store.attempts.mayStillDial(input.callId, new Date(ctx.clock.now()));
    // The clock again: where Postgres was away, its answer is of another moment, and whoever looks for this call may have given it up.
    if (!mayStillDial || ctx.clock.now() >= nowMs + DIAL_WITHIN_MS) return takeBack(ctx, input);
    let result: PlaceCallResult;
    try {
      result = await carrier.placeCall(
        {
          callId: input.callId,
          to: facts.contact.phone,
          from,
          gatewayUrl: pair.gateway.publicUrl,
          fallbackGatewayUrl: pair.fallback.publicUrl,
          token: newCallToken(ctx, rules, 1),
          ringTimeoutMs: campaign.single?.carrierRingTimeout ? null : campaign.spec.dialing.ringTimeout,
          timeLimitMs: longestCallMs(campaign.spec),
          machineDetection: campaign.spec.dialing.machineDetection,
        },
        Context.current().cancellationSignal,
      );
    } catch (error) {
      // Anything that is not the carrier's clear answer counts as unknown: wrong once is a second call to a person.
      if (!(error instanceof UnknownOutcomeError)) ctx.log.error({ err: error, callId: input.callId }, 'placing a call broke');
      await ctx.store.attempts.markUnknown(input.callId);
      return { kind: 'unknown', ...rules };
    }
    switch (result.kind) {
      case 'accepted':
        await ctx.store.attempts.markPlaced(input.callId, result.carrierCallId);
        return { kind: 'placed', carrierCallId: result.carrierCallId, status: result.status, ...rules };
      case 'refused': {
        const decision = refusalDecision(carrier.name, result);
        if (!decision.consumed) await ctx.store.attempts.markNotPlaced(input.callId, decision.reason, new Date(ctx.clock.now()));
        return {
          kind: 'refused',
          outcome: decision.outcome,
          reason: decision.reason,
          consumed: decision.consumed,
          errorCode: result.vendorCode,
          retryAfterMs: decision.retryAfterMs,
          ...(decision.pauseCampaign ? pauseOf(campaign, decision.pauseCampaign) : {}),
        };
      }
      default:
        return result satisfies never;
    }
  };
}

/** A gateway that starts just now, as that of a program which calls at once, is waited for: a single call is not put off by the gate. */
async function someRoom(ctx: ActivityContext, { spec }: CampaignRow): Promise<void> {
  const giveUpAt = ctx.clock.monotonic() + ROOM_WITHIN_MS;
  while (ctx.clock.monotonic() < giveUpAt) {
    if ((await ctx.store.gateways.live(new Date(ctx.clock.now()), appOf(spec.agent))).length > 0) return;
    await sleep(ctx.clock, LOOK_FOR_ROOM_MS, Context.current().cancellationSignal);
  }
}

/** The campaign was paused, or this worker was asleep: nothing was sent, and the contact waits again. */
async function takeBack(ctx: ActivityContext, input: CallInput): Promise<DialResult> {
  const reason = 'the campaign stopped, or the time to dial ran out, before the request was sent';
  const now = new Date(ctx.clock.now());
  await ctx.store.attempts.markNotPlaced(input.callId, reason, now);
  return { kind: 'refused', outcome: 'canceled', reason, consumed: false };
}

/** Always the same for one contact: people call back the number that called. */
function callerIdFor(campaign: CampaignRow, contactId: string): string {
  const { from } = campaign.spec;
  const seed = Number.parseInt(contactId.slice(-8), 16) || 0;
  return from[seed % from.length] as string;
}

function pauseForBudget(rule: string, facts: GateFacts): { pauseCampaign?: string; campaignWorkflowId?: string } {
  const { budgetMicros } = facts.campaign;
  if (rule !== 'budget' || !budgetSpent({ spentMicros: facts.spentMicros, campaign: { budgetMicros } })) return {};
  return pauseOf(facts.campaign, 'the budget is spent');
}

function pauseOf(campaign: CampaignRow, reason: string): { pauseCampaign: string; campaignWorkflowId: string } {
  return { pauseCampaign: reason, campaignWorkflowId: campaignWorkflowId(campaign.tenantId, campaign.name) };
}
