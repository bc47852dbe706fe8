/** Local mode: gateway, worker and store in the user's own process, on the Temporal and Postgres that run or are started here. */
import { placeCall } from '../../control/calls/place-call';
import type { ControlContext } from '../../control/context';
import { registerDashboard } from '../../control/dashboard';
import { createWorkActivities } from '../../control/work/activities';
import type { ExtendServer } from '../../media-gateway/server';
import type { Config } from '../../runtime/config';
import { freePort } from '../../runtime/free-port';
import { createLogger, type Logger } from '../../runtime/log';
import type { WorkerOptions } from '../../worker/main';
import { type CompileOptions, compileAgent } from '../agent/compile-agent';
import type { PatterBackend, WorkDesk } from '../backend';
import { PatterConnectionError, PatterValidationError } from '../errors';
import type { ResolvedCallOptions } from '../options/call';
import type { Callbacks, MessageHandler } from '../options/callbacks';
import type { LocalConfigFields } from '../options/constructor';
import type { CallHandle } from '../options/handle';
import type { ResolvedServeOptions } from '../options/serve';
import type { OpenTunnel, Tunnel, TunnelOption } from '../options/tunnel';
import { AgentRegistry, type RegisteredAgent } from './agent-registry';
import { type AppCallbacks, onMessageOf, openAppCallbacks } from './app-callbacks';
import { pointNumber, serveLine } from './configure-line';
import { Deferred } from './deferred';
import { type EmbeddedRuntime, startEmbeddedRuntime } from './embedded-runtime';
import { type EndOfProcess, onEndOfProcess } from './end-of-process';
import { LocalCall } from './local-call';
import { type OpenHome, openHome } from './open-home';
import { openTunnel } from './open-tunnel';
import { priceTableOf } from './prices';
import { defaultPort, hostOf, processConfig, publicUrlOf, requirePublicUrl, sharedTaskQueue } from './process-config';
import { tunnelOf } from './tunnels';

export interface LocalBackendOptions {
  env?: NodeJS.ProcessEnv;
  /** `.patter` and `.env` are looked for here. @default the working directory */
  cwd?: string;
  /** Workflows bundled ahead. */
  worker?: WorkerOptions;
  /** Routes of the page at `/dashboard`. @default the page of control/ */
  dashboard?: (parts: { ctx: ControlContext; token: string }) => ExtendServer;
}

/** What is open; each is there only while all before it are. */
interface Started {
  home: OpenHome;
  runtime: EmbeddedRuntime;
  tunnel: OpenTunnel | undefined;
}

export class LocalBackend implements PatterBackend {
  readonly #agents = new AgentRegistry();
  readonly #config: Config;
  readonly #log: Logger;
  #callbacks: AppCallbacks | undefined;
  #open: Started | undefined;
  #home: Promise<OpenHome> | undefined;
  #started: Promise<Started> | undefined;
  #port: number | undefined;
  #served: ResolvedServeOptions | undefined;
  #ready = new Deferred<string>();
  #tunnelReady = new Deferred<string>();
  #closing = new AbortController();
  #disconnecting: Promise<void> | undefined;
  #endOfProcess: EndOfProcess | undefined;

  constructor(
    private readonly fields: LocalConfigFields,
    private readonly options: LocalBackendOptions = {},
  ) {
    const { env = process.env, cwd = process.cwd() } = options;
    this.#config = processConfig(fields, env, cwd);
    this.#log = createLogger(`sdk-${fields.appId}`, this.#config.PATTER_LOG_LEVEL);
  }

  get ready(): Promise<string> {
    return this.#ready.promise;
  }

  get tunnelReady(): Promise<string> {
    return this.#tunnelReady.promise;
  }

