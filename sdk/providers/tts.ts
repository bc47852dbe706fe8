/** Who speaks in a pipeline: `phone.agent({ tts: new ElevenLabsTTS() })`. */
import { TTSConfig } from './voice-configs';

/** Options of `new ElevenLabsTTS()`. */
export interface ElevenLabsTTSOptions {
  /** @default ELEVENLABS_API_KEY */
  apiKey?: string;
  /** A voice id, or a well-known name. @default the agent's, else 'rachel' */
  voice?: string;
  /** @default 'eleven_flash_v2_5' */
  model?: string;
  /** `websocket` speaks while the text is still being written. @default 'websocket' */
  transport?: 'websocket' | 'http';
  /** 0 to 1. */
  stability?: number;
  /** 0 to 1. */
  similarityBoost?: number;
  /** 0.7 to 1.2. */
  speed?: number;
}

/** ElevenLabs speaks. Key: ELEVENLABS_API_KEY. */
export class ElevenLabsTTS extends TTSConfig {
  constructor({ apiKey, voice, ...settings }: ElevenLabsTTSOptions = {}) {
    super({ provider: 'elevenlabs', apiKey, voice, usualVoice: 'rachel', settings });
  }
}

/** Options of `new OpenAITTS()`. */
export interface OpenAITTSOptions {
  /** @default OPENAI_API_KEY */
  apiKey?: string;
  /** @default the agent's, else 'alloy' */
  voice?: string;
  /** @default 'gpt-4o-mini-tts' */
  model?: string;
  /** How to speak. */
  instructions?: string;
  /** 0.25 to 4. @default 1 */
  speed?: number;
}

/** OpenAI speaks. Key: OPENAI_API_KEY. */
export class OpenAITTS extends TTSConfig {
  constructor({ apiKey, voice, ...settings }: OpenAITTSOptions = {}) {
    super({ provider: 'openai', apiKey, voice, settings });
  }
}
