/** What became of a request that nobody answered: from the store, or from the carrier's list of calls, asked until the request can surely not arrive any more. */
import { Context } from '@temporalio/activity';
import { CARRIER_REQUEST_TIMEOUT_MS } from '../../carriers';
import type { CallActivities, ReconcileResult } from '../../contracts/activities';
import { type CarrierCall, isTerminalCarrierStatus } from '../../contracts/carrier';
import { sleep } from '../../contracts/clock';
import { isPatterError } from '../../contracts/errors';
import type { ActivityContext } from '../context';
import { DIAL_WITHIN_MS } from './dial';
import { type LoadedCall, loadCall } from './load-call';

const LOOK_EVERY_MS = 1_000;
/** The carrier's clock may be behind ours; calls of earlier attempts are told apart by their owners. */
const CLOCK_SKEW_MS = 30_000;
/** A request may be sent until `dialBy`, takes as long as the HTTP client waits, and shows in the carrier's list a moment later. */
const SETTLED_AFTER_MS = DIAL_WITHIN_MS + CARRIER_REQUEST_TIMEOUT_MS + 5_000;

export function createReconcileDial(ctx: ActivityContext): CallActivities['reconcileDial'] {
  return async (input): Promise<ReconcileResult> => {
    const loaded = await loadCall(ctx, input.callId).catch((error: unknown) => {
      if (isPatterError(error, 'PATTER_CALL_NOT_FOUND')) return undefined;
      throw error;
    });
    // The intent is written before the request: no row, no request. One that is still to come finds its contact gone on.
    if (!loaded) return { kind: 'not_dialed' };
    if (input.carrierCallId !== undefined) return found(ctx, loaded, await known(loaded, input.carrierCallId));
    if (loaded.attempt.carrierCallId) return found(ctx, loaded, await known(loaded, loaded.attempt.carrierCallId));
    if (loaded.attempt.state === 'not_placed') return { kind: 'not_dialed' };

    const { cancellationSignal, heartbeat } = hooks();
    const certainAt = loaded.attempt.createdAt.getTime() + SETTLED_AFTER_MS;
    for (;;) {
      heartbeat();
      const certain = ctx.clock.now() >= certainAt;
      const call = await search(ctx, loaded);
      if (call) return found(ctx, loaded, call);
      if (certain) {
        await ctx.store.attempts.markNotPlaced(input.callId, 'the carrier knows no such call', new Date(ctx.clock.now()));
        return { kind: 'not_dialed' };
      }
      await sleep(ctx.clock, LOOK_EVERY_MS, cancellationSignal);
    }
  };
}

function hooks(): { cancellationSignal: AbortSignal; heartbeat: () => void } {
  const context = Context.current();
  return { cancellationSignal: context.cancellationSignal, heartbeat: () => context.heartbeat() };
}

async function found(ctx: ActivityContext, loaded: LoadedCall, call: CarrierCall): Promise<ReconcileResult> {
  await ctx.store.attempts.markPlaced(loaded.attempt.callId, call.carrierCallId);
  return { kind: 'found', call, ...loaded.rules };
}

/** A callback named it, so it exists, whatever the carrier's list says at this moment. */
async function known(loaded: LoadedCall, carrierCallId: string): Promise<CarrierCall> {
  const { toNumber: to, fromNumber: from } = loaded.attempt;
  const call = await loaded.carrier.fetchCall(carrierCallId).catch(() => undefined);
  return call ?? { carrierCallId, status: 'queued', to, from };
}

/**
 * The call is between the attempt's two numbers, not older than it, and no other attempt's: the number's lease lets no other call of ours to
 * it exist at the same time. Of several, one that still goes on is taken.
 */
async function search(ctx: ActivityContext, loaded: LoadedCall): Promise<CarrierCall | undefined> {
  const { attempt, carrier } = loaded;
  const calls = await carrier.listCalls({
    to: attempt.toNumber,
    from: attempt.fromNumber,
    startedAfter: attempt.createdAt.getTime() - CLOCK_SKEW_MS,
  });
  const own: CarrierCall[] = [];
  for (const call of calls) {
    if (call.parentCallId !== undefined) continue;
    // Where the carrier keeps what we wrote on a call, that tells whose it is.
    if (call.callId !== undefined && call.callId !== attempt.callId) continue;
    const owner = await ctx.store.attempts.byCarrierCallId(call.carrierCallId);
    if (!owner || owner.callId === attempt.callId) own.push(call);
  }
  return own.find((call) => !isTerminalCarrierStatus(call.status)) ?? own[0];
}
