/** A gateway comes for the call: to warm up at `ringing`, or with an open media stream. */
import { ApplicationFailure, condition } from '@temporalio/workflow';
import { type AttachRequest, type AttachResult, conversationActivityId } from '../../contracts/call';
import type { ErrorCode } from '../../contracts/errors';
import { CONVERSATION_HEARTBEAT_MS } from './activities';
import { vote } from './amd';
import type { CallState, Conversation } from './call-state';
import { openConversation, recordConversation, reopenConversation, takeReport } from './conversation';
import { lookWhileTalking, mayBeLost } from './lost-verdict';
import { rulesKnown } from './place';
import { startIfConsented } from './recording';
import { onGatewayEvent } from './signals';

/** A dead gateway is noticed within a heartbeat's time-out; a little more for the server to say so. */
export const OLD_STREAM_GRACE_MS = CONVERSATION_HEARTBEAT_MS + 700;

/** Malformed requests leave no trace in the history; what is well-formed gets an answer that says what to do. */
export function validateAttach(request: AttachRequest): void {
  const { gatewayId, carrierCallId, streamId, tokenNonce, over } = request;
  const wrong = !gatewayId || !carrierCallId || streamId === '' || (streamId && !tokenNonce) || (over && !streamId);
  if (wrong) {
    throw ApplicationFailure.nonRetryable(
      'an attach names its gateway and carrier call, and with a stream its token nonce',
      'PATTER_STREAM_PROTOCOL' satisfies ErrorCode,
    );
  }
}

export async function attach(state: CallState, request: AttachRequest): Promise<AttachResult> {
  if (!state.adopt(request.carrierCallId)) return duplicateCall(state);
  if (request.over) return takeFinished(state, request, request.over);
  if (state.isOver) return ended();
  if (request.streamId === undefined) return warmUp(state, request);

  const { streamId } = request;
  const again = state.streams.get(streamId);
  if (again) return attachAgain(state, request, again);
  const nonce = request.tokenNonce as string;
  const usedBy = state.usedNonces.get(nonce);
  if (usedBy !== undefined && usedBy !== streamId) return refuse('close', 'PATTER_TOKEN_USED', 'this call token has opened another stream');
  state.usedNonces.set(nonce, streamId);
  // Media flows: whatever callbacks got lost, somebody answered.
  state.leg.answeredAt ??= request.talkingSince ?? Date.now();

  if (!(await oldStreamGone(state))) {
    return refuse('close', 'PATTER_CALL_DUPLICATE', 'another stream of this call is alive');
  }
  await rulesKnown(state);
  if (state.isOver) return ended();
  if (!state.rules) return unknownCall(state);
  const meanwhile = state.streams.get(streamId);
  if (meanwhile) return attachAgain(state, request, meanwhile);
  // Of several streams that waited for the old one's end, the first is taken.
  if (state.liveConversation && !state.liveConversation.superseded) {
    return refuse('close', 'PATTER_CALL_DUPLICATE', 'another stream of this call is alive');
  }
  const history = state.transcript.turns();
  const toolCalls = state.durableTools.answered(state.transcript.toolCalls());
  const openTools = state.durableTools.open;
  const pressed = state.conversation && state.keyPresses.resumeOf(state.conversation);
  const resume = pressed?.resume ?? resumeReason(state);
  // The message was cut off with its gateway: it is ordered anew.
  if (resume === 'machine') state.machineCommand = 'none';
  // A new stream knows of no menu and no screener: it is told again.
  if (state.machineCommand === 'navigate' || state.machineCommand === 'introduce') state.machineCommand = 'none';
  const verdictMayBeLost = mayBeLost(state);
  const conversation = openConversation(state, {
    streamId,
    gatewayId: request.gatewayId,
    maxDurationMs: state.rules.setup.agent.maxDurationMs,
  });
  vote(state);
  if (verdictMayBeLost) lookWhileTalking(state, conversation);
  if (resume) startIfConsented(state);
  state.orders.repeat(state);
  return {
    ...attached(state, request, conversation),
    history,
    ...(resume && { resume, toolCalls }),
    ...(resume && openTools.length > 0 && { openTools }),
    ...(pressed && { digits: pressed.digits }),
  };
}

/**
 * A talk that has begun and ended while this workflow could not be reached. What a call's end has settled stands; until then it counts as any other,
 * also where the news of the end came first.
 */
