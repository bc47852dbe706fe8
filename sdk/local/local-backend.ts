/** Local mode: gateway, worker and store in the user's own process, on the Temporal and Postgres that run or are started here. */
import type { CarrierName } from '../../contracts/carrier';
import { placeCall } from '../../control/calls/place-call';
import type { Config } from '../../runtime/config';
import { createLogger, type Logger } from '../../runtime/log';
import { type CompileOptions, compileAgent } from '../agent/compile-agent';
import type { PatterBackend, WorkDesk } from '../backend';
import { PatterConnectionError, PatterValidationError } from '../errors';
import type { ResolvedCallOptions } from '../options/call';
import type { Callbacks, MessageHandler } from '../options/callbacks';
import type { LocalConfigFields } from '../options/constructor';
import type { CallHandle } from '../options/handle';
import type { ResolvedServeOptions } from '../options/serve';
import { AgentRegistry, type RegisteredAgent } from './agent-registry';
import { onMessageOf } from './app-callbacks';
import { pointNumber, serveLine } from './configure-line';
import { Deferred } from './deferred';
import { LocalCall } from './local-call';
import { LocalStack, type LocalStackOptions, type Started } from './local-stack';
import type { OpenHome } from './open-home';
import { priceTableOf } from './prices';
import { defaultPort, hostOf, processConfig, sharedTaskQueue } from './process-config';

export interface LocalBackendOptions extends LocalStackOptions {
  env?: NodeJS.ProcessEnv;
  /** `.patter` and `.env` are looked for here. @default the working directory */
  cwd?: string;
}

export class LocalBackend implements PatterBackend {
  readonly #agents = new AgentRegistry();
  readonly #config: Config;
  readonly #log: Logger;
  readonly #stack: LocalStack;
  #served: ResolvedServeOptions | undefined;
  #ready = new Deferred<string>();
  #disconnecting: Promise<void> | undefined;
  #pointing: Promise<void> = Promise.resolve();

  constructor(
    private readonly fields: LocalConfigFields,
    private readonly options: LocalBackendOptions = {},
  ) {
    const { env = process.env, cwd = process.cwd() } = options;
    this.#config = processConfig(fields, env, cwd);
    this.#log = createLogger(`sdk-${fields.appId}`, this.#config.PATTER_LOG_LEVEL);
    this.#stack = new LocalStack({
      ...{ fields, options, config: this.#config, log: this.#log, agents: this.#agents },
      served: () => this.#served,
      disconnect: () => this.disconnect(),
      closing: () => this.#fail(new PatterConnectionError('disconnect() was called before the server was ready.')),
      moved: async (home, publicUrl) => {
        const { phoneNumber: number, telephonyProvider: carrier } = fields;
        if (this.#served && number !== '') await this.#point(home, { number, carrier }, () => publicUrl);
      },
    });
  }

  get ready(): Promise<string> {
    return this.#ready.promise;
  }

  get tunnelReady(): Promise<string> {
    return this.#stack.tunnelReady;
  }

