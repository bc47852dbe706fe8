/** The main class: agents on phone numbers, in this process (local mode) or at a backend (cloud mode). */
import type { Client } from '@temporalio/client';
import { optionsWithoutEffect } from '../policy/options-without-effect';
import { Agent } from './agent/agent';
import { ANY_URL, checkKeys } from './agent/check-keys';
import { Guardrail } from './agent/guardrail';
import { Tool } from './agent/tool';
import type { CallHandle, CreateBackend, PatterBackend, RemoteDesk, WorkDesk } from './backend';
import type { Campaign, CampaignHandle } from './campaign/campaign';
import type { CampaignEntry } from './campaign/list';
import type { CampaignOptions } from './campaign/options';
import { PatterConnectionError, PatterValidationError } from './errors';
import type { AgentOptions, GuardrailOptions, ToolOptions } from './options/agent';
import type { CallOptions } from './options/call';
import { checkId, checkText } from './options/check';
import { resolveCloudConfig } from './options/cloud-config';
import type { ConnectOptions } from './options/connect';
import type { CloudConfig, PatterOptions } from './options/constructor';
import { type Environment, environment } from './options/environment';
import { type LocalConfig, resolveLocalConfig } from './options/local-config';
import { detectMode } from './options/mode';
import { checkPlaceholders, resolveCall, withServed } from './options/resolve-call';
import { resolveConnect, resolveServe, resolveTest } from './options/resolve-serve';
import type { ResolvedServeOptions, ResolvedTestOptions, ServeOptions, ServeSettings, TestOptions } from './options/serve';
import { warn } from './options/warn';
import { warnOfReplaced } from './providers/model-names';
import { DeepgramSTT, WhisperSTT } from './providers/stt';
import { ElevenLabsTTS, OpenAITTS } from './providers/tts';
import type { STTConfig, TTSConfig } from './providers/voice-configs';
import type { ScheduleOptions } from './schedule/options';
import type { ScheduleHandle, ScheduleInfo } from './schedule/schedule';

/** Keys of a static helper: the vendor's variable in the environment when left out. */
interface HelperOptions {
  apiKey?: string;
}

type Settled = { readonly mode: 'local'; readonly config: LocalConfig } | { readonly mode: 'cloud'; readonly config: CloudConfig };

/** Agents on phone numbers. Local mode has everything in this process, cloud mode uses a backend elsewhere; the options tell which. */
export class Patter {
  /** Deepgram hears. `language` is BCP 47, by default `en`. */
  static deepgram(options: HelperOptions & { language?: string } = {}): STTConfig {
    return new DeepgramSTT(options);
  }

  /** OpenAI Whisper hears. */
  static whisper(options: HelperOptions & { language?: string } = {}): STTConfig {
    return new WhisperSTT(options);
  }

  /** ElevenLabs speaks, by default as `rachel`. */
  static elevenlabs(options: HelperOptions & { voice?: string } = {}): TTSConfig {
    return new ElevenLabsTTS(options);
  }

  /** OpenAI speaks, by default as `alloy`. */
  static openaiTts(options: HelperOptions & { voice?: string } = {}): TTSConfig {
    return new OpenAITTS(options);
  }

  /** What the agent must not say. @throws PatterValidationError unless there are `blockedTerms` or a `check` */
  static guardrail(options: GuardrailOptions): Guardrail {
    return new Guardrail(options);
  }

  /** What the model may call. @throws PatterValidationError unless there is exactly one of `handler` and `webhookUrl` */
  static tool(options: ToolOptions): Tool {
    return new Tool(options);
  }

  /** Calls of this program and of others, by their ids. */
  readonly calls = {
    /**
     * A call that was placed before, by this process or another one. Nobody is asked yet: what is asked of the handle tells whether there is such a call.
     * In cloud mode and in local mode alike.
     */
    get: (id: string): CallHandle => this.#backend().getCall(checkId('id', id)),
  } as const;

