import { z } from 'zod';
import { llmSchema, sttSchema, ttsSchema } from './providers';
import { mcpServerSchema, toolSchema } from './tool';
import { turnsSchema } from './turns';

export { type McpServerSpec, type ToolSpec, toolSchema } from './tool';

/** Tools that every agent has; their names are reserved. */
export const BUILT_IN_TOOLS = [
  'transfer_call',
  'end_call',
  'opt_out',
  'schedule_callback',
  'send_dtmf',
  'leave_voicemail',
  'set_recording',
] as const;
export type BuiltInTool = (typeof BUILT_IN_TOOLS)[number];

/** Of campaigns, which call people who have not asked for it. */
export const DEFAULT_OPT_OUT_KEY = '9';

const realtimeVadSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('server'),
    threshold: z.number().min(0).max(1).default(0.5),
    prefixPaddingMs: z.number().int().min(0).max(5_000).default(300),
    /** Unset: the engine's `silenceMs`. */
    silenceMs: z.number().int().min(100).max(5_000).optional(),
  }),
  /** Decides by the words. Eagerness is the longest wait: low 8 s, medium 4 s, high 2 s; auto is medium. */
  z.strictObject({ type: z.literal('semantic'), eagerness: z.enum(['auto', 'low', 'medium', 'high']).default('auto') }),
]);

const openaiRealtimeSchema = z.strictObject({
  type: z.literal('openai-realtime'),
  model: z.string().default('gpt-realtime'),
  voice: z.string().default('alloy'),
  /** Model that transcribes the caller; the agent's own words come with its audio. */
  transcriptionModel: z.string().default('gpt-4o-mini-transcribe'),
  /** Milliseconds of silence after which the caller's turn ends. */
  silenceMs: z.number().int().min(100).max(5_000).default(500),
  vad: realtimeVadSchema.default({ type: 'server', threshold: 0.5, prefixPaddingMs: 300 }),
  /** `near_field` for a handset at the mouth, `far_field` for a speakerphone. */
  noiseReduction: z.enum(['none', 'near_field', 'far_field']).default('none'),
  speed: z.number().min(0.25).max(1.5).default(1),
});

const elevenlabsConvaiSchema = z.strictObject({
  type: z.literal('elevenlabs-convai'),
  /** The agent as it is set up at ElevenLabs; its audio formats must be µ-law 8000 both ways. */
  agentId: z.string().min(1),
  /** Overrides that the agent's settings at ElevenLabs must allow; unset: the agent's own are used. */
  override: z
    .strictObject({
      prompt: z.boolean().default(false),
      language: z.boolean().default(false),
      voiceId: z.string().optional(),
      /** Model, by ElevenLabs' name for it. */
      llm: z.string().min(1).optional(),
      stability: z.number().min(0).max(1).optional(),
      similarityBoost: z.number().min(0).max(1).optional(),
      speed: z.number().min(0.7).max(1.2).optional(),
    })
    .prefault({}),
  /** Voice of our own fixed lines (disclosure, voicemail): an ElevenLabs voice. */
  lineVoice: z.string().default('rachel'),
  lineModel: z.string().default('eleven_flash_v2_5'),
});

const onMessageSchema = z.strictObject({
  /** http(s): one signed POST a turn. ws(s): one signed socket a call. */
  url: z.url(),
  /** `whsec_…`: signs every request or message, as Standard Webhooks has it. */
  secret: z.string().startsWith('whsec_').optional(),
  /** Milliseconds until the first word. */
  timeoutMs: z.number().int().min(500).max(60_000).default(10_000),
});

const pipelineSchema = z.strictObject({
  type: z.literal('pipeline'),
  stt: sttSchema.prefault({ provider: 'deepgram' }),
  tts: ttsSchema.prefault({ provider: 'openai' }),
  llm: llmSchema.prefault({ provider: 'openai' }),
  /** The agent is yours: it is asked instead of the model. */
  onMessage: onMessageSchema.optional(),
  /** What is spoken of the model's text: `markdown` and `emoji` are taken out, `numbers` are written so that they are read well. */
  textFilters: z.array(z.enum(['markdown', 'emoji', 'numbers'])).default(['markdown', 'emoji']),
});

export const engineSchema = z.discriminatedUnion('type', [openaiRealtimeSchema, elevenlabsConvaiSchema, pipelineSchema]);
export type EngineSpec = z.infer<typeof engineSchema>;
export type OpenAiRealtimeSpec = z.infer<typeof openaiRealtimeSchema>;
export type ElevenLabsConvaiSpec = z.infer<typeof elevenlabsConvaiSchema>;
export type PipelineSpec = z.infer<typeof pipelineSchema>;

