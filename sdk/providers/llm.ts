/** Who thinks in a pipeline: `phone.agent({ llm: new OpenAILLM() })`. */
import { LLMConfig } from './voice-configs';

/** Options of `new OpenAILLM()`. */
export interface OpenAILLMOptions {
  /** @default OPENAI_API_KEY */
  apiKey?: string;
  /** @default 'gpt-4o-mini' */
  model?: string;
  /** 0 to 2. */
  temperature?: number;
  /** Tokens of one answer. @default 400 */
  maxTokens?: number;
}

/** A language model of OpenAI thinks. Key: OPENAI_API_KEY. */
export class OpenAILLM extends LLMConfig {
  constructor({ apiKey, model, ...settings }: OpenAILLMOptions = {}) {
    super({ provider: 'openai', apiKey, model, settings });
  }
}
