/** Streaming chat completions with the `openai` package. */
import OpenAI, { APIConnectionError, APIError } from 'openai';
import type { UsageLine } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import type { LlmSpec } from '../../contracts/providers';
import type { ChatDelta, ChatMessage, ChatModel, ChatTool } from './chat';

export interface OpenAiChatOptions {
  spec: Extract<LlmSpec, { provider: 'openai' }>;
  apiKey: string | undefined;
  /** With `/v1`. */
  baseUrl: string;
  clock: Clock;
  /** Milliseconds until the first word or tool call. */
  firstMs: number;
  /** Milliseconds between two pieces of an answer. */
  stallMs: number;
}

export const DEFAULT_OPENAI_CHAT = { firstMs: 5_000, stallMs: 5_000 } as const satisfies Partial<OpenAiChatOptions>;

interface PartialCall {
  id: string;
  name: string;
  arguments: string;
}

/** One per call. A request that is abandoned is aborted at the vendor too. */
export class OpenAiChat implements ChatModel {
  readonly #client: OpenAI | undefined;
  readonly #options: OpenAiChatOptions;

  constructor(options: Omit<OpenAiChatOptions, 'firstMs' | 'stallMs'> & Partial<OpenAiChatOptions>) {
    this.#options = { ...DEFAULT_OPENAI_CHAT, ...options };
    const { apiKey, baseUrl, firstMs } = this.#options;
    // A retry inside would outlast the caller's patience: who asks decides.
    this.#client = apiKey ? new OpenAI({ apiKey, baseURL: baseUrl, timeout: 4 * firstMs, maxRetries: 0 }) : undefined;
  }

  async *answer({ messages, tools, signal }: Parameters<ChatModel['answer']>[0]): AsyncGenerator<ChatDelta> {
    if (!this.#client) throw new PatterError('PATTER_CREDENTIAL_MISSING', 'Set OPENAI_API_KEY: the agent thinks with OpenAI');
    const { spec, firstMs, stallMs } = this.#options;
    const deadline = new Deadline(this.#options.clock);
    const both = AbortSignal.any([signal, deadline.signal]);
    const calls = new Map<number, PartialCall>();
    try {
      deadline.in(firstMs, `said nothing within ${firstMs} ms`);
      const stream = await this.#client.chat.completions.create(
        {
          model: spec.model,
          messages: messages.map(messageOf),
          stream: true,
          stream_options: { include_usage: true },
          // The name that every model takes; `max_tokens` is refused by those that reason.
          max_completion_tokens: spec.maxTokens,
          ...(spec.temperature !== undefined && { temperature: spec.temperature }),
          ...(tools.length > 0 && { tools: tools.map(toolOf) }),
        },
        { signal: both },
      );
      for await (const chunk of stream) {
        deadline.in(stallMs, `fell silent for ${stallMs} ms`);
        const usage = usageOf(chunk.usage, spec.model);
        if (usage.length > 0) yield { kind: 'usage', lines: usage };
        const choice = chunk.choices.at(0);
        const text = choice?.delta.content ?? choice?.delta.refusal;
        if (text) yield { kind: 'text', text };
        for (const part of choice?.delta.tool_calls ?? []) {
          // The next call begins: the ones before it are complete.
          if (!calls.has(part.index)) yield* complete(calls);
          add(calls, part);
        }
        if (choice?.finish_reason) yield* complete(calls);
        both.throwIfAborted();
      }
      // The package ends the stream without an error when it is aborted.
      both.throwIfAborted();
      yield* complete(calls);
    } catch (error) {
      signal.throwIfAborted();
      throw failure(deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      deadline.stop();
    }
  }
}

/** A deadline that is put off as long as something comes. */
class Deadline {
  readonly #abort = new AbortController();
  #cancel: () => void = () => undefined;

  constructor(private readonly clock: Clock) {}

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  in(ms: number, problem: string): void {
    this.#cancel();
    this.#cancel = this.clock.after(ms, () => this.#abort.abort(new PatterError('PATTER_PROVIDER_FAILED', `OpenAI ${problem}`)));
  }

  stop(): void {
    this.#cancel();
  }
}

function add(calls: Map<number, PartialCall>, part: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall): void {
  const call = calls.get(part.index) ?? { id: '', name: '', arguments: '' };
  call.id ||= part.id ?? '';
  call.name += part.function?.name ?? '';
  call.arguments += part.function?.arguments ?? '';
  calls.set(part.index, call);
}

function* complete(calls: Map<number, PartialCall>): Generator<ChatDelta> {
  for (const [index, call] of [...calls]) {
    if (call.id === '') continue;
    yield { kind: 'tool_call', ...call };
    // Told once; its place stays taken.
    calls.set(index, { id: '', name: '', arguments: '' });
  }
}

function messageOf(message: ChatMessage): OpenAI.ChatCompletionMessageParam {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.toolCallId, content: message.text };
  if (!('toolCalls' in message)) return { role: message.role, content: message.text };
  return {
    role: 'assistant',
    ...(message.text && { content: message.text }),
    tool_calls: message.toolCalls.map(({ id, name, arguments: args }) => ({ id, type: 'function', function: { name, arguments: args } })),
  };
}

function toolOf({ name, description, parameters }: ChatTool): OpenAI.ChatCompletionTool {
  return { type: 'function', function: { name, description, parameters } };
}

/** Priced by the model that was asked for; the answer names a dated version. Cached tokens are part of the prompt's: each is on one line only. */
function usageOf(usage: OpenAI.CompletionUsage | null | undefined, item: string): UsageLine[] {
  if (!usage) return [];
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  const line = (unit: string, quantity: number): UsageLine => ({ provider: 'openai', service: 'llm', item, unit, quantity });
  return [
    line('input_text_token', usage.prompt_tokens - cached),
    line('cached_text_token', cached),
    line('output_text_token', usage.completion_tokens),
  ].filter(({ quantity }) => quantity > 0);
}

function failure(cause: unknown): PatterError {
  if (cause instanceof PatterError) return cause;
  const problem =
    cause instanceof APIConnectionError
      ? `cannot be reached: ${cause.message}`
      : cause instanceof APIError
        ? `answered ${cause.message}`
        : `failed: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new PatterError('PATTER_PROVIDER_FAILED', `OpenAI ${problem}`, { cause });
}
