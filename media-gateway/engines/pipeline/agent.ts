import type { ChatDelta, ChatMessage, ChatModel } from '../../../providers/llm/chat';
import type { EngineTool } from '../engine';

export interface AgentRequest {
  /** The same when it is asked again, after a failure. */
  requestId: string;
  /** The instructions first, then the conversation, then what is wanted of this one answer. */
  messages: readonly ChatMessage[];
  /** What is wanted of this one answer besides. */
  instructions: string | undefined;
  tools: readonly EngineTool[];
  signal: AbortSignal;
}

/** Who thinks: a model, or the developer's own code. */
export interface PipelineAgent {
  /** @throws what keeps it from answering; nothing of it was an answer then, or only the beginning */
  answer(request: AgentRequest): AsyncIterable<ChatDelta>;
  close(): void;
}

export class ModelAgent implements PipelineAgent {
  constructor(private readonly model: ChatModel) {}

  answer({ messages, tools, signal }: AgentRequest): AsyncIterable<ChatDelta> {
    return this.model.answer({ messages, tools, signal });
  }

  close(): void {}
}
