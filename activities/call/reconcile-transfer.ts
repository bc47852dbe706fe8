import { Context } from '@temporalio/activity';
import type { CallActivities } from '../../contracts/activities';
import { sleep } from '../../contracts/clock';
import type { ActivityContext } from '../context';
import { loadCall } from './load-call';

const LOOK_EVERY_MS = 1_000;
const CLOCK_SKEW_MS = 30_000;
/** The carrier dials the human within a moment of the request, or not at all: it was part of the same call's update. */
const CERTAIN_AFTER_MS = 12_000;

/** Whether the human's phone has been dialled, from the legs that the carrier keeps under the caller's. */
export function createReconcileTransfer(ctx: ActivityContext): CallActivities['reconcileTransfer'] {
  return async ({ callId, carrierCallId, transferNumber }) => {
    const { carrier } = await loadCall(ctx, callId);
    const transfer = await ctx.store.attempts.transfer(callId, transferNumber);
    // Recorded before the request: no record, no request.
    if (!transfer) return { dialed: false, answered: false };
    const context = Context.current();
    const requestedAt = transfer.requestedAt.getTime();
    for (;;) {
      context.heartbeat();
      const certain = ctx.clock.now() >= requestedAt + CERTAIN_AFTER_MS;
      const legs = await carrier.listCalls({ parentCallId: carrierCallId, startedAfter: requestedAt - CLOCK_SKEW_MS });
      const leg = legs.find((candidate) => candidate.to === transfer.toNumber);
      if (leg) {
        const answered = leg.status === 'in_progress' || (leg.status === 'completed' && (leg.durationS ?? 0) > 0);
        return { dialed: true, answered };
      }
      if (certain) return { dialed: false, answered: false };
      await sleep(ctx.clock, LOOK_EVERY_MS, context.cancellationSignal);
    }
  };
}