export const guardrailSchema = z
  .strictObject({
    /** Unique within the agent; shown in the record of a call in which it acted. */
    name: z.string().min(1).max(100),
    /** Words or phrases that are not spoken: whole words, in any case, however they are spaced. */
    blockedTerms: z.array(z.string().trim().min(1).max(200)).max(1_000).default([]),
    /** A function of the developer's process judges every sentence too: `AgentCode.guardrails`. */
    check: z.boolean().default(false),
    /** Milliseconds for `check`; the caller waits in silence for it. One that is late counts as blocked. */
    timeoutMs: z.number().int().min(50).max(10_000).default(1_000),
    /** Spoken instead, word by word. Empty: the agent falls silent. */
    replacement: z.string().max(1_000).default("I'm sorry, I can't respond to that."),
  })
  .refine((guardrail) => guardrail.check || guardrail.blockedTerms.length > 0, 'a guardrail needs blockedTerms or a check');
export type GuardrailSpec = z.infer<typeof guardrailSchema>;

/** Of a value that is put into a text: more is no name or date, and may be an attempt to rewrite the prompt. */
export const VARIABLE_CHARACTERS = 500;
export const variableValue = z.string().max(VARIABLE_CHARACTERS, `a variable has at most ${VARIABLE_CHARACTERS} characters`);

export const agentSchema = z
  .strictObject({
    engine: engineSchema,
    /**
     * Names code in the developer's own process (tool handlers, checks, `onMessage`) that belongs to this agent, as `<app>/<agent>`: its calls are given
     * only to gateways of processes of that app. Absent: all of the agent is in this specification.
     */
    code: z
      .string()
      .regex(/^[a-zA-Z0-9_.-]{1,64}\/[a-zA-Z0-9_.-]{1,64}$/)
      .optional(),
    /** `{variables}` are replaced by the contact's columns. */
    systemPrompt: z.string().min(1),
    /** Values for placeholders that neither the contact nor the call has one for, by their names in lower case (`first_name`). */
    variables: z.record(z.string().min(1).max(100), variableValue).default({}),
    /** Spoken first, after the disclosure. `{variables}` are replaced. */
    firstMessage: z.string().default(''),
    /** Spoken before all else on every call: law in the EU, several US states. Empty only when another disclosure is made elsewhere. */
    disclosure: z.string().default('This is an automated call from an AI assistant.'),
    language: z.string().default('en'),
    tools: z.array(toolSchema).max(64).default([]),
    /** Servers whose tools the agent has too. */
    mcp: z.array(mcpServerSchema).max(8).default([]),
    /** What the agent must not say, whatever the model writes. */
    guardrails: z.array(guardrailSchema).max(32).default([]),
    /** The key that puts the person on the do-not-call list at once and ends the call. null: none, and every key is the agent's; not in a campaign. */
    optOutKey: z
      .string()
      .regex(/^[0-9*#]$/)
      .nullable()
      .default(DEFAULT_OPT_OUT_KEY),
    /** Hard limit of the conversation in milliseconds. */
    maxDurationMs: z
      .number()
      .int()
      .min(5_000)
      .max(4 * 3_600_000)
      .default(600_000),
    /** The caller is told so long before that end, milliseconds; 0: not at all. Nobody is told in a call that is shorter than four times as much. */
    maxDurationWarningMs: z.number().int().min(0).max(600_000).default(30_000),
    turns: turnsSchema.prefault({}),
    /** What becomes of a caller whose AI provider has failed for good: an apology is spoken, then this. */
    onProviderFailure: z.enum(['end', 'transfer']).default('end'),
    /** Played quietly under the agent's voice and in its pauses. */
    backgroundAudio: z.strictObject({ sound: z.enum(['office', 'room']), volume: z.number().min(0).max(1).default(0.2) }).optional(),
    /** Takes steady noise out of the caller's audio before anybody hears it. */
    noiseSuppression: z.boolean().default(false),
  })
  .superRefine((agent, ctx) => {
    for (const [index, { handler, name }] of agent.tools.entries()) {
      if (!handler || agent.code !== undefined) continue;
      ctx.addIssue({
        code: 'custom',
        path: ['tools', index, 'handler'],
        message: `the tool "${name}" is a function of a process, and the agent's \`code\` does not say of which: set \`code\`, or give the tool a webhookUrl`,
      });
    }
    const servers = agent.mcp.map(({ name }) => name);
    for (const [index, name] of servers.entries()) {
      if (servers.indexOf(name) < index)
        ctx.addIssue({ code: 'custom', path: ['mcp', index, 'name'], message: `two MCP servers are called "${name}"` });
    }
  });
export type AgentSpec = z.infer<typeof agentSchema>;

/** The app whose processes alone can hold the agent's calls; null where any gateway can. */
export function appOf({ code }: Pick<AgentSpec, 'code'>): string | null {
  return code?.split('/')[0] ?? null;
}

/** What a variable may be: the CSV's strings. */
export type Variables = Readonly<Record<string, string>>;
