/** Text models, for work after the call. One file per vendor. */
import type { UsageLine } from '../../contracts/call';

export interface LlmRequest {
  model: string;
  /** What to do; ours. */
  instructions: string;
  /** What to do it with; may hold anything a caller said. */
  input: string;
  /** JSON Schema of the answer; without one the answer is text. */
  schema?: { name: string; schema: Record<string, unknown> };
  signal?: AbortSignal;
}

export interface LlmAnswer {
  /** JSON where a schema was given: valid JSON, but not checked against it. */
  text: string;
  usage: UsageLine[];
}

export interface Llm {
  /** One request, no retry inside. @throws LlmError */
  answer(request: LlmRequest): Promise<LlmAnswer>;
}
