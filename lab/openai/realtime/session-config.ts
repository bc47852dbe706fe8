/** The session object of GA Realtime: what `session.update` may say, and what holds when it says nothing. */
import type { RealtimeSessionCreateRequest } from 'openai/resources/realtime/realtime';
import { z } from 'zod';
import { ApiError, parseOrThrow } from '../api-error';

export const format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000).default(24_000) }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
]);

export const turnDetection = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('server_vad'),
    threshold: z.number().min(0).max(1).default(0.5),
    prefix_padding_ms: z.number().int().min(0).max(5_000).default(300),
    silence_duration_ms: z.number().int().min(0).max(10_000).default(500),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
    idle_timeout_ms: z.number().int().min(5_000).max(30_000).nullish(),
  }),
  z.strictObject({
    type: z.literal('semantic_vad'),
    eagerness: z.enum(['low', 'medium', 'high', 'auto']).default('auto'),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
  }),
]);

const tool = z.strictObject({
  type: z.literal('function'),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

const toolChoice = z.union([z.enum(['auto', 'none', 'required']), z.strictObject({ type: z.literal('function'), name: z.string() })]);
const maxOutputTokens = z.union([z.number().int().min(1).max(4_096), z.literal('inf')]);
const modalities = z.array(z.enum(['text', 'audio'])).length(1);
const voice = z.union([z.string(), z.strictObject({ id: z.string() })]);

export const sessionUpdateSchema = z.strictObject({
  type: z.literal('realtime'),
  model: z.string().optional(),
  instructions: z.string().optional(),
  output_modalities: modalities.optional(),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: format.optional(),
          noise_reduction: z.strictObject({ type: z.enum(['near_field', 'far_field']) }).nullish(),
          transcription: z
            .strictObject({
              model: z.string().optional(),
              language: z.string().optional(),
              prompt: z.string().optional(),
              delay: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
            })
            .nullish(),
          turn_detection: turnDetection.nullish(),
        })
        .optional(),
      output: z
        .strictObject({ format: format.optional(), voice: voice.optional(), speed: z.number().min(0.25).max(1.5).optional() })
        .optional(),
    })
    .optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  max_output_tokens: maxOutputTokens.optional(),
  truncation: z
    .union([
      z.enum(['auto', 'disabled']),
      z.strictObject({
        type: z.literal('retention_ratio'),
        retention_ratio: z.number().min(0).max(1),
        token_limits: z.strictObject({ post_instructions: z.number().int().min(0).optional() }).optional(),
      }),
    ])
    .optional(),
  include: z.array(z.literal('item.input_audio_transcription.logprobs')).nullish(),
  tracing: z.unknown().optional(),
  prompt: z.unknown().optional(),
  reasoning: z.strictObject({ effort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional() }).optional(),
});

/** What one `response.create` may say otherwise than the session. */
export const responseCreateSchema = z.strictObject({
  instructions: z.string().optional(),
  output_modalities: modalities.optional(),
  audio: z.strictObject({ output: z.strictObject({ format: format.optional(), voice: voice.optional() }).optional() }).optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  max_output_tokens: maxOutputTokens.optional(),
  conversation: z.string().optional(),
  input: z.array(z.record(z.string(), z.unknown())).optional(),
  metadata: z.record(z.string(), z.string()).nullish(),
  prompt: z.unknown().optional(),
  reasoning: z.unknown().optional(),
});

export type AudioFormat = z.output<typeof format>;
export type TurnDetection = z.output<typeof turnDetection>;
export type FunctionTool = z.output<typeof tool>;
export type ResponseOptions = z.output<typeof responseCreateSchema>;

export interface SessionConfig {
  model: string;
  instructions: string;
  modality: 'text' | 'audio';
  inputFormat: AudioFormat;
  noiseReduction: { type: 'near_field' | 'far_field' } | null;
  transcription: { model?: string } | null;
  turnDetection: TurnDetection | null;
  outputFormat: AudioFormat;
  voice: string | { id: string };
  speed: number;
  tools: FunctionTool[];
  toolChoice: z.output<typeof toolChoice>;
  maxOutputTokens: number | 'inf';
  truncation: RealtimeSessionCreateRequest['truncation'];
}

export function defaultSession(model: string): SessionConfig {
  return {
    model,
    instructions: '',
    modality: 'audio',
    inputFormat: { type: 'audio/pcm', rate: 24_000 },
    noiseReduction: null,
    transcription: null,
    turnDetection: parseOrThrow(turnDetection, { type: 'server_vad' }),
    outputFormat: { type: 'audio/pcm', rate: 24_000 },
    voice: 'alloy',
    speed: 1,
    tools: [],
    toolChoice: 'auto',
    maxOutputTokens: 'inf',
    truncation: 'auto',
  };
}

/** The session after an update; what the update does not name stays. */
export function updatedSession(now: SessionConfig, update: unknown, spoken: boolean): SessionConfig {
  const given = parseOrThrow(sessionUpdateSchema, update, 'session');
  if (given.model !== undefined && given.model !== now.model) {
    throw new ApiError('cannot_update_model', "Cannot update a session's model.", 'session.model');
  }
  const { input, output } = given.audio ?? {};
  if (spoken && output?.voice !== undefined && JSON.stringify(output.voice) !== JSON.stringify(now.voice)) {
    throw new ApiError(
      'cannot_update_voice',
      "Cannot update a conversation's voice if assistant audio is present.",
      'session.audio.output.voice',
    );
  }
  return {
    model: now.model,
    instructions: given.instructions ?? now.instructions,
    modality: given.output_modalities?.[0] ?? now.modality,
    inputFormat: input?.format ?? now.inputFormat,
    noiseReduction: input?.noise_reduction === undefined ? now.noiseReduction : input.noise_reduction,
    transcription: input?.transcription === undefined ? now.transcription : input.transcription,
    turnDetection: input?.turn_detection === undefined ? now.turnDetection : input.turn_detection,
    outputFormat: output?.format ?? now.outputFormat,
    voice: output?.voice ?? now.voice,
    speed: output?.speed ?? now.speed,
    tools: given.tools ?? now.tools,
    toolChoice: given.tool_choice ?? now.toolChoice,
    maxOutputTokens: given.max_output_tokens ?? now.maxOutputTokens,
    truncation: given.truncation ?? now.truncation,
  };
}

/** The session as `session.created` and `session.updated` show it. */
export function sessionOnTheWire(id: string, config: SessionConfig, expiresAt: number): RealtimeSessionCreateRequest {
  const session = {
    object: 'realtime.session',
    id,
    expires_at: Math.floor(expiresAt / 1000),
    type: 'realtime' as const,
    model: config.model,
    instructions: config.instructions,
    output_modalities: [config.modality],
    tools: config.tools,
    tool_choice: config.toolChoice,
    max_output_tokens: config.maxOutputTokens,
    truncation: config.truncation,
    tracing: null,
    prompt: null,
    audio: {
      input: {
        format: config.inputFormat,
        noise_reduction: config.noiseReduction as never,
        transcription: config.transcription as never,
        turn_detection: config.turnDetection,
      },
      output: { format: config.outputFormat, voice: config.voice, speed: config.speed },
    },
  };
  return session;
}
