/** From the options of `phone.agent()` to the fields of an `Agent`: every option checked, every default filled in. */
import { BUILT_IN_TOOLS } from '../../contracts/agent';
import type { AgentHooks } from '../../media-gateway/agent-code';
import { HOOK_DEADLINES } from '../../media-gateway/engines/pipeline/hooks';
import { PatterTypeError, PatterValidationError } from '../errors';
import type { AgentOptions, AgentProvider } from '../options/agent';
import { checkFlag, checkId, checkNames, checkOneOf, checkText, checkVariables, isRecord, shown } from '../options/check';
import { warn } from '../options/warn';
import { ElevenLabsConvAI, type ElevenLabsConvAIOptions, OpenAIRealtime } from '../providers/engines';
import { DEFAULT_REALTIME_MODEL, isOpenAiVoice, realtimeModel } from '../providers/model-names';
import { llmVendor, sttVendor, ttsVendor } from '../providers/registry';
import { LLMConfig, STTConfig, TTSConfig } from '../providers/voice-configs';
import type { AgentFields } from './agent';
import { Guardrail } from './guardrail';
import { Tool } from './tool';

const NAMES = [
  ...(['systemPrompt', 'voice', 'model', 'language', 'firstMessage', 'tools', 'provider', 'engine', 'stt', 'tts', 'llm'] as const),
  ...([
    'variables',
    'guardrails',
    'hooks',
    'agentId',
    'disclosure',
    'optOutKey',
    'maxDurationMs',
    'maxDurationWarningMs',
    'mcp',
    'onProviderFailure',
    'turns',
    'backgroundAudio',
    'noiseSuppression',
  ] as const),
] as const satisfies readonly (keyof AgentOptions)[];

const PROVIDERS = ['openai_realtime', 'elevenlabs_convai', 'pipeline'] as const satisfies readonly AgentProvider[];
/** Beside what speaks by the voices of another vendor, or names one itself, it means none. */
export const DEFAULT_VOICE = 'alloy';
const DEFAULT_PIPELINE_MODEL = 'gpt-4o-mini';

/** @throws PatterValidationError, PatterTypeError */
export function agentFields(options: AgentOptions): AgentFields {
  checkNames('agent()', options, NAMES);
  // Compared with others before they are what they become.
  for (const name of ['voice', 'model'] as const) checkText(name, options[name] ?? 'none', 1);
  const provider = providerOf(options);
  const stt = instanceOf('stt', options.stt, STTConfig, 'new DeepgramSTT() or Patter.deepgram({...})');
  const tts = instanceOf('tts', options.tts, TTSConfig, 'new ElevenLabsTTS() or Patter.elevenlabs({...})');
  const llm = instanceOf('llm', options.llm, LLMConfig, 'new OpenAILLM()');
  if (stt) sttVendor(stt);
  if (tts) ttsVendor(tts);
  if (llm) llmVendor(llm);
  if (options.disclosure !== undefined && checkText('disclosure', options.disclosure).trim() === '') {
    throw new PatterValidationError(
      'disclosure',
      'disclosure must not be empty: callers are told that they speak with an AI. It can be worded otherwise.',
    );
  }
  const { engine } = options;
  checkGivenOnce(options, provider, { stt, tts });
  return {
    systemPrompt: checkText('systemPrompt', options.systemPrompt, 1),
    voice: checkText('voice', voiceOf(options, provider, tts) ?? DEFAULT_VOICE, 1),
    model: checkText('model', modelOf(options, provider), 1),
    language: checkText('language', options.language ?? stt?.language ?? 'en', 1),
    firstMessage: checkText('firstMessage', options.firstMessage ?? ''),
    tools: Object.freeze(toolsOf(options.tools)),
    provider,
    engine,
    ...{ stt, tts, llm },
    variables: checkVariables('variables', options.variables ?? undefined, (name) => name),
    guardrails: Object.freeze(guardrailsOf(options.guardrails)),
    hooks: hooksOf(options.hooks, provider),
    agentId: options.agentId === undefined ? undefined : checkId('agentId', options.agentId),
    disclosure: options.disclosure,
    optOutKey: options.optOutKey,
    mcp: options.mcp,
    onProviderFailure: options.onProviderFailure,
    maxDurationMs: options.maxDurationMs,
    maxDurationWarningMs: options.maxDurationWarningMs,
    turns: options.turns,
    backgroundAudio: options.backgroundAudio,
    noiseSuppression: options.noiseSuppression === undefined ? false : checkFlag('noiseSuppression', options.noiseSuppression),
  };
}

