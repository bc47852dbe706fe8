/** Agents as they are set up at the lab's ElevenLabs: what a client finds there and cannot change unless the settings allow it. */
import { z } from 'zod';

const audioFormat = z.enum(['pcm_8000', 'pcm_16000', 'pcm_22050', 'pcm_24000', 'pcm_44100', 'pcm_48000', 'ulaw_8000']);

export const convaiAgentSchema = z.strictObject({
  prompt: z.string().default(''),
  /** Spoken as soon as the conversation begins. */
  firstMessage: z.string().default(''),
  outputFormat: audioFormat.default('ulaw_8000'),
  inputFormat: audioFormat.default('ulaw_8000'),
  /** What a client may override. */
  allows: z
    .array(z.enum(['prompt', 'llm', 'first_message', 'language', 'voice_id', 'stability', 'similarity_boost', 'speed']))
    .default(['prompt', 'language', 'voice_id']),
  /** Dynamic variables that the prompt uses. */
  needs: z.array(z.string()).default([]),
  /** The events that are sent besides those that no conversation can do without. */
  events: z
    .array(z.enum(['interruption', 'user_transcript', 'tentative_user_transcript', 'agent_response_correction', 'vad_score']))
    .default(['interruption', 'user_transcript', 'agent_response_correction']),
  /** Whether audio comes with the places of its characters. */
  aligned: z.boolean().default(true),
  /** Whether the agent falls silent when the caller speaks. */
  interruptible: z.boolean().default(true),
  /** A caller who is silent for so long is asked whether they are there. */
  nudgeAfterMs: z.number().int().positive().default(7_000),
});

export type ConvaiAgent = z.output<typeof convaiAgentSchema>;

export const elevenLabsScenarioSchema = z.strictObject({
  /** By id; every other id is an agent with the defaults. Ids that begin with `unknown` are nobody's. */
  agents: z.record(z.string(), convaiAgentSchema).default({}),
});

/** Hangs up when what was said before has been heard: a tool of the vendor's own, which the client never sees. */
export const HANG_UP = 'vendor_end_call';

const text = { type: 'string' };

/** The client tools of every agent, as Patter's documentation has them set up. */
export const CLIENT_TOOLS: readonly { name: string; parameters: Record<string, unknown> }[] = [
  { name: 'transfer_call', parameters: { type: 'object', properties: { reason: text }, required: ['reason'] } },
  { name: 'end_call', parameters: { type: 'object', properties: { farewell: text } } },
  { name: 'opt_out', parameters: { type: 'object', properties: {} } },
  { name: 'schedule_callback', parameters: { type: 'object', properties: { when: text }, required: ['when'] } },
  { name: 'send_dtmf', parameters: { type: 'object', properties: { digits: text }, required: ['digits'] } },
];
