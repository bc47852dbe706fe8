import type { CallActivities } from '../../contracts/activities';
import type { Carrier } from '../../contracts/carrier';
import { isPatterError } from '../../contracts/errors';
import type { ActivityContext } from '../context';
import { loadCall } from './load-call';

export function createHangupCall(ctx: ActivityContext): CallActivities['hangupCall'] {
  return async ({ callId, carrierCallId, onlyIfQueued }) => {
    const carrier = await carrierOf(ctx, callId);
    if (onlyIfQueued) {
      const call = await carrier.fetchCall(carrierCallId);
      if (call?.status !== 'queued') return call;
    }
    await carrier.hangup(carrierCallId);
    return carrier.fetchCall(carrierCallId);
  };
}

export function createFetchCarrierCall(ctx: ActivityContext): CallActivities['fetchCarrierCall'] {
  return async ({ callId, carrierCallId }) => {
    const carrier = await carrierOf(ctx, callId);
    return carrier.fetchCall(carrierCallId);
  };
}

/** A call can be ended although its rows are gone. */
async function carrierOf(ctx: ActivityContext, callId: string): Promise<Carrier> {
  try {
    return (await loadCall(ctx, callId)).carrier;
  } catch (error) {
    const [only, another] = ctx.carriers.values();
    if (!isPatterError(error, 'PATTER_CALL_NOT_FOUND') || !only || another) throw error;
    return only;
  }
}
