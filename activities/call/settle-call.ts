/** The end of a call: one transaction, then the post-call workflow. Both idempotent, so that it can be tried until both are done. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { CallActivities, CallSettlement } from '../../contracts/activities';
import type { CallInput, UsageLine } from '../../contracts/call';
import { postCallWorkflowId } from '../../contracts/call-id';
import type { CampaignSpec } from '../../contracts/campaign';
import { priceUsage } from '../../policy/cost';
import { type NextAttempt, nextAttempt } from '../../policy/retry';
import type { CampaignRow, ContactRow } from '../../store/store';
import type { ActivityContext } from '../context';

export function createSettleCall(ctx: ActivityContext): CallActivities['settleCall'] {
  return async (settlement) => {
    const nowMs = ctx.clock.now();
    const result = await ctx.store.attempts.settle(
      settlement,
      ({ campaign, contact }) => {
        const next = nextFor(settlement, campaign, contact, nowMs);
        const { costMicros, costLines } = priceUsage([...settlement.usage, ...carrierUsage(settlement, campaign.spec)]);
        return {
          next: next.kind === 'done' ? { ...next, reason: next.reason ?? settlement.reason } : { ...next, at: new Date(next.at) },
          costMicros,
          costLines,
        };
      },
      new Date(nowMs),
    );
    await startPostCall(ctx, settlement);
    return { contactOutcome: result.contactOutcome, nextAttemptAt: result.nextAttemptAt?.getTime() };
  };
}

function nextFor(settlement: CallSettlement, campaign: CampaignRow, contact: ContactRow, now: number): NextAttempt {
  // A call that was taken back for a cancel has nothing to wait for.
  if (settlement.outcome === 'canceled' && campaign.state === 'canceled') {
    return { kind: 'done', outcome: 'canceled', reason: campaign.stateReason ?? undefined };
  }
  const callbackAt = settlement.callback?.at === undefined ? Number.NaN : Date.parse(settlement.callback.at);
  return nextAttempt({
    outcome: settlement.outcome,
    consumed: settlement.consumed,
    attempts: contact.attempts,
    policy: campaign.spec.retry,
    callbackAt: Number.isNaN(callbackAt) ? undefined : callbackAt,
    retryAfterMs: settlement.retryAfterMs,
    now,
  });
}

/** What the carrier bills of its own; the providers' usage comes with the conversation. */
function carrierUsage(settlement: CallSettlement, spec: CampaignSpec): UsageLine[] {
  if (settlement.answeredAt === undefined) return [];
  const provider = spec.carrier;
  const seconds = settlement.durationS ?? Math.max(0, Math.ceil((settlement.endedAt - settlement.answeredAt) / 1_000));
  const lines: UsageLine[] = [{ provider, service: 'voice', item: 'outbound', unit: 'second', quantity: seconds }];
  if (spec.dialing.machineDetection) lines.push({ provider, service: 'amd', item: 'async', unit: 'request', quantity: 1 });
  return lines;
}

async function startPostCall(ctx: ActivityContext, settlement: CallSettlement): Promise<void> {
  const { tenantId, campaignId, contactId, callId } = settlement;
  const input: CallInput = { tenantId, campaignId, contactId, callId };
  try {
    await ctx.temporal.workflow.start('postCall', {
      workflowId: postCallWorkflowId(callId),
      taskQueue: ctx.config.PATTER_TASK_QUEUE,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [input],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
