import { commandGateway } from './activities';
import type { CallState, Conversation } from './call-state';

/** To the gateway that asked. One that is gone has nobody who waits: what the next one must know, its attach tells. */
export function answerTool(state: CallState, conversation: Conversation, requestId: string, answer: { ok: boolean; result: string }): void {
  const { callId } = state.input;
  const { gatewayId, streamId } = conversation;
  const command = { kind: 'tool_answer', commandId: `${callId}/tool_answer/${requestId}`, callId, streamId, requestId, ...answer } as const;
  void commandGateway({ gatewayId, command }).catch(() => undefined);
}
