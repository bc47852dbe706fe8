import type { SttSpec } from '../../contracts/providers';

export type DeepgramSttSpec = Extract<SttSpec, { provider: 'deepgram' }>;
export type OpenAiSttSpec = Extract<SttSpec, { provider: 'openai' }>;
