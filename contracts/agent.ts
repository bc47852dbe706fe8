import { z } from 'zod';

export const toolSchema = z.strictObject({
  /** Visible to the model; unique within the agent and none of the built-in names. */
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'a tool name has 1 to 64 letters, digits, _ or -'),
  description: z.string().default(''),
  /** JSON Schema of the arguments. */
  parameters: z.record(z.string(), z.unknown()).default({ type: 'object', properties: {} }),
  /** POST target. The body is `{tool, arguments, callId, campaignId, contactId, variables}`; the answer goes to the model. */
  webhookUrl: z.url(),
  /** Milliseconds for all tries together; the model always gets an answer by then. */
  timeoutMs: z.number().int().min(100).max(60_000).default(10_000),
});
export type ToolSpec = z.infer<typeof toolSchema>;

/** Tools that every agent has; their names are reserved. */
export const BUILT_IN_TOOLS = ['transfer_call', 'end_call', 'opt_out', 'request_callback'] as const;
export type BuiltInTool = (typeof BUILT_IN_TOOLS)[number];

export const engineSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('openai-realtime'),
    model: z.string().default('gpt-realtime'),
    voice: z.string().default('alloy'),
    /** Model that transcribes the caller; the agent's own words come with its audio. */
    transcriptionModel: z.string().default('gpt-4o-mini-transcribe'),
    /** Milliseconds of silence after which the caller's turn ends. */
    silenceMs: z.number().int().min(100).max(5_000).default(500),
  }),
]);
export type EngineSpec = z.infer<typeof engineSchema>;

export const agentSchema = z.strictObject({
  engine: engineSchema,
  /** `{variables}` are replaced by the contact's columns. */
  systemPrompt: z.string().min(1),
  /** Spoken first, after the disclosure. `{variables}` are replaced. */
  firstMessage: z.string().default(''),
  /** Spoken before all else on every call: law in the EU, several US states. Empty only when another disclosure is made elsewhere. */
  disclosure: z.string().default('This is an automated call from an AI assistant.'),
  language: z.string().default('en'),
  tools: z.array(toolSchema).max(64).default([]),
  /** The key that opts the callee out at once, in every campaign. */
  optOutKey: z
    .string()
    .regex(/^[0-9*#]$/)
    .default('9'),
  /** Hard limit of the conversation in milliseconds. */
  maxDurationMs: z
    .number()
    .int()
    .min(5_000)
    .max(4 * 3_600_000)
    .default(600_000),
});
export type AgentSpec = z.infer<typeof agentSchema>;

/** What a variable may be: the CSV's strings. */
export type Variables = Readonly<Record<string, string>>;
