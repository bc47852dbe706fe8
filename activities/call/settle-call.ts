/** The end of a call: one transaction, then the post-call workflow, where the campaign asks for one. Both idempotent, so that it can be tried until both are done. */

import type { CallActivities, CallSettlement } from '../../contracts/activities';
import { appOf } from '../../contracts/agent';
import type { UsageLine } from '../../contracts/call';
import { isPatterError } from '../../contracts/errors';
import { isLegTime, priceUsage } from '../../policy/cost';
import { firstPriceCheck } from '../../policy/price-checks';
import { type NextAttempt, nextAttempt } from '../../policy/retry';
import { priceWaitMs } from '../../runtime/price-wait';
import type { CampaignRow, ContactRow } from '../../store/store';
import { startCallbacks } from '../callbacks/start';
import type { ActivityContext } from '../context';
import { asksForNothing } from '../post-call/plan';
import { startPostCall } from '../post-call/start';

export function createSettleCall(ctx: ActivityContext): CallActivities['settleCall'] {
  return async (settlement) => {
    const nowMs = ctx.clock.now();
    let nothingFollows = false;
    let app: string | null | undefined;
    const settled = ctx.store.attempts.settle(
      settlement,
      ({ campaign, contact }) => {
        const next = nextFor(settlement, campaign, contact, nowMs);
        nothingFollows = asksForNothing(campaign.spec.postCall);
        app = appOf(campaign.spec.agent);
        const usage = [...settlement.usage, ...carrierUsage(settlement, campaign)];
        const legs = priceUsage(usage.filter(isLegTime), ctx.prices);
        const rest = priceUsage(
          usage.filter((line) => !isLegTime(line)),
          ctx.prices,
        );
        return {
          next: next.kind === 'done' ? { ...next, reason: next.reason ?? settlement.reason } : { ...next, at: new Date(next.at) },
          costMicros: legs.costMicros + rest.costMicros,
          costLines: [...legs.costLines, ...rest.costLines],
          carrierEstimate: legs.costLines,
          priceDueAt: priceDueAt(ctx, settlement, campaign, nowMs),
        };
      },
      new Date(nowMs),
    );
    const result = await settled.catch((error: unknown) => {
      if (!isPatterError(error, 'PATTER_CALL_NOT_FOUND') && !isPatterError(error, 'PATTER_CAMPAIGN_NOT_FOUND')) throw error;
      ctx.log.error({ callId: settlement.callId, outcome: settlement.outcome }, 'the rows of a call are gone; its record is lost');
      return undefined;
    });
    // The database was deleted or replaced: to try for ever would bring nothing back.
    if (!result) return {};
    // Settled before, in which case nobody was asked: the process may have died right after.
    if (app === undefined) app = await appOfCampaign(ctx, settlement.campaignId);
    if (app !== null) await startCallbacks(ctx, { ...settlement, app });
    // A workflow that has nothing to do would be half of what a call costs. A process that dies here leaves it to the sweeper.
    if (nothingFollows) await ctx.store.attempts.finishPostCall(settlement.callId, []);
    else await startPostCall(ctx, settlement);
    return { contactOutcome: result.contactOutcome, nextAttemptAt: result.nextAttemptAt?.getTime() };
  };
}

export async function appOfCampaign(ctx: Pick<ActivityContext, 'store'>, campaignId: string): Promise<string | null> {
  const campaign = await ctx.store.campaigns.get(campaignId);
  return campaign ? appOf(campaign.spec.agent) : null;
}

function nextFor(settlement: CallSettlement, campaign: CampaignRow, contact: ContactRow, now: number): NextAttempt {
  // Whoever calls us is not called back by a line; a single call is made once.
  if (campaign.kind !== 'outbound') return { kind: 'done', outcome: settlement.outcome };
  // A call that was taken back for a cancel has nothing to wait for.
  if (settlement.outcome === 'canceled' && campaign.state === 'canceled') {
    return { kind: 'done', outcome: 'canceled', reason: campaign.stateReason ?? undefined };
  }
  const callbackAt = settlement.callback?.at === undefined ? Number.NaN : Date.parse(settlement.callback.at);
  return nextAttempt({
    outcome: settlement.outcome,
    answeredBy: settlement.answeredBy,
    consumed: settlement.consumed,
    attempts: contact.attempts,
    policy: campaign.spec.retry,
    callbackAt: Number.isNaN(callbackAt) ? undefined : callbackAt,
    retryAfterMs: settlement.retryAfterMs,
    now,
  });
}

/** When the carrier is first asked for its price. Nobody is billed for a phone that was not picked up. */
function priceDueAt(ctx: ActivityContext, settlement: CallSettlement, { spec }: CampaignRow, now: number): Date | null {
  if (settlement.answeredAt === undefined || settlement.carrierCallId === undefined) return null;
  const at = firstPriceCheck({ carrier: spec.carrier, endedAt: settlement.endedAt, waitMs: priceWaitMs(ctx.config) }, now);
  return at === undefined ? null : new Date(at);
}

/** What the carrier bills of its own; the providers' usage comes with the conversation. */
function carrierUsage(settlement: CallSettlement, { kind, spec }: CampaignRow): UsageLine[] {
  if (settlement.answeredAt === undefined) return [];
  const provider = spec.carrier;
  const seconds = settlement.durationS ?? Math.max(0, Math.ceil((settlement.endedAt - settlement.answeredAt) / 1_000));
  const lines: UsageLine[] = [
    { provider, service: 'voice', item: kind === 'inbound' ? 'inbound' : 'outbound', unit: 'second', quantity: seconds },
  ];
  if (spec.dialing.machineDetection) lines.push({ provider, service: 'amd', item: 'async', unit: 'request', quantity: 1 });
  return lines;
}
