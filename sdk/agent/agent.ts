/** What `phone.agent()` returns: options that have been checked, frozen. */
import type { PipelineHooks } from '../../media-gateway/engines/pipeline/hooks';
import type { AgentOptions, AgentProvider } from '../options/agent';
import type { ElevenLabsConvAI, OpenAIRealtime } from '../providers/engines';
import type { LLMConfig, STTConfig, TTSConfig } from '../providers/voice-configs';
import { agentFields } from './agent-fields';
import type { Guardrail } from './guardrail';
import type { Tool } from './tool';

/** What `new Agent()` and `phone.agent()` have made of the options: defaults filled in. */
export interface AgentFields {
  readonly systemPrompt: string;
  readonly voice: string;
  readonly model: string;
  readonly language: string;
  readonly firstMessage: string;
  readonly tools: readonly Tool[];
  readonly provider: AgentProvider;
  readonly engine: OpenAIRealtime | ElevenLabsConvAI | undefined;
  readonly stt: STTConfig | undefined;
  readonly tts: TTSConfig | undefined;
  readonly llm: LLMConfig | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly guardrails: readonly Guardrail[];
  readonly hooks: PipelineHooks | undefined;
  readonly agentId: string | undefined;
  readonly disclosure: string | undefined;
  readonly mcp: AgentOptions['mcp'];
  readonly onProviderFailure: AgentOptions['onProviderFailure'];
  readonly maxDurationMs: number | undefined;
  readonly turns: AgentOptions['turns'];
  readonly backgroundAudio: AgentOptions['backgroundAudio'];
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