  async serve(options: ResolvedServeOptions): Promise<void> {
    await this.#disconnecting;
    if (this.#served)
      throw new PatterConnectionError('serve() runs already. disconnect() first, or make a second Patter with another appId.');
    this.#stack.checkSame(options.port, options.tunnel);
    // call() has started it, and may have calls there.
    const joins = this.#stack.port !== undefined;
    this.#served = options;
    if (this.#ready.settled) this.#ready = new Deferred();
    try {
      const entry = this.#agents.serve(this.#compile(options.agent, options.callbacks, options.onMessage));
      const { home, runtime } = await this.#stack.start(options.port, options.tunnel);
      const { phoneNumber: number, telephonyProvider: carrier } = this.fields;
      if (number === '') this.#log.warn('new Patter() has no phoneNumber: nobody can call, and call() needs a fromNumber');
      else {
        await serveLine(home, { number, carrier, agent: entry.compiled.spec, recording: options.recording, transfer: options.transfer });
        await this.#point(home, { number, carrier }, () => runtime.publicUrl);
      }
      this.#ready.resolve(hostOf(runtime.publicUrl));
    } catch (error) {
      if (joins && this.#stack.port !== undefined) {
        this.#served = undefined;
        this.#ready.reject(error);
        throw error;
      }
      this.#fail(error);
      await this.disconnect();
      throw error;
    }
  }

  async connect(): Promise<void> {
    throw new PatterConnectionError('connect() is for cloud mode: give new Patter() an apiKey. In local mode use serve().');
  }

  async call(options: ResolvedCallOptions): Promise<CallHandle> {
    await this.#disconnecting;
    const entry = this.#agentOf(options);
    const from = options.from ?? this.fields.phoneNumber;
    if (from === '') {
      throw new PatterValidationError(
        'fromNumber',
        'call() needs a number to call from: give new Patter() a phoneNumber, or call() a fromNumber.',
      );
    }
    const { home } = await this.#startForCalls();
    const named = this.#agents.add(entry, options.idempotencyKey);
    const { callId, notes } = await placeCall(home.ctx, {
      to: options.to,
      from,
      carrier: this.fields.telephonyProvider,
      agent: named.compiled.spec,
      variables: options.variables,
      customParams: options.customParams,
      machineDetection: options.machineDetection,
      voicemailMessage: options.voicemailMessage ?? '',
      ringTimeoutMs: options.ringTimeoutMs,
      ...(options.recording ? { recording: {} } : {}),
      ...(options.transfer && { transfer: options.transfer }),
      ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
    });
    this.#agents.placed(callId, named);
    for (const note of notes) this.#log.warn(note);
    return this.getCall(callId);
  }

  getCall(id: string): CallHandle {
    return new LocalCall(id, {
      context: async () => (await this.#stack.home()).ctx,
      prices: priceTableOf(this.fields.pricing),
      signal: () => this.#stack.signal,
    });
  }

  /** For campaigns and schedules. */
  get desk(): WorkDesk {
    return {
      carrier: this.fields.telephonyProvider,
      phoneNumber: this.fields.phoneNumber,
      sharedTaskQueue: sharedTaskQueue(this.options.env, this.options.cwd),
      context: async () => {
        await this.#disconnecting;
        return (await this.#stack.home()).ctx;
      },
      start: async () => {
        await this.#disconnecting;
        return (await this.#startForCalls()).home.ctx;
      },
      register: (agent, own, key) => {
        const served = this.#agents.ofServe;
        const callbacks = { ...this.#served?.callbacks, ...withoutUndefined(own) };
        const entry = this.#compile(agent, callbacks, agent === served?.agent ? served.onMessage : undefined);
        const { compiled } = this.#agents.add(entry, key);
        const { tools, guardrails, hooks, onMessage } = compiled.code;
        // A URL is for anybody, but to sign what is asked of it only this program has the secret.
        const signs = compiled.spec.engine.type === 'pipeline' && compiled.spec.engine.onMessage && this.fields.webhookSecret;
        const functions = [
          ...Object.values(tools ?? {}),
          ...Object.values(guardrails ?? {}),
          ...Object.values(callbacks),
          hooks,
          onMessage,
        ];
        const needsApp = Boolean(signs) || functions.some((one) => one !== undefined) || Object.keys(compiled.credentials).length > 0;
        return { compiled, needsApp };
      },
      signal: () => this.#stack.signal,
    };
  }

  disconnect(): Promise<void> {
    this.#disconnecting ??= this.#close().finally(() => {
      this.#disconnecting = undefined;
    });
    return this.#disconnecting;
  }

  async #close(): Promise<void> {
    try {
      await this.#stack.close();
    } finally {
      this.#served = undefined;
    }
  }

  /** Where nothing is served, calls can be made all the same. */
  async #startForCalls(): Promise<Started> {
    const port = this.#served?.port ?? this.#stack.port ?? defaultPort(this.#config);
    const started = await this.#stack.start(port, this.#served?.tunnel ?? this.fields.tunnel);
    if (!this.#served) this.#ready.resolve(await this.tunnelReady);
    return started;
  }

  /** One at a time, with the address as of then: a tunnel may get another name while the carrier is told of the last one. */
  #point(home: OpenHome, target: { number: string; carrier: CarrierName }, publicUrl: () => string): Promise<void> {
    const pointed = this.#pointing.then(() =>
      pointNumber(home, { ...target, publicUrl: publicUrl() }, this.#served?.configureNumber ?? false, this.#log),
    );
    this.#pointing = pointed.catch(() => undefined);
    return pointed;
  }

  #fail(error: unknown): void {
    if (!this.#ready.settled) this.#ready.reject(error);
    this.#stack.fail(error);
  }

  /** @throws PatterConnectionError when nobody is there to talk */
  #agentOf(options: ResolvedCallOptions): RegisteredAgent {
    const { agent, agentId } = options;
    const served = this.#agents.ofServe;
    const known = agentId === undefined ? served : this.#agents.named(this.fields.appId, agentId);
    const one = agent ?? known?.agent;
    if (!one) {
      throw new PatterConnectionError(
        agentId === undefined
          ? 'call() has no agent: give it one (call({ to, agent })), or serve(agent) first.'
          : `call() knows no agent "${agentId}": make it with phone.agent({ agentId: '${agentId}', … }) and give it to call() or serve().`,
      );
    }
    const callbacks = { ...this.#served?.callbacks, ...withoutUndefined(options.callbacks) };
    const onMessage = options.onMessage ?? (one === served?.agent ? served.onMessage : undefined);
    return this.#compile(one, callbacks, onMessage, options.firstMessage);
  }

  #compile(
    agent: RegisteredAgent['agent'],
    callbacks: Readonly<Callbacks>,
    onMessage: MessageHandler | undefined,
    firstMessage?: string,
  ): RegisteredAgent {
    const options: CompileOptions = {
      app: this.fields.appId,
      ...(firstMessage === undefined ? {} : { firstMessage }),
      ...(onMessage === undefined ? {} : { onMessage: onMessageOf(onMessage, () => this.#stack.callbacks) }),
    };
    return { agent, callbacks, onMessage, compiled: compileAgent(agent, options) };
  }
}

function withoutUndefined(callbacks: Readonly<Callbacks>): Partial<Callbacks> {
  return Object.fromEntries(Object.entries(callbacks).filter(([, callback]) => callback !== undefined));
}
