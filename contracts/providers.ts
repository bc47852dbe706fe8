/** Which vendor hears, thinks and speaks in a pipeline agent, and how it is set. One schema per vendor; adding a vendor is one entry in each list. */
import { z } from 'zod';

const deepgramStt = z.strictObject({
  provider: z.literal('deepgram'),
  /** `nova-…` hears and tells when a pause begins; `flux-…` also decides when a turn is over. */
  model: z.string().default('nova-3'),
  /** Words that must be understood: names, products. */
  keyterms: z.array(z.string().min(1)).max(100).default([]),
  /** nova: silence after which a segment is final, milliseconds. */
  endpointingMs: z.number().int().min(10).max(5_000).default(300),
  /** nova: gap between words after which the utterance is over, milliseconds; Deepgram takes 1000 and more. */
  utteranceEndMs: z.number().int().min(1_000).max(5_000).default(1_000),
  /** flux: confidence from which a turn is over. */
  eotThreshold: z.number().min(0.5).max(1).default(0.7),
  /** flux: confidence from which an answer is prepared before that, with `turns.preemptive`; unset: 0.5. */
  eagerEotThreshold: z.number().min(0.3).max(0.9).optional(),
  /** flux: a turn is over after so much silence, whatever the confidence. */
  eotTimeoutMs: z.number().int().min(500).max(60_000).default(5_000),
});

const openaiStt = z.strictObject({
  provider: z.literal('openai'),
  /** `gpt-4o-…-transcribe` streams over a Realtime transcription socket; `whisper-1` gets one utterance at a time over HTTP. */
  model: z.string().default('gpt-4o-mini-transcribe'),
  /** What the conversation is about, in the words that will be used. */
  prompt: z.string().optional(),
});

export const sttSchema = z.discriminatedUnion('provider', [deepgramStt, openaiStt]);
export type SttSpec = z.output<typeof sttSchema>;

/** Deepgram's recogniser that decides by itself when a turn is over; all others of Deepgram's are nova. */
export function isFlux(stt: SttSpec): stt is Extract<SttSpec, { provider: 'deepgram' }> {
  return stt.provider === 'deepgram' && stt.model.startsWith('flux');
}

const openaiTts = z.strictObject({
  provider: z.literal('openai'),
  model: z.string().default('gpt-4o-mini-tts'),
  voice: z.string().default('alloy'),
  /** How to speak, for the models that take it. */
  instructions: z.string().optional(),
  speed: z.number().min(0.25).max(4).default(1),
});

const elevenlabsTts = z.strictObject({
  provider: z.literal('elevenlabs'),
  model: z.string().default('eleven_flash_v2_5'),
  /** A voice id, or one of the well-known names (`rachel`, …). */
  voice: z.string().default('rachel'),
  /** `websocket` speaks while the text is still being written; `http` sentence by sentence. */
  transport: z.enum(['websocket', 'http']).default('websocket'),
  stability: z.number().min(0).max(1).optional(),
  similarityBoost: z.number().min(0).max(1).optional(),
  speed: z.number().min(0.7).max(1.2).optional(),
});

export const ttsSchema = z.discriminatedUnion('provider', [openaiTts, elevenlabsTts]);
export type TtsSpec = z.output<typeof ttsSchema>;

const openaiLlm = z.strictObject({
  provider: z.literal('openai'),
  model: z.string().default('gpt-4o-mini'),
  temperature: z.number().min(0).max(2).optional(),
  /** Tokens of one answer. */
  maxTokens: z.number().int().min(16).max(4_096).default(400),
});

export const llmSchema = z.discriminatedUnion('provider', [openaiLlm]);
export type LlmSpec = z.output<typeof llmSchema>;
