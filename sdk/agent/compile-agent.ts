/** From a developer's agent to what the product runs: a specification that travels, and the functions that stay in this process. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { type AgentSpec, agentSchema, DEFAULT_OPT_OUT_KEY, type engineSchema } from '../../contracts/agent';
import type { AgentCode, CodeContext, GuardrailCheck, ToolHandler } from '../../media-gateway/agent-code';
import type { OnMessage } from '../../media-gateway/engines/pipeline/on-message/on-message';
import { variableName } from '../../policy/template';
import { historyOf } from '../callbacks/events';
import { PatterValidationError } from '../errors';
import type { ToolFunction } from '../options/agent';
import type { LocalConfigFields } from '../options/constructor';
import { environment, givenOr, VARIABLES } from '../options/environment';
import type { ToolContext } from '../options/events';
import { bothSpellings } from '../options/spellings';
import { ElevenLabsConvAI, OpenAIRealtime } from '../providers/engines';
import { OpenAILLM } from '../providers/llm';
import { DEFAULT_REALTIME_MODEL, realtimeModel, realtimeVoice } from '../providers/model-names';
import { llmVendor, type ProviderKey, sttVendor, ttsVendor } from '../providers/registry';
import type { Agent } from './agent';
import { DEFAULT_VOICE } from './agent-fields';

/** Vendors' keys that the agent itself brought. They stay in this process: the specification holds none. */
export type AgentCredentials = Partial<Pick<LocalConfigFields, ProviderKey>>;

export interface CompiledAgent {
  /** `code` is `<app>/<agentKey>`, always: the process is told of the call's events even where no function takes part in it. */
  readonly spec: AgentSpec;
  readonly code: AgentCode;
  readonly credentials: AgentCredentials;
  /** Keys without which the agent's vendors refuse it. */
  readonly needs: readonly ProviderKey[];
}

export interface CompileOptions {
  /** `LocalConfig.appId`. */
  app: string;
  /** Instead of the agent's own; the agent keeps its name. */
  firstMessage?: string;
  /** The agent is this function or URL instead of a model; needs the pipeline. A function comes as the gateway wants it (sdk/callbacks maps it). */
  onMessage?: OnMessage | string;
}

type EngineInput = z.input<typeof engineSchema>;

/** @throws PatterValidationError that names the option */
export function compileAgent(agent: Agent, { app, firstMessage, onMessage }: CompileOptions): CompiledAgent {
  const { engine, credentials, needs } = compileEngine(agent, onMessage);
  const parsed = agentSchema.safeParse({
    engine,
    // Stands for the digest, which is made from all the rest.
    code: `${app}/agent`,
    systemPrompt: agent.systemPrompt,
    variables: Object.fromEntries(Object.entries(agent.variables).map(([name, value]) => [variableName(name), value])),
    firstMessage: firstMessage ?? agent.firstMessage,
    disclosure: agent.disclosure,
    language: agent.language,
    tools: agent.tools.map(({ name, description, parameters, webhookUrl, secret, handler, timeoutMs, durable }) => ({
      ...{ name, description, parameters, timeoutMs, durable },
      ...(handler ? { handler: true } : { webhookUrl, secret }),
    })),
    guardrails: agent.guardrails.map(({ name, blockedTerms, check, replacement, timeoutMs }) => ({
      ...{ name, blockedTerms: [...blockedTerms], check: check !== undefined, replacement, timeoutMs },
    })),
    // Whoever calls, or is called alone, may press any key: only campaigns have one that ends everything (`withOptOut`).
    optOutKey: agent.optOutKey ?? null,
    mcp: agent.mcp,
    onProviderFailure: agent.onProviderFailure,
    maxDurationMs: agent.maxDurationMs,
    maxDurationWarningMs: agent.maxDurationWarningMs,
    turns: agent.turns,
    backgroundAudio: agent.backgroundAudio,
    noiseSuppression: agent.noiseSuppression,
  });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'agent'}: ${message}`);
    throw new PatterValidationError(parsed.error.issues[0]?.path.join('.') || 'agent', `The agent is not valid: ${problems.join('; ')}.`);
  }
  const code: AgentCode = {
    tools: Object.fromEntries(agent.tools.flatMap(({ name, handler }) => (handler ? [[name, toolHandler(handler)]] : []))),
    guardrails: Object.fromEntries(agent.guardrails.flatMap(({ name, check }) => (check ? [[name, guardrailCheck(check)]] : []))),
    ...(agent.hooks && { hooks: agent.hooks }),
    ...(typeof onMessage === 'function' && { onMessage }),
  };
  const spec = {
    ...parsed.data,
    code: `${app}/${agent.agentId ?? digest(parsed.data, agent, onMessage)}`,
  };
  return Object.freeze({ spec, code, credentials, needs });
}

/**
 * The same for the same agent of the same program after a restart. The functions count by their source text, which tells two agents apart that differ
 * in nothing else.
 */
function digest(spec: AgentSpec, agent: Agent, onMessage: CompileOptions['onMessage']): string {
  const functions = [
    ...agent.tools.map(({ handler }) => handler),
    ...agent.guardrails.map(({ check }) => check),
    ...Object.values(agent.hooks ?? {}),
    onMessage,
  ];
  // A call's own greeting does not make another agent of it, nor does a campaign's key.
  const same: AgentSpec = { ...spec, firstMessage: agent.firstMessage, optOutKey: agent.optOutKey ?? DEFAULT_OPT_OUT_KEY };
  const text = JSON.stringify([same, functions.map((part) => (typeof part === 'function' ? part.toString() : null))]);
  return `agent-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

