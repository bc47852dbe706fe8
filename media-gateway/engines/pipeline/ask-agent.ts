import type { ChatDelta, ChatMessage } from '../../../providers/llm/chat';
import type { EngineTool, RespondOptions } from '../engine';
import type { PipelineAgent } from './agent';
import type { HookRunner } from './hooks';

export interface Question {
  requestId: string;
  conversation: readonly ChatMessage[];
  options: RespondOptions;
  /** As they are when the agent is asked. */
  tools: () => readonly EngineTool[];
  signal: AbortSignal;
}

/** Asks for one answer, with the instructions around the conversation; a hook may have it otherwise, or not at all. */
export async function* askAgent(
  { instructions, agent, hooks }: { instructions: string; agent: PipelineAgent; hooks: HookRunner },
  { requestId, conversation, options, tools, signal }: Question,
): AsyncGenerator<ChatDelta> {
  // What is wanted of this answer stands last, where a model heeds it best.
  const order = options.instructions?.startsWith(instructions)
    ? options.instructions.slice(instructions.length).trim()
    : options.instructions;
  const messages: ChatMessage[] = [
    { role: 'system', text: instructions },
    ...conversation,
    ...(order ? [{ role: 'system', text: order } as const] : []),
  ];
  const wanted = await hooks.run('beforeLlm', messages);
  if (wanted === null) return;
  signal.throwIfAborted();
  yield* agent.answer({
    requestId,
    messages: wanted,
    instructions: order || undefined,
    tools: options.tools === false ? [] : tools(),
    signal,
  });
}