function providerOf(options: AgentOptions): AgentProvider {
  const { engine } = options;
  if (engine !== undefined && !(engine instanceof OpenAIRealtime) && !(engine instanceof ElevenLabsConvAI)) {
    throw new PatterTypeError('engine', `engine must be new OpenAIRealtime({...}) or new ElevenLabsConvAI({...}) (got ${shown(engine)}).`);
  }
  const said = options.provider === undefined ? undefined : checkOneOf('provider', options.provider, PROVIDERS);
  const parts = (['stt', 'tts', 'llm'] as const).filter((name) => options[name] !== undefined && options[name] !== null);
  if (engine && parts.length > 0) {
    throw new PatterValidationError(
      parts[0] as string,
      `${parts.join(', ')} belong to a pipeline, and engine hears, thinks and speaks itself: give engine, or ${parts.join(', ')}.`,
    );
  }
  if (engine && said && said !== engine.provider) {
    throw new PatterValidationError('provider', `provider is '${said}', and engine is one of '${engine.provider}': leave provider out.`);
  }
  if (engine) {
    for (const name of ['voice', 'model'] as const) {
      if (name === 'voice' && engine.provider === 'elevenlabs_convai' && isOpenAiVoice(options.voice ?? '')) continue;
      const inEngine = (engine.options as Readonly<Record<string, unknown>>)[name];
      if (inEngine === undefined || options[name] === undefined || inEngine === options[name]) continue;
      throw new PatterValidationError(name, `${name} is given twice, in engine and beside it: leave out the one beside it.`);
    }
  }
  if (parts.length > 0 && said !== undefined && said !== 'pipeline') {
    throw new PatterValidationError(
      'provider',
      `${parts.join(', ')} belong to a pipeline, and provider is '${said}': write provider: 'pipeline', or leave it out.`,
    );
  }
  return said ?? engine?.provider ?? (parts.length > 0 ? 'pipeline' : 'openai_realtime');
}

/** What says two things cannot do both. */
function checkGivenOnce(options: AgentOptions, provider: AgentProvider, { stt, tts }: Pick<AgentFields, 'stt' | 'tts'>): void {
  const twice = (option: string, where: string) =>
    new PatterValidationError(option, `${option} is given twice, in ${where} and beside it: leave out the one beside it.`);
  const voice = voiceBeside(options, provider, tts);
  if (tts?.voiceGiven && voice !== undefined && voice !== tts.voice) throw twice('voice', 'tts');
  if (stt?.languageGiven && options.language !== undefined && options.language !== stt.language) throw twice('language', 'stt');
  const model = modelBeside(options, provider);
  if (model === undefined) return;
  if (options.llm?.model !== undefined && model !== options.llm.model) throw twice('model', 'llm');
  if (provider !== 'elevenlabs_convai') return;
  const { llm } = overrideOf(options);
  if (llm !== undefined && llm !== model) throw twice('model', 'override.llm of the engine');
  if (/realtime/.test(model)) {
    throw new PatterValidationError(
      'model',
      `${model} is a model of OpenAI Realtime, and an agent at ElevenLabs has another: leave model out, or name one of ElevenLabs'.`,
    );
  }
}

function overrideOf({ engine }: AgentOptions): NonNullable<ElevenLabsConvAIOptions['override']> {
  return (engine instanceof ElevenLabsConvAI ? engine.options.override : undefined) ?? {};
}

/** Named beside engine and tts. A voice of OpenAI's is none where ElevenLabs speaks: it would be taken for the id of one that does not exist. */
function voiceBeside({ voice }: AgentOptions, provider: AgentProvider, tts: TTSConfig | undefined): string | undefined {
  if (voice === undefined || voice === null) return undefined;
  const ofOpenAi = provider !== 'elevenlabs_convai' && (tts === undefined || tts.provider === 'openai');
  if (!ofOpenAi) return isOpenAiVoice(voice) ? undefined : voice;
  return voice === DEFAULT_VOICE && tts?.voiceGiven ? undefined : voice;
}

function voiceOf(options: AgentOptions, provider: AgentProvider, tts: TTSConfig | undefined): string | undefined {
  const beside = voiceBeside(options, provider, tts);
  const voice = beside ?? options.engine?.options.voice ?? tts?.voice;
  const asked = options.voice ?? DEFAULT_VOICE;
  if (beside === undefined && asked !== DEFAULT_VOICE && asked !== voice) {
    warn(
      'PATTER_VOICE_REPLACED',
      `The voice ${asked} is one of OpenAI's, and ElevenLabs speaks: ${voice ?? "the agent's own there"} is used. Write a voice of ElevenLabs', or leave voice out.`,
    );
  }
  return voice;
}

/** Named beside engine and llm. The default, by its old name too, is what a copy of an agent has where none was named: elsewhere it means none. */
function modelBeside({ model }: AgentOptions, provider: AgentProvider): string | undefined {
  const isDefault = model !== undefined && realtimeModel(model) === DEFAULT_REALTIME_MODEL;
  return isDefault && provider !== 'openai_realtime' ? undefined : model;
}

