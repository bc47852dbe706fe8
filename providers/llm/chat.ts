/** A text model in a conversation: streams words and tool calls. One file per vendor. */
import type { UsageLine } from '../../contracts/call';

/** One entry of what a text model is asked with. */
export type ChatMessage =
  | { role: 'system' | 'user' | 'assistant'; text: string }
  | { role: 'assistant'; toolCalls: { id: string; name: string; arguments: string }[]; text?: string }
  | { role: 'tool'; toolCallId: string; text: string };

export interface ChatTool {
  name: string;
  description: string;
  /** JSON Schema. */
  parameters: Record<string, unknown>;
}

export type ChatDelta =
  | { kind: 'text'; text: string }
  /** Complete: name and arguments have ended. */
  | { kind: 'tool_call'; id: string; name: string; arguments: string }
  | { kind: 'usage'; lines: UsageLine[] };

export interface ChatModel {
  /**
   * One answer. A refusal of the vendor (HTTP 4xx, 5xx) is an error and never an empty stream.
   * @throws PatterError PATTER_PROVIDER_FAILED, also when the first word does not come in time
   */
  answer(request: { messages: readonly ChatMessage[]; tools: readonly ChatTool[]; signal: AbortSignal }): AsyncIterable<ChatDelta>;
}
