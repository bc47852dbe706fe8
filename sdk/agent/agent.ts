/** What `phone.agent()` returns: options that have been checked, frozen. */
import type { AgentHooks } from '../../media-gateway/agent-code';
import type { AgentOptions, AgentProvider } from '../options/agent';
import type { ElevenLabsConvAI, OpenAIRealtime } from '../providers/engines';
import type { LLMConfig, STTConfig, TTSConfig } from '../providers/voice-configs';
import { agentFields } from './agent-fields';
import type { Guardrail } from './guardrail';
import type { Tool } from './tool';

/** What `new Agent()` and `phone.agent()` have made of the options: defaults filled in. */
export interface AgentFields {
  /** With its placeholders. */
  readonly systemPrompt: string;
  /** Of the engine. */
  readonly voice: string;
  /** Of the engine. */
  readonly model: string;
  /** BCP 47. */
  readonly language: string;
  /** '': none. */
  readonly firstMessage: string;
  /** What the model may call. */
  readonly tools: readonly Tool[];
  /** Which engine has the conversation. */
  readonly provider: AgentProvider;
  /** As given. */
  readonly engine: OpenAIRealtime | ElevenLabsConvAI | undefined;
  /** Who hears in a pipeline. */
  readonly stt: STTConfig | undefined;
  /** Who speaks in a pipeline. */
  readonly tts: TTSConfig | undefined;
  /** Who thinks in a pipeline. */
  readonly llm: LLMConfig | undefined;
  /** Values for the placeholders. */
  readonly variables: Readonly<Record<string, string>>;
  /** What must not be said. */
  readonly guardrails: readonly Guardrail[];
  /** As given. */
  readonly hooks: AgentHooks | undefined;
  /** undefined: a digest of the agent names it. */
  readonly agentId: string | undefined;
  /** undefined: the usual wording. */
  readonly disclosure: string | undefined;
  /** undefined: none, and the usual one in campaigns. */
  readonly optOutKey: string | null | undefined;
  /** As given. */
  readonly mcp: AgentOptions['mcp'];
  /** undefined: 'end'. */
  readonly onProviderFailure: AgentOptions['onProviderFailure'];
  /** Milliseconds; undefined: 600000. */
  readonly maxDurationMs: number | undefined;
  /** Milliseconds; undefined: 30000. */
  readonly maxDurationWarningMs: number | undefined;
  /** As given. */
  readonly turns: AgentOptions['turns'];
  /** As given. */
  readonly backgroundAudio: AgentOptions['backgroundAudio'];
  /** Whether steady noise is taken out. */
  readonly noiseSuppression: boolean;
}

// Known by a symbol and not by instanceof alone: the package may be there twice, once as CommonJS and once as ESM.
const AGENT = Symbol.for('getpatter.Agent');

/** Who talks: options that have been checked, with every default filled in, frozen. `phone.agent({...})` makes one. */
export interface Agent extends AgentFields {}
/** Who talks: options that have been checked, with every default filled in, frozen. `phone.agent({...})` makes one. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all fields are assigned in the constructor, from the one list above
export class Agent {
  /** Known by it across copies of the package. */
  readonly [AGENT] = true;

  /** Checked in form; whether the vendors' keys are there is checked by `phone.agent()`. @throws PatterValidationError, PatterTypeError */
  constructor(options: AgentOptions) {
    Object.assign(this, agentFields(options));
    Object.freeze(this);
  }

  /** In snake_case. */
  toDict(): Record<string, unknown> {
    const { systemPrompt, voice, model, language, firstMessage, tools, provider, stt, tts, variables, guardrails } = this;
    return {
      ...{ system_prompt: systemPrompt, voice, model, language, first_message: firstMessage, provider, variables },
      ...{ tools: tools.map((tool) => tool.toDict()), guardrails: guardrails.map((guardrail) => guardrail.toDict()) },
      ...{ stt: stt?.toDict() ?? null, tts: tts?.toDict() ?? null },
    };
  }

  /** Whether `value` is an Agent, also one that another copy of the package has made. */
  static is(value: unknown): value is Agent {
    return typeof value === 'object' && value !== null && (value as { [AGENT]?: unknown })[AGENT] === true;
  }
}