  async serve(options: ResolvedServeOptions): Promise<void> {
    await this.#disconnecting;
    if (this.#served)
      throw new PatterConnectionError('serve() runs already. disconnect() first, or make a second Patter with another appId.');
    this.#served = options;
    if (this.#ready.settled) this.#ready = new Deferred();
    try {
      const entry = this.#agents.serve(this.#compile(options.agent, options.callbacks, options.onMessage));
      const { home, runtime } = await this.#start(options.port, options.tunnel);
      const { phoneNumber: number, telephonyProvider: carrier } = this.fields;
      if (number === '') this.#log.warn('new Patter() has no phoneNumber: nobody can call, and call() needs a fromNumber');
      else {
        await serveLine(home, { number, carrier, agent: entry.compiled.spec, recording: options.recording });
        await pointNumber(home, { number, carrier, publicUrl: runtime.publicUrl }, options.configureNumber, this.#log);
      }
      this.#ready.resolve(hostOf(runtime.publicUrl));
    } catch (error) {
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
    const recording = options.recording ?? this.#served?.recording ?? false;
    const { callId, notes } = await placeCall(home.ctx, {
      to: options.to,
      from,
      carrier: this.fields.telephonyProvider,
      agent: named.compiled.spec,
      variables: options.variables,
      customParams: options.customParams,
      machineDetection: options.machineDetection,
      voicemailMessage: options.voicemailMessage ?? this.#served?.voicemailMessage ?? '',
      ringTimeoutMs: options.ringTimeoutMs,
      ...(recording ? { recording: {} } : {}),
      ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
    });
    this.#agents.placed(callId, named);
    for (const note of notes) this.#log.warn(note);
    return this.getCall(callId);
  }

  getCall(id: string): CallHandle {
    return new LocalCall(id, {
      context: async () => (await this.#openHome()).ctx,
      prices: priceTableOf(this.fields.pricing),
      signal: () => this.#closing.signal,
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
        return (await this.#openHome()).ctx;
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
        const functions = [
          ...Object.values(tools ?? {}),
          ...Object.values(guardrails ?? {}),
          ...Object.values(callbacks),
          hooks,
          onMessage,
        ];
        const needsApp = functions.some((one) => one !== undefined) || Object.keys(compiled.credentials).length > 0;
        return { compiled, needsApp };
      },
      signal: () => this.#closing.signal,
    };
  }

  disconnect(): Promise<void> {
    this.#disconnecting ??= this.#close().finally(() => {
      this.#disconnecting = undefined;
    });
    return this.#disconnecting;
  }

  async #close(): Promise<void> {
    const started = await this.#started?.catch(() => undefined);
    const home = await this.#home?.catch(() => undefined);
    this.#fail(new PatterConnectionError('disconnect() was called before the server was ready.'));
    try {
      // In the reverse order of their start, and each although the one before fails.
      for (const close of [
        () => started?.runtime.stop(),
        () => started?.tunnel?.close(),
        async () => this.#closing.abort(),
        () => home?.close(),
      ]) {
        await Promise.resolve(close()).catch((error: unknown) => this.#log.error({ err: error }, 'a part did not stop'));
      }
    } finally {
      this.#closing = new AbortController();
      this.#endOfProcess?.remove();
      this.#endOfProcess = undefined;
      this.#callbacks = undefined;
      this.#open = undefined;
      this.#started = undefined;
      this.#home = undefined;
      this.#port = undefined;
      this.#served = undefined;
    }
  }

  /** Where nothing is served, calls can be made all the same. */
  async #startForCalls(): Promise<Started> {
    const started = await this.#start(this.#served?.port ?? this.#port ?? defaultPort(this.#config), this.#served?.tunnel ?? false);
    if (!this.#served) this.#ready.resolve(await this.tunnelReady);
    return started;
  }

  /** The last words of a process that waits for nothing. */
  #abandon(home: OpenHome): void {
    this.#open?.tunnel?.close().catch(() => undefined);
    home.abandon();
  }

  /** @throws PatterConnectionError when it runs already, and otherwise than asked for */
  async #start(port: number, tunnelOption: TunnelOption): Promise<Started> {
    const tunnel = tunnelOf(tunnelOption === false ? this.fields.tunnel : tunnelOption);
    if (this.#started) {
      if (port !== this.#port) {
        throw new PatterConnectionError(
          `call() has started this server on port ${this.#port}. Give serve() the same port, or call serve() first.`,
        );
      }
      return this.#started;
    }
    this.#port = port;
    if (this.#tunnelReady.settled) this.#tunnelReady = new Deferred();
    this.#started = this.#startAll(port, tunnel);
    try {
      return await this.#started;
    } catch (error) {
      this.#started = undefined;
      this.#port = undefined;
      throw error;
    }
  }

  async #startAll(asked: number, tunnel: Tunnel | undefined): Promise<Started> {
    if (!tunnel) requirePublicUrl(this.#config);
    const port = tunnel && asked === 0 ? await freePort() : asked;
    const [opened, prepared] = await Promise.allSettled([tunnel && openTunnel(tunnel, port), this.#openHome()]);
    const open = opened.status === 'fulfilled' ? opened.value : undefined;
    try {
      if (opened.status === 'rejected') throw opened.reason;
      if (prepared.status === 'rejected') throw prepared.reason;
      const publicUrl = open ? publicUrlOf(open.host) : this.#config.PATTER_PUBLIC_URL?.[0];
      if (publicUrl) this.#tunnelReady.resolve(hostOf(publicUrl));
      const home = prepared.value;
      const runtime = await this.#startRuntime(home, port, publicUrl);
      this.#tunnelReady.resolve(hostOf(runtime.publicUrl));
      open?.onChange?.((host) => void this.#moved(publicUrlOf(host)));
      this.#open = { home, runtime, tunnel: open };
      return this.#open;
    } catch (error) {
      await open?.close().catch(() => undefined);
      throw error;
    }
  }

  async #startRuntime(home: OpenHome, port: number, publicUrl: string | undefined): Promise<EmbeddedRuntime> {
    const { appId: app, persistRoot, pricing, requireSignature } = this.fields;
    const prices = priceTableOf(pricing);
    const callbacks = openAppCallbacks({ ...{ home, app, prices, persistRoot }, agents: this.#agents, log: this.#log });
    this.#callbacks = callbacks;
    const { dashboard = dashboardAt } = this.options;
    const { workflows } = this.fields;
    const worker: WorkerOptions = {
      ...{ prices, activities: (ctx) => createWorkActivities(ctx, app) },
      ...(workflows !== undefined && { workflowsFile: workflows }),
      ...this.options.worker,
    };
    const wanted = this.#served?.dashboard ? dashboard({ ctx: home.ctx, token: this.#served.dashboardToken }) : undefined;
    return startEmbeddedRuntime({
      ...{ home, app, port, publicUrl, requireSignature },
      agents: this.#agents,
      taps: callbacks.taps,
      beside: () => callbacks.work(),
      log: this.#log,
      keys: this.#agents.ofServe?.compiled.credentials ?? {},
      worker,
      ...(wanted ? { extend: wanted } : {}),
    });
  }

  #openHome(): Promise<OpenHome> {
    this.#home ??= openHome(this.#config, this.#log).then(
      (home) => {
        this.#endOfProcess = onEndOfProcess(
          () => this.disconnect(),
          () => this.#abandon(home),
        );
        return home;
      },
      (error: unknown) => {
        this.#home = undefined;
        throw error;
      },
    );
    return this.#home;
  }

  /** The tunnel has another name now: the gateway and the carrier are told. */
  async #moved(publicUrl: string): Promise<void> {
    const open = this.#open;
    if (!open || this.#disconnecting) return;
    try {
      await open.runtime.movedTo(publicUrl);
      const { phoneNumber: number, telephonyProvider: carrier } = this.fields;
      if (this.#served && number !== '') {
        await pointNumber(open.home, { number, carrier, publicUrl }, this.#served.configureNumber, this.#log);
      }
      this.#log.info({ publicUrl }, 'the tunnel has another name');
    } catch (error) {
      this.#log.error({ err: error, publicUrl }, 'the tunnel has another name, and the carrier could not be told');
    }
  }

  #fail(error: unknown): void {
    for (const one of [this.#ready, this.#tunnelReady]) if (!one.settled) one.reject(error);
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
      ...(onMessage === undefined ? {} : { onMessage: onMessageOf(onMessage, () => this.#callbacks) }),
    };
    return { agent, callbacks, onMessage, compiled: compileAgent(agent, options) };
  }
}

/** The port is the one that a tunnel makes public: without a token the page is this machine's, with one nobody comes in without it. */
function dashboardAt({ ctx, token }: { ctx: ControlContext; token: string }): ExtendServer {
  return (app) => registerDashboard(app, ctx, { token: token === '' ? undefined : token, loopback: token === '', keys: false });
}

function withoutUndefined(callbacks: Readonly<Callbacks>): Partial<Callbacks> {
  return Object.fromEntries(Object.entries(callbacks).filter(([, callback]) => callback !== undefined));
}
