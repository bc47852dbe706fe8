/** Whether a person's phone has been dialled, from the carrier's list of calls, asked until the request can surely not arrive any more. */
import { Context } from '@temporalio/activity';
import type { CarrierCall } from '../../contracts/carrier';
import { sleep } from '../../contracts/clock';
import type { TransferActivities } from '../../contracts/transfer';
import { type LoadedCall, loadCall } from '../call/load-call';
import type { ActivityContext } from '../context';

const LOOK_EVERY_MS = 1_000;
const CLOCK_SKEW_MS = 30_000;
/** The HTTP client's deadline, and a moment until the call shows in the list. The caller listens to music meanwhile. */
const CERTAIN_AFTER_MS = 10_000;

export function createReconcileConsult(ctx: ActivityContext): TransferActivities['reconcileConsult'] {
  return async ({ callId, transferNumber }) => {
    const loaded = await loadCall(ctx, callId);
    const transfer = await ctx.store.attempts.transfer(callId, transferNumber);
    // Recorded before the request: no record, no request.
    if (!transfer) return { kind: 'not_dialed' };
    const { toNumber: to } = transfer;
    const { heartbeat, cancellationSignal } = hooks();
    const requestedAt = transfer.requestedAt.getTime();
    for (;;) {
      heartbeat();
      const certain = ctx.clock.now() >= requestedAt + CERTAIN_AFTER_MS;
      const call = transfer.humanCallId
        ? await loaded.carrier.fetchCall(transfer.humanCallId)
        : await search(ctx, loaded, to, requestedAt - CLOCK_SKEW_MS);
      if (call) {
        await ctx.store.attempts.noteHumanLeg(callId, transferNumber, call.carrierCallId);
        return { kind: 'found', to, call };
      }
      if (certain) return { kind: 'not_dialed' };
      await sleep(ctx.clock, LOOK_EVERY_MS, cancellationSignal);
    }
  };
}

function hooks(): { cancellationSignal: AbortSignal; heartbeat: () => void } {
  const context = Context.current();
  return { cancellationSignal: context.cancellationSignal, heartbeat: () => context.heartbeat() };
}

/**
 * Several callers may want one person at the same time. So it is only ours when no other transfer, and no attempt, has it, and when no other
 * transfer to the same number can mean it just as well: a wrong guess would connect a caller with another caller's person.
 */
async function search(ctx: ActivityContext, { attempt, carrier }: LoadedCall, to: string, since: number): Promise<CarrierCall | undefined> {
  const calls = await carrier.listCalls({ to, from: attempt.fromNumber, startedAfter: since });
  const free: CarrierCall[] = [];
  for (const call of calls) {
    if (call.parentCallId !== undefined || (await ctx.store.attempts.byCarrierCallId(call.carrierCallId))) continue;
    if (!(await ctx.store.attempts.isHumanLeg(call.carrierCallId))) free.push(call);
  }
  const [only, another] = free;
  if (!only || another) return undefined;
  return (await ctx.store.attempts.unknownTransfersTo(to, new Date(since))) > 1 ? undefined : only;
}
