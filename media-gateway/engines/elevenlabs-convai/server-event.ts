import type { Incoming } from '@elevenlabs/types';
import { z } from 'zod';

const eventId = z.number();

/** What is used of the vendor's events, by type. Names within are the vendor's, and none follows from another: `audio_base_64`, `user_transcription_event`. */
const USED = {
  conversation_initiation_metadata: z.object({
    type: z.literal('conversation_initiation_metadata'),
    conversation_initiation_metadata_event: z.object({
      conversation_id: z.string(),
      agent_output_audio_format: z.string(),
      // Left out by the vendor until 2025-03: then both are the same.
      user_input_audio_format: z.string().optional(),
    }),
  }),
  audio: z.object({
    type: z.literal('audio'),
    audio_event: z.object({
      audio_base_64: z.string(),
      event_id: eventId,
      alignment: z
        .object({ chars: z.array(z.string()), char_start_times_ms: z.array(z.number()), char_durations_ms: z.array(z.number()) })
        .nullish(),
    }),
  }),
  agent_response: z.object({
    type: z.literal('agent_response'),
    agent_response_event: z.object({ agent_response: z.string(), event_id: eventId.optional() }),
  }),
  agent_response_correction: z.object({
    type: z.literal('agent_response_correction'),
    agent_response_correction_event: z.object({ corrected_agent_response: z.string(), event_id: eventId.optional() }),
  }),
  user_transcript: z.object({
    type: z.literal('user_transcript'),
    user_transcription_event: z.object({ user_transcript: z.string(), event_id: eventId.optional() }),
  }),
  tentative_user_transcript: z.object({
    type: z.literal('tentative_user_transcript'),
    tentative_user_transcription_event: z.object({ user_transcript: z.string() }),
  }),
  interruption: z.object({ type: z.literal('interruption'), interruption_event: z.object({ event_id: eventId }) }),
  ping: z.object({ type: z.literal('ping'), ping_event: z.object({ event_id: eventId }) }),
  client_tool_call: z.object({
    type: z.literal('client_tool_call'),
    client_tool_call: z.object({
      tool_name: z.string(),
      tool_call_id: z.string(),
      parameters: z.record(z.string(), z.unknown()).nullish(),
    }),
  }),
  error: z.object({
    type: z.literal('error'),
    error_event: z.object({
      code: z.number().optional(),
      message: z.string().nullish(),
      error_type: z.string().nullish(),
      reason: z.string().nullish(),
    }),
  }),
} as const;

type Used = typeof USED;
export type ServerEvent = { [Type in keyof Used]: z.output<Used[Type]> }[keyof Used];

/** Known, and of no use here: nobody needs to read of them in a log. */
const UNUSED: ReadonlySet<string> = new Set<VendorType>([
  'agent_chat_response_part',
  'agent_reasoning_response_part',
  'agent_tool_request',
  'agent_tool_response',
  'agent_tool_response_full_payload',
  'mcp_tool_call',
  'mcp_connection_status',
  'vad_score',
  'context_usage',
  'asr_initiation_metadata',
  'internal_turn_probability',
  'internal_tentative_agent_response',
  'guardrail_triggered',
  'agent_typing',
]);

type VendorType =
  | Incoming.AudioClientEvent['type']
  | Incoming.AgentChatResponsePartClientEvent['type']
  | Incoming.AgentReasoningResponsePartClientEvent['type']
  | Incoming.AgentToolRequestClientEvent['type']
  | Incoming.AgentToolResponseClientEvent['type']
  | Incoming.AgentToolResponseFullPayloadClientEvent['type']
  | Incoming.McpToolCallClientEvent['type']
  | Incoming.McpConnectionStatusClientEvent['type']
  | Incoming.VadScoreClientEvent['type']
  | Incoming.ContextUsageClientEvent['type']
  | Incoming.AsrInitiationMetadataEvent['type']
  | Incoming.TurnProbabilityInternalClientEvent['type']
  | Incoming.TentativeAgentResponseInternalClientEvent['type']
  | Incoming.GuardrailTriggeredClientEvent['type']
  | Incoming.AgentTypingClientEvent['type'];

export type ReadEvent =
  | { kind: 'event'; event: ServerEvent }
  | { kind: 'unused' }
  /** Of a type that nobody knows, or not in the form that the type had: a renamed event. */
  | { kind: 'strange'; type: string }
  | { kind: 'not_json' };

export function readServerEvent(text: string): ReadEvent {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { kind: 'not_json' };
  }
  const type = typeof message === 'object' && message !== null && 'type' in message ? String(message.type) : '';
  if (UNUSED.has(type)) return { kind: 'unused' };
  const schema = Object.hasOwn(USED, type) ? USED[type as keyof Used] : undefined;
  const read = schema?.safeParse(message);
  return read?.success ? { kind: 'event', event: read.data } : { kind: 'strange', type: type.slice(0, 60) };
}
