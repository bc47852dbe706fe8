/** Who hears in a pipeline: `phone.agent({ stt: new DeepgramSTT() })`. */
import { STTConfig } from './voice-configs';

interface CommonOptions {
  /** @default the vendor's variable in the environment */
  apiKey?: string;
  /** BCP 47. @default the agent's, else 'en' */
  language?: string;
}

/** Options of `new DeepgramSTT()`. */
export interface DeepgramSTTOptions extends CommonOptions {
  /** `nova-…`, or `flux-…`, which also decides when a turn is over. @default 'nova-3' */
  model?: string;
  /** Words that must be understood: names, products. */
  keyterms?: readonly string[];
  /** nova: silence after which a segment is final, milliseconds. @default 300 */
  endpointingMs?: number;
  /** nova: gap between words after which the utterance is over, milliseconds. @default 1000 */
  utteranceEndMs?: number;
  /** flux: confidence from which a turn is over, 0.5 to 1. @default 0.7 */
  eotThreshold?: number;
  /** flux: confidence from which an answer is prepared before that, with `turns.preemptive`, 0.3 to 0.9. @default 0.5 */
  eagerEotThreshold?: number;
  /** flux: a turn is over after so much silence, milliseconds. @default 5000 */
  eotTimeoutMs?: number;
}

/** Key: DEEPGRAM_API_KEY. */
export class DeepgramSTT extends STTConfig {
  constructor({ apiKey, language, ...settings }: DeepgramSTTOptions = {}) {
    super({ provider: 'deepgram', apiKey, language, settings });
  }
}

/** One utterance at a time. Key: OPENAI_API_KEY. */
export class WhisperSTT extends STTConfig {
  constructor({ apiKey, language, ...settings }: CommonOptions & { /** What the talk is about, in its words. */ prompt?: string } = {}) {
    super({ provider: 'whisper', apiKey, language, settings });
  }
}

/** Options of `new OpenAISTT()`. */
export interface OpenAISTTOptions extends CommonOptions {
  /** @default 'gpt-4o-mini-transcribe' */
  model?: string;
  /** What the talk is about, in its words. */
  prompt?: string;
}

/** Words as they come. Key: OPENAI_API_KEY. */
export class OpenAISTT extends STTConfig {
  constructor({ apiKey, language, ...settings }: OpenAISTTOptions = {}) {
    super({ provider: 'openai', apiKey, language, settings });
  }
}
