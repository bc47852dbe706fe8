/** Engines, as objects: `phone.agent({ engine: new OpenAIRealtime({ voice: 'nova' }) })`. Hear, think and speak in one. */

/** How OpenAI finds the caller's turns: by loudness, or by the words (`eagerness`: low waits 8 s at most, medium and auto 4 s, high 2 s). */
export type OpenAIRealtimeVad =
  | { type: 'server'; threshold?: number; prefixPaddingMs?: number; silenceMs?: number }
  | { type: 'semantic'; eagerness?: 'auto' | 'low' | 'medium' | 'high' };

/** Options of `new OpenAIRealtime()`. */
export interface OpenAIRealtimeOptions {
  /** @default OPENAI_API_KEY, OPENAI_KEY */
  apiKey?: string;
  /** @default 'gpt-realtime-mini' */
  model?: string;
  /** @default 'alloy' */
  voice?: string;
  /** 0.25 to 1.5. @default 1 */
  speed?: number;
  /** Silence that ends the caller's turn, milliseconds. @default 500 */
  silenceMs?: number;
  /** @default { type: 'server', threshold: 0.5, prefixPaddingMs: 300 }, with `silenceMs` */
  vad?: OpenAIRealtimeVad;
  /** `near_field` for a handset at the mouth, `far_field` for a speakerphone. @default 'none' */
  noiseReduction?: 'none' | 'near_field' | 'far_field';
}

/** One model of OpenAI hears, thinks and speaks: the shortest way from ear to mouth. Frozen. */
export class OpenAIRealtime {
  /** Which engine. */
  readonly provider = 'openai_realtime';
  /** As given. */
  readonly options: Readonly<OpenAIRealtimeOptions>;

  constructor(options: OpenAIRealtimeOptions = {}) {
    this.options = Object.freeze({ ...options });
    Object.freeze(this);
  }
}

/** Options of `new ElevenLabsConvAI()`. */
export interface ElevenLabsConvAIOptions {
  /** @default ELEVENLABS_API_KEY, ELEVENLABS_KEY */
  apiKey?: string;
  /** The agent as it is set up at ElevenLabs. @default ELEVENLABS_AGENT_ID */
  agentId?: string;
  /** Voice id that the agent's settings at ElevenLabs must allow. @default the agent's own */
  voice?: string;
  /**
   * What is used instead of the settings at ElevenLabs, which must allow each: the prompt and the language of this agent; a model by ElevenLabs' name for it;
   * stability (0 to 1), similarityBoost (0 to 1) and speed (0.7 to 1.2) of the voice. @default none of them
   */
  override?: { prompt?: boolean; language?: boolean; llm?: string; stability?: number; similarityBoost?: number; speed?: number };
}

/** An agent that was set up at ElevenLabs has the conversation. Frozen. */
export class ElevenLabsConvAI {
  /** Which engine. */
  readonly provider = 'elevenlabs_convai';
  /** As given. */
  readonly options: Readonly<ElevenLabsConvAIOptions>;

  constructor(options: ElevenLabsConvAIOptions = {}) {
    this.options = Object.freeze({ ...options });
    Object.freeze(this);
  }
}
