import { WorkflowNotFoundError } from '@temporalio/client';
import { stopCallSignal } from '../../contracts/call';
import { callWorkflowId } from '../../contracts/call-id';
import type { CarrierName } from '../../contracts/carrier';
import type { AttemptRow } from '../../store/store';
import { type ActivityContext, carriersOf } from '../context';
import { inParallel } from '../in-parallel';

/** Each takes two or three requests; a carrier's queue goes on dialling meanwhile. */
const AT_ONCE = 10;

/**
 * Cancels what the carrier holds in its queue, and tells calls that are about to be placed to stay out of it. Calls that ring or talk are left alone.
 * Idempotent: a call that is canceled is not queued any more.
 * @returns how many were canceled
 */
export async function cancelQueued(ctx: ActivityContext, campaignId: string, reason: string): Promise<number> {
  const open = await ctx.store.attempts.open(campaignId);
  // First those whose request may be on its way: their workflows cancel what the carrier queues from now on.
  await Promise.all(open.filter((attempt) => attempt.carrierCallId === null).map((attempt) => tellToStop(ctx, attempt, reason)));
  const placed = open.filter((attempt) => attempt.carrierCallId !== null);
  if (placed.length === 0) return 0;
  try {
    return await cancelPlaced(ctx, placed, reason);
  } catch (error) {
    // A pause does not wait for a carrier that is away, nor a resume behind it: each call's own workflow asks for its call, as long as that takes.
    ctx.log.warn({ err: error, campaignId }, 'the carrier does not tell what it queues: each call is told to see for itself');
    await Promise.all(placed.map((attempt) => tellToStop(ctx, attempt, reason)));
    return 0;
  }
}

async function cancelPlaced(ctx: ActivityContext, placed: AttemptRow[], reason: string): Promise<number> {
  let canceled = 0;
  for (const [name, carrier] of await carriersOf(ctx, placed[0]!.tenantId)) {
    const ours = placed.filter((attempt) => attempt.carrier === (name satisfies CarrierName));
    if (ours.length === 0) continue;
    const queued = new Set((await carrier.listCalls({ status: 'queued' })).map((call) => call.carrierCallId));
    const waiting = ours.filter((attempt) => queued.has(attempt.carrierCallId!));
    await inParallel(waiting, AT_ONCE, async (attempt) => {
      await tellToStop(ctx, attempt, reason);
      await carrier.hangup(attempt.carrierCallId!);
      canceled++;
    });
  }
  return canceled;
}

async function tellToStop(ctx: ActivityContext, attempt: AttemptRow, reason: string): Promise<void> {
  const workflow = ctx.temporal.workflow.getHandle(callWorkflowId(attempt.callId));
  try {
    await workflow.signal(stopCallSignal, { reason, cancelIfQueuedOnly: true });
  } catch (error) {
    // Over already: nothing is left to be stopped, and the sweeper settles what was lost.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
