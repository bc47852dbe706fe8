/** Chat completions with the `openai` package. */
import OpenAI, { APIConnectionError, APIError } from 'openai';
import type { UsageLine } from '../../contracts/call';
import type { Llm, LlmAnswer, LlmRequest } from './llm';
import { LlmError } from './llm-error';
import { isStrictSchema } from './strict-schema';

export interface OpenAiLlmOptions {
  apiKey: string | undefined;
  /** With `/v1`. */
  baseUrl: string;
  timeoutMs: number;
}

export const DEFAULT_OPENAI_LLM = { timeoutMs: 45_000 } as const satisfies Partial<OpenAiLlmOptions>;

/** 4xx that may be different next time. */
const PASSING = new Set([408, 409, 429]);

export class OpenAiLlm implements Llm {
  readonly #client: OpenAI | undefined;

  constructor(options: Pick<OpenAiLlmOptions, 'apiKey' | 'baseUrl'> & Partial<OpenAiLlmOptions>) {
    const { apiKey, baseUrl, timeoutMs } = { ...DEFAULT_OPENAI_LLM, ...options };
    // Temporal retries; a retry inside would hide it, and outlast the deadline.
    this.#client = apiKey ? new OpenAI({ apiKey, baseURL: baseUrl, timeout: timeoutMs, maxRetries: 0 }) : undefined;
  }

  async answer({ model, instructions, input, schema, signal }: LlmRequest): Promise<LlmAnswer> {
    if (!this.#client)
      throw new LlmError('Set OPENAI_API_KEY: calls are summarised by OpenAI', false, { code: 'PATTER_CREDENTIAL_MISSING' });
    let completion: OpenAI.ChatCompletion;
    try {
      completion = await this.#client.chat.completions.create(
        {
          model,
          messages: [
            { role: 'system', content: instructions },
            { role: 'user', content: input },
          ],
          ...(schema && {
            response_format: { type: 'json_schema', json_schema: { ...schema, strict: isStrictSchema(schema.schema) } },
          }),
        },
        { signal },
      );
    } catch (error) {
      throw failure(error);
    }
    const choice = completion.choices.at(0);
    if (choice?.message.refusal) throw new LlmError(`the model refused: ${choice.message.refusal}`, false);
    const text = choice?.message.content;
    if (!text) throw new LlmError('the answer is empty', true);
    if (choice.finish_reason === 'length') throw new LlmError('the answer was cut off at the length limit', false);
    return { text, usage: usageOf(completion, model) };
  }
}

/** Priced by the model that was asked for; the answer names a dated version. */
function usageOf({ usage }: OpenAI.ChatCompletion, item: string): UsageLine[] {
  if (!usage) return [];
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  const line = (unit: string, quantity: number): UsageLine => ({ provider: 'openai', service: 'llm', item, unit, quantity });
  return [
    line('input_text_token', usage.prompt_tokens - cached),
    line('cached_text_token', cached),
    line('output_text_token', usage.completion_tokens),
  ].filter(({ quantity }) => quantity > 0);
}

function failure(cause: unknown): LlmError {
  // Connection errors and time-outs are APIErrors without a status.
  if (cause instanceof APIConnectionError) return new LlmError(`OpenAI cannot be reached: ${cause.message}`, true, { cause });
  if (!(cause instanceof APIError)) return new LlmError(`OpenAI failed: ${String(cause)}`, true, { cause });
  const status = cause.status as number | undefined;
  const final = status !== undefined && status >= 400 && status < 500 && !PASSING.has(status);
  return new LlmError(`OpenAI answered ${cause.message}`, !final, { cause });
}