  /** Campaigns that were started by this program or another one, `patter campaign run` included; in cloud mode those of the key's tenant. */
  readonly campaigns = {
    /** By name, which means the newest of that name, or by id. Nobody is asked yet. */
    get: (name: string): CampaignHandle => {
      const remote = this.#remote();
      const key = checkText('name', name, 1);
      return remote ? cloudCampaignModule().cloudCampaignOf(remote, key) : campaignModule().campaignOf(this.#desk('campaigns.get()'), key);
    },
    /** The newest first. */
    list: async (): Promise<CampaignEntry[]> => {
      const remote = this.#remote();
      return remote ? cloudCampaignModule().campaignsAt(remote) : campaignModule().campaignsOf(this.#desk('campaigns.list()'));
    },
  } as const;

  /** Your own workflows, of the constructor's `workflows`. Local mode only. */
  readonly workflows = {
    /**
     * Temporal's client, and the task queue on which this program runs them: `client.workflow.start(remindOfDebt, { taskQueue, workflowId, args })`.
     * Starts what `call()` starts. The client is closed by `disconnect()`.
     */
    connect: async (): Promise<{ client: Client; taskQueue: string }> => {
      const { config, temporal } = await this.#desk('workflows.connect()').start();
      return { client: temporal, taskQueue: config.PATTER_TASK_QUEUE };
    },
  } as const;

  /** Schedules that were made by this program or another one; in cloud mode those of the key's tenant. */
  readonly schedules = {
    get: (id: string): ScheduleHandle => {
      const remote = this.#remote();
      const key = checkId('id', id);
      return remote ? cloudScheduleModule().cloudScheduleOf(remote, key) : scheduleModule().scheduleOf(this.#desk('schedules.get()'), key);
    },
    list: async (): Promise<ScheduleInfo[]> => {
      const remote = this.#remote();
      return remote ? cloudScheduleModule().schedulesAt(remote) : scheduleModule().schedulesOf(this.#desk('schedules.list()'));
    },
  } as const;

  readonly #settled: Settled;
  readonly #env: Environment;
  /** By `agentId`. */
  readonly #agents = new Map<string, Agent>();
  /** Opened when first needed: making a `Patter` does nothing. */
  #opened: PatterBackend | undefined;
  /** The agent of `serve()`, from the moment it was called until `disconnect()` or its failure. */
  #serving: ResolvedServeOptions | undefined;

  /**
   * Nothing is started or connected yet.
   * @throws PatterValidationError when options are wrong, or belong to different modes
   */
  constructor(options: PatterOptions = {}) {
    const cwd = process.cwd();
    this.#env = environment(process.env, cwd);
    this.#settled =
      detectMode(options) === 'cloud'
        ? { mode: 'cloud', config: resolveCloudConfig(options, this.#env) }
        : { mode: 'local', config: resolveLocalConfig(options, this.#env, cwd) };
  }

  /** As the options tell. */
  get mode(): 'local' | 'cloud' {
    return this.#settled.mode;
  }

  /** What the options and the environment came to. Local mode only. */
  get config(): LocalConfig {
    return this.#local('config');
  }

  /** Public host name, as soon as calls can be placed and taken. Rejects with the reason when `serve()` fails. */
  get ready(): Promise<string> {
    return this.#backend().ready;
  }

  /** Public host name, as soon as it is known: before `ready`. */
  get tunnelReady(): Promise<string> {
    return this.#backend().tunnelReady;
  }

  /**
   * An agent for `serve()`, `call()` and `test()`, frozen.
   * @throws PatterValidationError when an option is wrong, or a key that its vendors need is missing; PatterTypeError
   */
  agent(options: AgentOptions): Agent {
    const agent = new Agent(options);
    if (agent.provider === 'openai_realtime') warnOfReplaced(agent.model, agent.voice);
    // A pipeline's model is not asked where `onMessage` answers, which only serve() and call() know: they check its key.
    if (this.#settled.mode === 'local') {
      const spec = checkKeys(agent, this.#settled.config, agent.provider === 'pipeline' ? ANY_URL : undefined);
      for (const note of optionsWithoutEffect(spec)) warn('PATTER_OPTION_WITHOUT_EFFECT', note);
    }
    if (agent.agentId !== undefined) this.#agents.set(agent.agentId, agent);
    return agent;
  }

  /**
   * Takes calls, in this process. Resolves when ready; the process goes on until `disconnect()`. `serve(agent, { port })` is the same.
   * @throws PatterTypeError when `agent` is none; PatterValidationError; PatterConnectionError in cloud mode
   */
  async serve(options: ServeOptions): Promise<void>;
  /** As `serve({ agent, ...settings })`. */
  async serve(agent: Agent, settings?: ServeSettings): Promise<void>;
  async serve(first: Agent | ServeOptions, second?: ServeSettings): Promise<void> {
    const config = this.#local('serve()', 'In cloud mode use connect({ onMessage }).');
    const options = resolveServe(first, second, config);
    // What does not fit together is told before anything is started.
    checkKeys(options.agent, config, options.onMessage);
    const before = this.#serving;
    this.#serving = options;
    try {
      await this.#backend().serve(options);
    } catch (error) {
      this.#serving = before;
      throw error;
    }
  }

  /**
   * Registers `onMessage` at the backend, for calls to `number`. Resolves when connected; reconnects by itself until `disconnect()`.
   * @throws PatterConnectionError when the backend cannot be reached or refuses the key, and in local mode; PatterValidationError
   */
  async connect(options: ConnectOptions): Promise<void> {
    if (this.#settled.mode === 'local') {
      throw new PatterConnectionError('connect() is for cloud mode: give new Patter() an apiKey. In local mode use serve({ agent }).');
    }
    await this.#backend().connect(resolveConnect(options, this.#env));
  }

  /**
   * Calls somebody. Resolves when the call is on its way; no answer, busy and failed are results of the handle, not errors.
   * @throws PatterConnectionError when there is neither an agent nor a server with one; PatterValidationError, as for a `to` that is not E.164
   */
  async call(options: CallOptions): Promise<CallHandle> {
    const { mode, config } = this.#settled;
    const resolved = resolveCall(options, { mode, phoneNumber: mode === 'local' ? config.phoneNumber : '' });
    if (mode === 'cloud') {
      // Without an agent the connected program talks.
      const talks = resolved.agent ?? this.#namedAgent(resolved.agentId);
      if (talks) checkPlaceholders(talks, resolved);
      return this.#backend().call(Object.freeze({ ...resolved, agent: talks }));
    }
    const named = resolved.agent ?? this.#namedAgent(resolved.agentId);
    const agent = named ?? this.#serving?.agent;
    if (!agent) {
      throw new PatterConnectionError('call() has nobody to talk: give it an agent, or serve() one first.');
    }
    const whole = withServed(resolved, this.#serving);
    checkPlaceholders(agent, whole);
    checkKeys(agent, config, resolved.onMessage ?? (agent === this.#serving?.agent ? this.#serving.onMessage : undefined));
    return this.#backend().call(Object.freeze({ ...whole, agent: named }));
  }

  /**
   * A campaign with the fields of a campaign file: an agent, contacts, and when and how fast they are called. Nothing is done before `start()`.
   * In cloud mode the backend runs it.
   * @throws PatterValidationError that names the field; PatterTypeError
   */
  campaign(options: CampaignOptions): Campaign {
    const remote = this.#remote();
    if (remote) return cloudCampaignModule().createCloudCampaign(options, remote);
    const desk = this.#desk('campaign()');
    const campaign = campaignModule().createCampaign(options, desk);
    if (options.agent) checkKeys(options.agent, this.#local('campaign()'), undefined);
    return campaign;
  }

  /**
   * A call or a campaign at a time, by cron, or again and again: kept by Temporal, whatever becomes of this process. The same `id` changes it.
   * In cloud mode the backend carries it out.
   * @throws PatterValidationError, PatterTypeError
   */
  async schedule(options: ScheduleOptions): Promise<ScheduleHandle> {
    const remote = this.#remote();
    if (remote) return cloudScheduleModule().scheduleAt(options, remote);
    return scheduleModule().schedule(options, this.#desk('schedule()'), {
      serving: this.#serving,
      named: (agentId) => this.#namedAgent(agentId),
    });
  }

  /**
   * A call in the terminal, typed instead of spoken: no carrier, no recogniser, no voice.
   * @throws PatterTypeError when `agent` is none; PatterConnectionError in cloud mode
   */
  async test(options: TestOptions & { agent: Agent }): Promise<void>;
  /** As `test({ agent, ...settings })`. */
  async test(agent: Agent, settings?: TestOptions): Promise<void>;
  async test(first: Agent | (TestOptions & { agent: Agent }), second?: TestOptions): Promise<void> {
    const config = this.#local('test()');
    const options = resolveTest(first, second);
    await lazily<TestMode>('./test-mode', 'test()').runTestMode(options, config);
  }

  /** Stops what `serve()` or `connect()` have started. Idempotent. */
  async disconnect(): Promise<void> {
    this.#serving = undefined;
    await this.#opened?.disconnect();
  }

  #backend(): PatterBackend {
    this.#opened ??= openBackend(this.#settled);
    return this.#opened;
  }

  /** In cloud mode alone. */
  #remote(): RemoteDesk | undefined {
    return this.#settled.mode === 'cloud' ? this.#backend().remote : undefined;
  }

  #desk(what: string): WorkDesk {
    this.#local(what);
    const { desk } = this.#backend();
    if (desk) return desk;
    throw new PatterConnectionError(`${what} is for local mode.`);
  }

  #local(what: string, instead = ''): LocalConfig {
    if (this.#settled.mode === 'local') return this.#settled.config;
    throw new PatterConnectionError(`${what} is for local mode, and this Patter has an apiKey. ${instead}`.trim());
  }

  #namedAgent(agentId: string | undefined): Agent | undefined {
    if (agentId === undefined) return undefined;
    const agent = this.#agents.get(agentId);
    if (agent) return agent;
    throw new PatterValidationError(
      'agentId',
      `There is no agent with agentId "${agentId}": make it with phone.agent({ agentId: '${agentId}', … }) first.`,
    );
  }
}

type CampaignModule = typeof import('./campaign');
type ScheduleModule = typeof import('./schedule');

function campaignModule(): CampaignModule {
  return lazily<CampaignModule>('./campaign', 'campaign()');
}

type CloudCampaignModule = typeof import('./campaign/cloud');

function cloudCampaignModule(): CloudCampaignModule {
  return lazily<CloudCampaignModule>('./campaign/cloud', 'campaign()');
}

type CloudScheduleModule = typeof import('./schedule/cloud');

function cloudScheduleModule(): CloudScheduleModule {
  return lazily<CloudScheduleModule>('./schedule/cloud', 'schedule()');
}

function scheduleModule(): ScheduleModule {
  return lazily<ScheduleModule>('./schedule', 'schedule()');
}

interface TestMode {
  runTestMode(options: ResolvedTestOptions, config: LocalConfig): Promise<void>;
}

function openBackend(settled: Settled): PatterBackend {
  return settled.mode === 'local'
    ? lazily<{ createLocalBackend: CreateBackend<LocalConfig> }>('./local', 'Local mode').createLocalBackend(settled.config)
    : lazily<{ createCloudBackend: CreateBackend<CloudConfig> }>('./cloud', 'Cloud mode').createCloudBackend(settled.config);
}

/** Loaded when needed: an import of the package does nothing, and each mode pays only for itself. */
function lazily<Module>(file: string, what: string): Module {
  try {
    return require(file) as Module;
  } catch (error) {
    throw new PatterConnectionError(`${what} could not be loaded: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