interface CompiledEngine {
  engine: EngineInput;
  credentials: AgentCredentials;
  needs: readonly ProviderKey[];
}

function compileEngine(agent: Agent, onMessage: CompileOptions['onMessage']): CompiledEngine {
  if (onMessage !== undefined && agent.provider !== 'pipeline') {
    throw new PatterValidationError(
      'onMessage',
      `onMessage answers in a pipeline, and this agent's provider is '${agent.provider}', where the model answers: make the agent with provider: 'pipeline', or leave onMessage out.`,
    );
  }
  switch (agent.provider) {
    case 'openai_realtime':
      return realtime(agent);
    case 'elevenlabs_convai':
      return convai(agent);
    case 'pipeline':
      return pipeline(agent, onMessage);
    default:
      return agent.provider satisfies never;
  }
}

function realtime(agent: Agent): CompiledEngine {
  const options = agent.engine instanceof OpenAIRealtime ? agent.engine.options : {};
  const { speed, silenceMs, vad, noiseReduction } = options;
  return {
    engine: {
      ...{ type: 'openai-realtime', model: realtimeModel(agent.model), voice: realtimeVoice(agent.voice) },
      ...{ speed, silenceMs, vad, noiseReduction },
    },
    credentials: credential('openaiKey', options.apiKey),
    needs: ['openaiKey'],
  };
}

function convai(agent: Agent): CompiledEngine {
  const options = agent.engine instanceof ElevenLabsConvAI ? agent.engine.options : {};
  const agentId = givenOr('engine.agentId', options.agentId, VARIABLES.elevenlabsAgentId, environment());
  if (!agentId) {
    throw new PatterValidationError(
      'engine.agentId',
      "An elevenlabs_convai agent needs the id of the agent at ElevenLabs: give engine: new ElevenLabsConvAI({ agentId: '...' }), or set ELEVENLABS_AGENT_ID.",
    );
  }
  const voice = agent.voice === DEFAULT_VOICE ? undefined : agent.voice;
  const llm = agent.model === DEFAULT_REALTIME_MODEL ? undefined : agent.model;
  return {
    engine: {
      ...{ type: 'elevenlabs-convai', agentId, override: { ...options.override, ...(llm && { llm }), ...(voice && { voiceId: voice }) } },
      // Disclosure and other fixed lines are in the same voice.
      ...(voice && { lineVoice: voice }),
    },
    credentials: credential('elevenlabsKey', options.apiKey),
    needs: ['elevenlabsKey'],
  };
}

function pipeline(agent: Agent, onMessage: CompileOptions['onMessage']): CompiledEngine {
  const { stt, tts } = agent;
  if (!stt || !tts) {
    const missing = !stt ? 'stt' : 'tts';
    throw new PatterValidationError(
      missing,
      `A pipeline agent needs ${missing}: give ${missing === 'stt' ? 'stt: new DeepgramSTT()' : 'tts: new ElevenLabsTTS()'}, for instance.`,
    );
  }
  const llm = agent.llm ?? new OpenAILLM({ model: agent.model });
  const [hears, speaks, thinks] = [sttVendor(stt), ttsVendor(tts), llmVendor(llm)];
  const model = onMessage === undefined ? [{ key: thinks.key, apiKey: llm.apiKey }] : [];
  const used = [{ key: hears.key, apiKey: stt.apiKey }, { key: speaks.key, apiKey: tts.apiKey }, ...model];
  const credentials: Partial<Record<ProviderKey, string>> = {};
  for (const { key, apiKey } of used) {
    const own = credential(key, apiKey)[key];
    if (own === undefined) continue;
    if (credentials[key] !== undefined && credentials[key] !== own) {
      throw new PatterValidationError(key, 'An agent uses one key per vendor: its stt, tts and llm bring different ones.');
    }
    credentials[key] = own;
  }
  return {
    engine: {
      ...{
        type: 'pipeline',
        stt: hears.spec(stt),
        tts: { ...speaks.spec(tts), voice: agent.voice },
        llm: { ...thinks.spec(llm), model: agent.model },
      },
      ...(typeof onMessage === 'string' && { onMessage: { url: onMessage } }),
    },
    credentials,
    needs: [...new Set(used.map(({ key }) => key))],
  };
}

/** Of the vendor's key as the agent has it: with what the environment has in the place of a placeholder. */
function credential(key: ProviderKey, apiKey: string | undefined): AgentCredentials {
  return apiKey ? { [key]: givenOr('apiKey', apiKey, VARIABLES[key], environment()) } : {};
}

function toolHandler(handler: ToolFunction): ToolHandler {
  return (args, context) => handler(args, toolContext(context));
}

function toolContext({ history, customParams = {}, toolCallId = '', ...context }: CodeContext): ToolContext {
  return bothSpellings({ ...context, customParams, toolCallId, history: historyOf(history) });
}

function guardrailCheck(check: (text: string) => boolean | Promise<boolean>): GuardrailCheck {
  return (text) => check(text);
}

/** Where a vendor's key is looked for when the agent has none: for messages. */
export function variableOf(key: ProviderKey): string {
  return VARIABLES[key][0];
}
