import type { CallActivities } from '../../contracts/activities';
import type { ActivityContext } from '../context';
import { loadCall } from './load-call';

export function createHangupCall(ctx: ActivityContext): CallActivities['hangupCall'] {
  return async ({ callId, carrierCallId, onlyIfQueued }) => {
    const { carrier } = await loadCall(ctx, callId);
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
    const { carrier } = await loadCall(ctx, callId);
    return carrier.fetchCall(carrierCallId);
  };
}