function takeFinished(state: CallState, request: AttachRequest, { report, events }: NonNullable<AttachRequest['over']>): AttachResult {
  const { streamId = '', tokenNonce = '' } = request;
  if (state.phase.kind === 'settling' || state.phase.kind === 'ended') return ended();
  const usedBy = state.usedNonces.get(tokenNonce);
  if (usedBy !== undefined && usedBy !== streamId) return refuse('close', 'PATTER_TOKEN_USED', 'this call token has opened another stream');
  state.usedNonces.set(tokenNonce, streamId);
  state.leg.answeredAt ??= report.startedAt;
  // Its attach may have come through, and only the answer was lost.
  const conversation = state.streams.get(streamId) ?? recordConversation(state, { streamId, gatewayId: request.gatewayId });
  if (conversation.result?.kind !== 'report') {
    // Nobody is there to be ordered anything.
    conversation.result = { kind: 'report', report };
    for (const event of events) onGatewayEvent(state, event);
    takeReport(state, conversation, report);
  }
  return { kind: 'attached', history: [], attachment: conversation.attachment };
}

/**
 * A stream that is known: a repeated request, or a gateway whose heartbeats got lost (Temporal was away, the process slow) and that still talks to
 * the caller. It goes on where it is, unless the call has gone on elsewhere.
 */
function attachAgain(state: CallState, request: AttachRequest, known: Conversation): AttachResult {
  if (known !== state.conversation || known.superseded) {
    return refuse('close', 'PATTER_CALL_DUPLICATE', 'the call goes on with another stream');
  }
  const { phase } = state;
  const open = phase.kind === 'talking' || (phase.kind === 'reconnecting' && phase.why === 'gateway_lost');
  if (known.result?.kind !== 'lost' || !open || !state.rules) return attached(state, request, known);
  const conversation = reopenConversation(state, known, state.rules.setup.agent.maxDurationMs);
  state.orders.repeat(state);
  return attached(state, request, conversation);
}

/** Why the agent speaks again: asked before the new conversation is open. */
function resumeReason(state: CallState): Extract<AttachResult, { kind: 'attached' }>['resume'] {
  const last = state.conversation?.result;
  if (!state.conversation) return undefined;
  if (last?.kind !== 'report') return state.machineCommand === 'drop_voicemail' ? 'machine' : 'connection_lost';
  if (last.report.end === 'drained') return 'handed_over';
  return last.report.end === 'transfer_requested' ? 'transfer_unanswered' : 'connection_lost';
}

async function warmUp(state: CallState, request: AttachRequest): Promise<AttachResult> {
  state.leg.ringingAt ??= request.ringingAt ?? Date.now();
  await rulesKnown(state);
  if (state.isOver) return ended();
  if (!state.rules) return unknownCall(state);
  return {
    kind: 'attached',
    ...(request.haveSetup ? {} : { setup: state.rules.setup }),
    history: state.transcript.turns(),
    attachment: state.attachments + 1,
  };
}

/**
 * One conversation at a time: a new stream waits until the old one's gateway has reported or has been found dead. It wins over a gateway that
 * goes on heartbeating only when the carrier itself says that the old stream is over.
 */
async function oldStreamGone(state: CallState): Promise<boolean> {
  const old = state.liveConversation;
  if (!old) return true;
  await condition(() => old.result !== undefined || state.isOver, OLD_STREAM_GRACE_MS);
  if (old.result || state.isOver) return true;
  if (!old.streamOver) return false;
  old.superseded = true;
  return true;
}

function attached(state: CallState, request: AttachRequest, conversation: Conversation): Extract<AttachResult, { kind: 'attached' }> {
  return {
    kind: 'attached',
    ...(request.haveSetup || !state.rules ? {} : { setup: state.rules.setup }),
    activityId: conversationActivityId(conversation.attachment),
    history: state.transcript.turns(),
    attachment: conversation.attachment,
  };
}

function duplicateCall(state: CallState): AttachResult {
  return refuse('hangup', 'PATTER_CALL_DUPLICATE', `the attempt's call is ${state.carrierCallId}`);
}

function unknownCall(state: CallState): AttachResult {
  if (!state.refusal) return refuse('hangup', 'PATTER_CALL_NOT_FOUND', 'nothing is known of this call');
  state.refusal.told = true;
  return refuse('hangup', state.refusal.code, state.refusal.reason);
}

function ended(): AttachResult {
  return refuse('hangup', 'PATTER_CALL_ENDED', 'the call has ended');
}

function refuse(action: 'hangup' | 'close', code: ErrorCode, reason: string): AttachResult {
  return { kind: 'refused', action, code, reason };
}
