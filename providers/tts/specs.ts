import type { TtsSpec } from '../../contracts/providers';

export type OpenAiTtsSpec = Extract<TtsSpec, { provider: 'openai' }>;
export type ElevenLabsTtsSpec = Extract<TtsSpec, { provider: 'elevenlabs' }>;
