/** Engines, as objects: `phone.agent({ engine: new OpenAIRealtime({ voice: 'nova' }) })`. Hear, think and speak in one. */

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
  /** @default 'none' */
  noiseReduction?: 'none' | 'near_field' | 'far_field';
}

export class OpenAIRealtime {
  readonly provider = 'openai_realtime';
  readonly options: Readonly<OpenAIRealtimeOptions>;

  constructor(options: OpenAIRealtimeOptions = {}) {
    this.options = Object.freeze({ ...options });
    Object.freeze(this);
  }
}

export interface ElevenLabsConvAIOptions {
  /** @default ELEVENLABS_API_KEY, ELEVENLABS_KEY */
  apiKey?: string;
  /** The agent as it is set up at ElevenLabs. @default ELEVENLABS_AGENT_ID */
  agentId?: string;
  /** Voice id that the agent's settings at ElevenLabs must allow. @default the agent's own */
  voice?: string;
  /** The prompt and the language of this agent are used instead of the ones at ElevenLabs, whose settings must allow it. @default neither */
  override?: { prompt?: boolean; language?: boolean };
}

export class ElevenLabsConvAI {
  readonly provider = 'elevenlabs_convai';
  readonly options: Readonly<ElevenLabsConvAIOptions>;

  constructor(options: ElevenLabsConvAIOptions = {}) {
    this.options = Object.freeze({ ...options });
    Object.freeze(this);
  }
}
