/** The carrier asks what to do with a caller whose stream, or whose transfer, has ended. */
import { condition } from '@temporalio/workflow';
import type { NextInstruction, NextInstructionRequest } from '../../contracts/call';
import { OLD_STREAM_GRACE_MS } from './attach';
import type { CallState, Conversation } from './call-state';
import { nextTransferNumber } from './transferring';

const HANG_UP: NextInstruction = { kind: 'hangup' };
/** A transfer's request takes the call away from this pause. */
const WAIT_FOR_TRANSFER: NextInstruction = { kind: 'wait', ms: 10_000 };
const HOLD: NextInstruction = { kind: 'hold' };
/** The stream is over because the caller is connected with a person, or the person was gone in that very moment. */
const WAIT_FOR_PERSON: NextInstruction = { kind: 'wait', ms: 2_000 };
/** Somebody talks to the caller, and the question is about another stream: an old question that was sent again, or one that the live stream's end will answer. */
const ASK_AGAIN: NextInstruction = { kind: 'wait', ms: 2_000 };
/** A caller is not passed around for ever. */
export const MAX_ATTACHMENTS = 12;

/** The carrier keeps a call whose stream is over (Telnyx): it is never hung up for that, and a stream that was replaced is nobody's business. */
export async function nextInstruction(state: CallState, request: NextInstructionRequest): Promise<NextInstruction> {
  const { endedNonce } = request;
  if (endedNonce === undefined) return instruction(state, request);
  state.keptByCarrier = true;
  const ended = state.usedNonces.get(endedNonce);
  const talk = state.liveConversation;
  if (talk && talk.streamId !== ended) return { kind: 'leave' };
  const next = await instruction(state, request);
  return next.kind === 'hangup' || next === WAIT_FOR_PERSON ? { kind: 'leave' } : next;
}

/** The stream that the question is about, where one was opened with its token. */
function streamBefore(state: CallState, { afterNonce }: NextInstructionRequest): Conversation | undefined {
  const streamId = afterNonce === undefined ? undefined : state.usedNonces.get(afterNonce);
  return streamId === undefined ? undefined : state.streams.get(streamId);
}

async function instruction(state: CallState, request: NextInstructionRequest): Promise<NextInstruction> {
  if (!state.adopt(request.carrierCallId)) return HANG_UP;
  const before = streamBefore(state, request);
  // A newer stream has taken its place: a question that comes again, from whomever, gets no stream and changes nothing.
  if (before && before !== state.conversation) return state.isOver || state.mustStop ? HANG_UP : ASK_AGAIN;
  state.instructionsAsked++;
  const talk = state.liveConversation;
  if (talk) {
    // The carrier asks only when the stream is over: its gateway reports in a moment, or is dead.
    if (before === talk || request.afterNonce === undefined) talk.streamOver = true;
    await condition(() => talk.result !== undefined || state.isOver, OLD_STREAM_GRACE_MS);
  }
  // The orchestrator takes the report in and moves on.
  await condition(() => state.phase.kind !== 'talking' || state.isOver || state.liveConversation !== undefined);
  if (state.isOver || state.mustStop || state.attachments >= MAX_ATTACHMENTS) return HANG_UP;
  const live = state.liveConversation;
  // Of this one nobody has said that it is over.
  if (live && request.afterNonce !== undefined && live.streamId !== before?.streamId) return ASK_AGAIN;
  const stream: NextInstruction = { kind: 'stream', attachment: state.attachments + 1 };
  switch (state.phase.kind) {
    case 'admitting':
    case 'dialing':
    case 'reconciling':
    case 'waiting':
    case 'talking':
    case 'reconnecting':
      return stream;
    case 'transferring': {
      const { transferNumber } = state.phase;
      const result = state.transferResults.get(transferNumber);
      if (!result) return WAIT_FOR_TRANSFER;
      if (result.answered) return HANG_UP;
      return nextTransferNumber(state, transferNumber) === undefined ? stream : WAIT_FOR_TRANSFER;
    }
    case 'consulting':
      return state.phase.connecting ? WAIT_FOR_PERSON : HOLD;
    case 'transferred':
      return HANG_UP;
    case 'ending':
    case 'settling':
    case 'ended':
      return HANG_UP;
    default:
      return state.phase satisfies never;
  }
}
