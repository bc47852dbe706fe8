/** From the carrier's yes to the first open stream, or to the news that nobody answered. */
import { condition } from '@temporalio/workflow';
import { isTerminalCarrierStatus } from '../../contracts/carrier';
import { hangupCall } from './activities';
import { Alarm } from './alarm';
import type { CallState, Phase } from './call-state';
import { askCarrier } from './ending';

/** After the ring time-out the carrier tells within seconds; its own queue may hold a call much longer, out of reach of calling windows. */
const RING_GRACE_MS = 30_000;
/** Answered, and no stream: its gateway is gone. */
const STREAM_GRACE_MS = 5_000;

export async function waiting(state: CallState): Promise<Phase> {
  const ringAlarm = new Alarm((state.rules?.ringTimeoutMs ?? 30_000) + RING_GRACE_MS);
  await condition(
    () =>
      ringAlarm.rang || state.isOver || state.attachments > 0 || state.leg.answeredAt !== undefined || wantsStop(state) || state.mustStop,
  );
  if (state.leg.end) return { kind: 'ending', hangUp: false };
  if (state.attachments > 0) {
    ringAlarm.cancel();
    return { kind: 'talking' };
  }
  if (state.mustStop) {
    state.endedByUs = state.stop?.reason;
    return { kind: 'ending', hangUp: true };
  }
  if (wantsStop(state)) return cancelIfQueued(state);
  if (state.leg.answeredAt !== undefined) {
    ringAlarm.cancel();
    return answered(state);
  }
  await askCarrier(state);
  if (state.leg.end) return { kind: 'ending', hangUp: false };
  if (state.leg.answeredAt !== undefined) return answered(state);
  state.endedByUs = 'the carrier never told of an end';
  return { kind: 'ending', hangUp: true };
}

/** A pause takes back only what does not ring yet. */
function wantsStop(state: CallState): boolean {
  return state.stop?.cancelIfQueuedOnly === true && state.leg.ringingAt === undefined && state.leg.answeredAt === undefined;
}

async function cancelIfQueued(state: CallState): Promise<Phase> {
  const { stop, carrierCallId } = state;
  state.stop = undefined;
  if (!carrierCallId) return { kind: 'waiting' };
  try {
    const call = await hangupCall({ callId: state.input.callId, carrierCallId, onlyIfQueued: true });
    if (call && isTerminalCarrierStatus(call.status)) {
      state.endedByUs = stop?.reason;
      state.leg.onFetched(call, Date.now());
    } else if (call) {
      state.leg.onFetched(call, Date.now());
    }
  } catch {
    // The carrier does not answer: the call goes on, and its own callbacks tell.
  }
  return { kind: 'waiting' };
}

async function answered(state: CallState): Promise<Phase> {
  const streamAlarm = new Alarm(STREAM_GRACE_MS);
  await condition(() => streamAlarm.rang || state.isOver || state.attachments > 0 || state.mustStop);
  if (!streamAlarm.rang) streamAlarm.cancel();
  if (state.leg.end) return { kind: 'ending', hangUp: false };
  if (state.attachments > 0) return { kind: 'talking' };
  if (state.mustStop) {
    state.endedByUs = state.stop?.reason;
    return { kind: 'ending', hangUp: true };
  }
  return { kind: 'reconnecting', why: 'not_streamed' };
}
