/** One stream's part of the call: an activity that its gateway heartbeats and completes. */
import { ActivityFailure, CancellationScope, patched, TimeoutFailure } from '@temporalio/workflow';
import { type Checkpoint, type ConversationReport, conversationActivityId } from '../../contracts/call';
import { startConversation } from './activities';
import type { CallState, Conversation, ConversationResult } from './call-state';
import { noteOptOut } from './opt-out';

/** Above the agent's own limit, which the gateway keeps: time for a greeting, a voicemail's beep and a farewell. */
const OVERTIME_MS = 90_000;

export function openConversation(state: CallState, stream: { streamId: string; gatewayId: string; maxDurationMs: number }): Conversation {
  const attachment = ++state.attachments;
  const scope = new CancellationScope();
  const conversation: Conversation = {
    attachment,
    streamId: stream.streamId,
    gatewayId: stream.gatewayId,
    streamOver: false,
    superseded: false,
    cancel: () => scope.cancel(),
  };
  const input = { callId: state.input.callId, streamId: stream.streamId, gatewayId: stream.gatewayId };
  void scope
    .run(() => startConversation(input, conversationActivityId(attachment), stream.maxDurationMs + OVERTIME_MS))
    .then(
      (report) => {
        state.transcript.complete(attachment, report, state.rules?.setup.carrier ?? 'twilio');
        finish(state, conversation, { kind: 'report', report });
      },
      (error) => {
        // Reported in another way, and cancelled for that.
        if (conversation.result?.kind === 'report') return;
        const failure = describeFailure(error);
        if (failure.checkpoint) state.transcript.recover(attachment, failure.checkpoint);
        finish(state, conversation, failure.result);
        const { lateReport } = conversation;
        if (lateReport && patched('report-before-loss')) acceptLateReport(state, conversation, lateReport);
      },
    );
  state.conversation = conversation;
  state.streams.set(stream.streamId, conversation);
  return conversation;
}

/** A stream that was over before anything was heard of it: no activity waits for its report. */
export function recordConversation(state: CallState, stream: { streamId: string; gatewayId: string }): Conversation {
  const conversation: Conversation = {
    ...{ attachment: ++state.attachments, ...stream },
    ...{ streamOver: true, superseded: false, cancel: () => undefined },
  };
  // Who talks now goes on talking.
  if (!state.liveConversation) state.conversation = conversation;
  state.streams.set(stream.streamId, conversation);
  return conversation;
}

/** The report of a conversation whose activity, if it has one, nobody will complete. */
export function takeReport(state: CallState, conversation: Conversation, report: ConversationReport): void {
  state.transcript.complete(conversation.attachment, report, state.rules?.setup.carrier ?? 'twilio');
  finish(state, conversation, { kind: 'report', report });
  conversation.cancel();
}

/** The same stream, whose gateway was taken for lost and is not. */
export function reopenConversation(state: CallState, lost: Conversation, maxDurationMs: number): Conversation {
  state.transcript.carryOn(lost.attachment, state.attachments + 1);
  const conversation = openConversation(state, { streamId: lost.streamId, gatewayId: lost.gatewayId, maxDurationMs });
  conversation.streamOver = lost.streamOver;
  return conversation;
}

/** From a gateway that could not tell in time. What has been decided meanwhile stands. */
export function acceptLateReport(state: CallState, conversation: Conversation, report: ConversationReport): void {
  const { kind } = state.phase;
  // Both in one task: a workflow hears signals first, and of the activity's time-out afterwards.
  if (!conversation.result) conversation.lateReport = report;
  if (conversation.result?.kind !== 'lost' || kind === 'settling' || kind === 'ended') return;
  state.transcript.complete(conversation.attachment, report, state.rules?.setup.carrier ?? 'twilio');
  if (conversation === state.conversation) finish(state, conversation, { kind: 'report', report });
}

function finish(state: CallState, conversation: Conversation, result: ConversationResult): void {
  conversation.result = result;
  if (result.kind !== 'report') return;
  const { report } = result;
  state.providerFailure = report.error ?? state.providerFailure;
  state.callback = report.callback ?? state.callback;
  if (report.end === 'voicemail_left') state.voicemailLeft = true;
  if (report.end === 'opted_out') noteOptOut(state, { by: 'voice' });
}

function describeFailure(error: unknown): { result: ConversationResult; checkpoint?: Checkpoint } {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (cause instanceof TimeoutFailure) {
    const checkpoint = (cause.lastHeartbeatDetails ?? undefined) as Checkpoint | undefined;
    if (cause.timeoutType === 'START_TO_CLOSE') return { result: { kind: 'overtime' }, checkpoint };
    return { result: { kind: 'lost', why: 'the gateway fell silent' }, checkpoint };
  }
  return { result: { kind: 'lost', why: cause?.message ?? 'the gateway gave the conversation up' } };
}
