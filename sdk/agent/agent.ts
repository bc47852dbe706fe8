/** What `phone.agent()` returns: options that have been checked, frozen. */
import type { PipelineHooks } from '../../media-gateway/engines/pipeline/hooks';
import type { AgentOptions, AgentProvider, GuardrailOptions, ToolOptions } from '../options/agent';
import type { ElevenLabsConvAI, OpenAIRealtime } from '../providers/engines';
import type { LLMConfig, STTConfig, TTSConfig } from '../providers/voice-configs';

/** What `new Agent()` and `phone.agent()` have made of the options: defaults filled in. */
export interface AgentFields {
  readonly systemPrompt: string;
  readonly voice: string;
  readonly model: string;
  readonly language: string;
  readonly firstMessage: string;
  readonly tools: readonly Readonly<ToolOptions>[];
  readonly provider: AgentProvider;
  readonly engine: OpenAIRealtime | ElevenLabsConvAI | undefined;
  readonly stt: STTConfig | undefined;
  readonly tts: TTSConfig | undefined;
  readonly llm: LLMConfig | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly guardrails: readonly Readonly<GuardrailOptions>[];
  readonly hooks: PipelineHooks | undefined;
  readonly agentId: string | undefined;
  readonly disclosure: string | undefined;
  readonly maxDurationMs: number | undefined;
  readonly turns: AgentOptions['turns'];
  readonly backgroundAudio: AgentOptions['backgroundAudio'];
  readonly noiseSuppression: boolean;
}

// Known by a symbol and not by instanceof alone: the package may be there twice, once as CommonJS and once as ESM.
const AGENT = Symbol.for('getpatter.Agent');

export interface Agent extends AgentFields {}
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all fields are assigned in the constructor, from the one list above
export class Agent {
  readonly [AGENT] = true;

  /** Use `phone.agent()`, which checks. */
  constructor(fields: AgentFields) {
    Object.assign(this, fields);
    Object.freeze(this);
  }

  static is(value: unknown): value is Agent {
    return typeof value === 'object' && value !== null && (value as { [AGENT]?: unknown })[AGENT] === true;
  }
}
