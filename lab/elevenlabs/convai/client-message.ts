/** What a client may send: anything else is a defect of the client, and ends the conversation. */
import { z } from 'zod';

const initiation = z.strictObject({
  type: z.literal('conversation_initiation_client_data'),
  conversation_config_override: z
    .strictObject({
      agent: z
        .strictObject({
          first_message: z.string().optional(),
          language: z
            .string()
            .regex(/^[a-z]{2}(-br)?$/)
            .optional(),
          prompt: z.strictObject({ prompt: z.string().optional(), llm: z.string().optional() }).optional(),
        })
        .optional(),
      tts: z
        .strictObject({
          voice_id: z
            .string()
            .regex(/^[A-Za-z0-9]{20}$/)
            .optional(),
          stability: z.number().min(0).max(1).optional(),
          similarity_boost: z.number().min(0).max(1).optional(),
          speed: z.number().min(0.7).max(1.2).optional(),
        })
        .optional(),
    })
    .optional(),
  dynamic_variables: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  user_id: z.string().optional(),
});

const typed = z.discriminatedUnion('type', [
  initiation,
  z.strictObject({ type: z.literal('pong'), event_id: z.number() }),
  z.strictObject({ type: z.literal('user_message'), text: z.string().min(1) }),
  z.strictObject({ type: z.literal('user_activity') }),
  z.strictObject({ type: z.literal('contextual_update'), text: z.string().min(1), context_id: z.string().optional() }),
  z.strictObject({ type: z.literal('client_tool_result'), tool_call_id: z.string(), result: z.string(), is_error: z.boolean() }),
]);
const audio = z.strictObject({ user_audio_chunk: z.base64() });

export type Initiation = z.output<typeof initiation>;
export type ClientMessage = z.output<typeof typed> | z.output<typeof audio>;

/** Undefined: nothing that the vendor knows. */
export function readClientMessage(frame: string): ClientMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(frame);
  } catch {
    return undefined;
  }
  // The only one without a type.
  const isAudio = typeof message === 'object' && message !== null && 'user_audio_chunk' in message;
  return (isAudio ? audio : typed).safeParse(message).data;
}
