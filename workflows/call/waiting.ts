/** From the carrier's yes to the first open stream, or to the news that nobody answered. */
import { condition, patched } from '@temporalio/workflow';
import { ANSWERED_BY_COMMAND, isTerminalCarrierStatus } from '../../contracts/carrier';
import { hangupCall, restreamCall } from './activities';
import { Alarm } from './alarm';
import type { CallState, Phase } from './call-state';
import { askCarrier } from './ending';

/** After the ring time-out the carrier tells within seconds; its own queue may hold a call much longer, out of reach of calling windows. */
const RING_GRACE_MS = 30_000;
/** Answered, and no stream: its gateway is gone. */
const STREAM_GRACE_MS = 5_000;
/** A gateway that has been told of a call answers it at once. One that cannot, or is dead by then, leaves it ringing. */
const ANSWER_WITHIN_MS = 8_000;

export async function waiting(state: CallState): Promise<Phase> {
  const ringMs = (state.rules?.ringTimeoutMs ?? 30_000) + RING_GRACE_MS;
  const ours = isOursToAnswer(state);
  let ringAlarm = new Alarm(ours ? ANSWER_WITHIN_MS : ringMs);
  const moved = () => state.isOver || state.attachments > 0 || state.leg.answeredAt !== undefined || wantsStop(state) || state.mustStop;
  await condition(() => ringAlarm.rang || moved());
  if (ours && !moved() && patched('answer-again')) {
    ringAlarm = new Alarm(ringMs - ANSWER_WITHIN_MS);
    await answerAgain(state, moved);
    await condition(() => ringAlarm.rang || moved());
  }
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

/** It came in, and no answer to the carrier's webhook answers it. */
function isOursToAnswer({ rules, leg }: CallState): boolean {
  return rules?.setup.direction === 'inbound' && ANSWERED_BY_COMMAND.includes(rules.setup.carrier) && leg.answeredAt === undefined;
}

/** By the same command, which the carrier takes once: the gateway may be trying still. What it fails to do, the end of the ringing does. */
async function answerAgain(state: CallState, moved: () => boolean): Promise<void> {
  const { carrierCallId, input } = state;
  if (!carrierCallId) return;
  let tried = false;
  const done = () => {
    tried = true;
  };
  void restreamCall({ callId: input.callId, carrierCallId, attachment: state.attachments + 1, answer: true }).then(done, done);
  await condition(() => tried || moved());
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
