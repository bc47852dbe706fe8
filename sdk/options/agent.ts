/** Options of `phone.agent()`, `tool()` and `guardrail()`. */
import type { z } from 'zod';
import type { AgentSpec } from '../../contracts/agent';
import type { mcpServerSchema } from '../../contracts/tool';
import type { turnsSchema } from '../../contracts/turns';
import type { AgentHooks } from '../../media-gateway/agent-code';
import type { ElevenLabsConvAI, OpenAIRealtime } from '../providers/engines';
import type { LLMConfig, STTConfig, TTSConfig } from '../providers/voice-configs';
import type { ToolContext } from './events';

/** Answers the model: a string as it is, anything else as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a handler names the arguments that its own JSON Schema promises
export type ToolFunction = (args: any, context: ToolContext) => unknown | Promise<unknown>;

/** Options of `tool()`: what the model may call. */
export interface ToolOptions {
  /** Visible to the model: 1 to 64 letters, digits, `_` or `-`, and none of the built-in names. */
  name: string;
  /** Visible to the model. */
  description?: string;
  /** JSON Schema of the arguments. */
  parameters?: Record<string, unknown>;
  /** Called in this process. Exactly one of `handler` and `webhookUrl`. */
  handler?: ToolFunction;
  /** Gets a POST with the arguments, three times at most. */
  webhookUrl?: string;
  /** `whsec_…`: signs the requests of `webhookUrl`. */
  secret?: string;
  /** Milliseconds for all tries together. @default 10000 */
  timeoutMs?: number;
  /** Runs as a step of the call's workflow: once, whatever dies meanwhile. @default false */
  durable?: boolean;
}

/** True: the text must not be spoken. */
export type GuardrailFunction = (text: string) => boolean | Promise<boolean>;

/** Options of `guardrail()`: what the agent must not say. */
export interface GuardrailOptions {
  /** For logs and records. */
  name: string;
  /** Case-insensitive, whole words. */
  blockedTerms?: readonly string[];
  /** Decides on every sentence before it is spoken. */
  check?: GuardrailFunction;
  /** Milliseconds for `check`; one that is late counts as blocked. @default 1000 */
  timeoutMs?: number;
  /** Spoken instead. @default "I'm sorry, I can't respond to that." */
  replacement?: string;
}

/** Which engine has the conversation: docs/engines.md. */
export type AgentProvider = 'openai_realtime' | 'elevenlabs_convai' | 'pipeline';

/** Options of `phone.agent()`. */
export interface AgentOptions {
  /** Instructions; `{placeholders}` are replaced by the variables. */
  systemPrompt: string;
  /** Who speaks, by the voices of the engine or of `tts`. @default what `engine` or `tts` has, else 'alloy' */
  voice?: string;
  /** The Realtime model, the language model of a pipeline, or by ElevenLabs' name that of an agent there, whose settings must allow it. */
  model?: string;
  /** BCP 47. @default that of `stt`, else 'en' */
  language?: string;
  /** Spoken at the start of a call, after the disclosure. */
  firstMessage?: string;
  /** What the model may call beside `transfer_call`, `end_call` and the other built-in tools: docs/tools.md. */
  tools?: readonly ToolOptions[];
  /** @default 'openai_realtime', or what `engine`, `stt`, `tts` and `llm` tell */
  provider?: AgentProvider;
  /** The newer way to say `provider`, `model` and `voice`. */
  engine?: OpenAIRealtime | ElevenLabsConvAI;
  /** Who hears in a pipeline. */
  stt?: STTConfig;
  /** Who speaks in a pipeline. */
  tts?: TTSConfig;
  /** Who thinks in a pipeline without `onMessage`. */
  llm?: LLMConfig;
  /** Values for the placeholders, 500 characters each at most. */
  variables?: Readonly<Record<string, string | number | boolean>>;
  /** What the agent must not say: docs/guardrails.md. */
  guardrails?: readonly GuardrailOptions[];
  /** Functions that change what is heard, and in a pipeline what goes through it: docs/engines.md. */
  hooks?: AgentHooks;
  /** A stable name of your own: 1 to 64 letters, digits, `_`, `.` or `-`. @default a digest of the agent */
  agentId?: string;
  /** Said first on every call. It can be worded, not left out. */
  disclosure?: string;
  /** Servers of the Model Context Protocol, whose tools the model may call as `<name>__<tool>`: docs/tools.md. */
  mcp?: readonly z.input<typeof mcpServerSchema>[];
  /**
   * A key that, pressed alone, puts the person on the do-not-call list and ends the call: `0`-`9`, `*` or `#`. null: none; a campaign has one always.
   * @default none, '9' in campaigns
   */
  optOutKey?: string | null;
  /** What becomes of a caller whose AI provider has failed for good, after an apology. @default 'end' */
  onProviderFailure?: AgentSpec['onProviderFailure'];
  /** Milliseconds that a conversation may last. @default 600000 */
  maxDurationMs?: number;
  /** The caller is told so long before that end, milliseconds; 0: not at all. @default 30000 */
  maxDurationWarningMs?: number;
  /** Who speaks when, as much of it as you want otherwise than by default: docs/turn-taking.md. */
  turns?: z.input<typeof turnsSchema>;
  /** Played quietly under the agent's voice. */
  backgroundAudio?: { sound: 'office' | 'room'; volume?: number };
  /** Takes steady noise out of the caller's audio. @default false */
  noiseSuppression?: boolean;
}
