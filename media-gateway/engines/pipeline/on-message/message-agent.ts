import { randomUUID } from 'node:crypto';
import type { CallSetup } from '../../../../contracts/call';
import { type Clock, sleep } from '../../../../contracts/clock';
import { PatterError } from '../../../../contracts/errors';
import type { ChatDelta, ChatMessage } from '../../../../providers/llm/chat';
import type { AgentRequest, PipelineAgent } from '../agent';
import { type IncomingMessage, type OnMessage, spokenOf } from './on-message';

/** Milliseconds until the first word, and between two pieces, of a function in this process. */
export const FUNCTION_PATIENCE_MS = 30_000;

/** What a message is made of, whichever way it goes. */
export function messageOf(setup: CallSetup, { messages, instructions }: Pick<AgentRequest, 'messages' | 'instructions'>): IncomingMessage {
  const outbound = setup.direction === 'outbound';
  const said = messages.filter(isSaid);
  // What the caller has said since the agent last spoke; the rest is history.
  let from = said.length;
  while (said[from - 1]?.role === 'user') from--;
  const results = toolResults(messages);
  return {
    text: said
      .slice(from)
      .map(({ text }) => text)
      .join(' '),
    callId: setup.callId,
    campaignId: setup.campaignId,
    contactId: setup.contactId,
    direction: setup.direction,
    caller: outbound ? setup.to : setup.from,
    callee: outbound ? setup.from : setup.to,
    language: setup.agent.language,
    variables: setup.variables,
    customParams: setup.customParams ?? {},
    history: said.slice(0, from).map(({ role, text }) => ({ role, text })),
    ...(instructions !== undefined && { instructions }),
    ...(results.length > 0 && { toolResults: results }),
  };
}

/** A function of this process. */
export class FunctionAgent implements PipelineAgent {
  constructor(
    private readonly setup: CallSetup,
    private readonly onMessage: OnMessage,
    private readonly clock: Clock,
  ) {}

  async *answer(request: AgentRequest): AsyncGenerator<ChatDelta> {
    const { signal } = request;
    const calls: ChatDelta[] = [];
    const control = {
      signal,
      call: (name: string, args: Record<string, unknown> = {}) =>
        void calls.push({ kind: 'tool_call', id: `call_${randomUUID()}`, name, arguments: JSON.stringify(args) }),
    };
    const answer = spokenOf(
      await this.#within(
        Promise.resolve().then(() => this.onMessage(messageOf(this.setup, request), control)),
        signal,
      ),
    );
    if (typeof answer === 'string') yield { kind: 'text', text: answer };
    else {
      const pieces = answer[Symbol.asyncIterator]();
      try {
        for (;;) {
          const { done, value } = await this.#within(pieces.next(), signal);
          if (done) break;
          yield { kind: 'text', text: value };
          yield* calls.splice(0);
        }
      } finally {
        // A generator that is not read to its end cleans up; whether it wants to is its own affair.
        Promise.resolve(pieces.return?.()).catch(() => undefined);
      }
    }
    yield* calls.splice(0);
  }

  close(): void {}

  /** A promise of somebody else's may never settle. */
  async #within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    const timer = new AbortController();
    const late = sleep(this.clock, FUNCTION_PATIENCE_MS, AbortSignal.any([signal, timer.signal])).then(() => {
      throw new PatterError('PATTER_PROVIDER_FAILED', `onMessage gave nothing within ${FUNCTION_PATIENCE_MS} ms`);
    });
    late.catch(() => undefined);
    work.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      timer.abort();
    }
  }
}

function isSaid(message: ChatMessage): message is { role: 'user' | 'assistant'; text: string } {
  return (message.role === 'user' || message.role === 'assistant') && !('toolCalls' in message);
}

/** Since the agent or the caller last spoke. */
function toolResults(messages: readonly ChatMessage[]): { name: string; result: string }[] {
  const last = messages.findLastIndex(isSaid);
  const names = new Map(
    messages.flatMap((message) => ('toolCalls' in message ? message.toolCalls.map(({ id, name }) => [id, name] as const) : [])),
  );
  return messages
    .slice(last + 1)
    .flatMap((message) => (message.role === 'tool' ? { name: names.get(message.toolCallId) ?? '', result: message.text } : []));
}