function modelOf(options: AgentOptions, provider: AgentProvider): string {
  const { engine, llm } = options;
  const model = modelBeside(options, provider);
  if (model !== undefined) return model;
  if (provider === 'elevenlabs_convai') return overrideOf(options).llm ?? DEFAULT_REALTIME_MODEL;
  if (provider === 'pipeline') return llm?.model ?? DEFAULT_PIPELINE_MODEL;
  return (engine instanceof OpenAIRealtime ? engine.options.model : undefined) ?? DEFAULT_REALTIME_MODEL;
}

function toolsOf(given: AgentOptions['tools']): Tool[] {
  const tools = listOf('tools', given ?? []).map((options, index) =>
    within(`tools[${index}]`, () => (options instanceof Tool ? options : new Tool(options))),
  );
  for (const [index, { name }] of tools.entries()) {
    if ((BUILT_IN_TOOLS as readonly string[]).includes(name)) {
      throw new PatterValidationError(`tools[${index}].name`, `tools[${index}]: every agent has ${name} already. Give yours another name.`);
    }
    if (tools.findIndex((other) => other.name === name) < index) {
      throw new PatterValidationError(`tools[${index}].name`, `tools[${index}]: another tool is called ${name} too.`);
    }
  }
  return tools;
}

function guardrailsOf(given: AgentOptions['guardrails']): Guardrail[] {
  const guardrails = listOf('guardrails', given ?? []).map((options, index) =>
    within(`guardrails[${index}]`, () => (options instanceof Guardrail ? options : new Guardrail(options))),
  );
  for (const [index, { name }] of guardrails.entries()) {
    if (guardrails.findIndex((other) => other.name === name) < index) {
      throw new PatterValidationError(`guardrails[${index}].name`, `guardrails[${index}]: another guardrail is called "${name}" too.`);
    }
  }
  return guardrails;
}

/** By engine, where a hook needs one. */
const HOOKS = {
  ...(Object.fromEntries(Object.keys(HOOK_DEADLINES).map((name) => [name, 'pipeline'])) as Record<keyof typeof HOOK_DEADLINES, 'pipeline'>),
  callerFilter: 'any',
  background: 'any',
} as const satisfies Record<keyof AgentHooks, 'pipeline' | 'any'>;

/** May be an object of a class: its hooks need not be its own, and not all that is its own is a hook, unless it is called like one. */
function hooksOf(hooks: AgentOptions['hooks'], provider: AgentProvider): AgentHooks | undefined {
  if (hooks === undefined) return undefined;
  if (!isRecord(hooks)) throw new PatterTypeError('hooks', `hooks must be an object of functions (got ${shown(hooks)}).`);
  const given = hooks as Readonly<Record<string, unknown>>;
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(hooks));
  const letters = (name: string) => name.replaceAll('_', '').toLowerCase();
  const calledLikeOne = (name: string) => Object.keys(HOOKS).some((hook) => letters(hook) === letters(name));
  const functions = Object.keys(given).filter((name) => typeof given[name] === 'function' && (isPlain || calledLikeOne(name)));
  checkNames('hooks', Object.fromEntries(functions.map((name) => [name, true])), Object.keys(HOOKS));
  for (const [name, engine] of Object.entries(HOOKS)) {
    const hook = given[name];
    if (hook === undefined) continue;
    if (typeof hook !== 'function') throw new PatterTypeError(`hooks.${name}`, `hooks.${name} must be a function (got ${shown(hook)}).`);
    if (engine === 'any' || provider === 'pipeline') continue;
    throw new PatterValidationError(
      `hooks.${name}`,
      `hooks.${name} is a stage of a pipeline, and this agent's provider is '${provider}', which has none: make the agent with stt and tts, or leave the hook out.`,
    );
  }
  return hooks;
}

function listOf<Item>(option: string, value: readonly Item[]): readonly Item[] {
  if (Array.isArray(value)) return value;
  throw new PatterTypeError(option, `${option} must be an array (got ${shown(value)}).`);
}

/** Says which of several it is. */
function within<Result>(place: string, make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    if (error instanceof PatterTypeError) throw new PatterTypeError(`${place}.${error.details.option}`, `${place}: ${error.message}`);
    if (error instanceof PatterValidationError)
      throw new PatterValidationError(`${place}.${error.details.option}`, `${place}: ${error.message}`, { cause: error });
    throw error;
  }
}

function instanceOf<Config>(
  option: string,
  value: Config | null | undefined,
  type: new (fields: never) => Config,
  example: string,
): Config | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof type) return value;
  throw new PatterTypeError(option, `${option} must be ${example} (got ${shown(value)}).`);
}
