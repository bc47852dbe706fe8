import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../contracts/clock';
import { isPatterError } from '../../contracts/errors';
import type { ControlContext } from '../../control/context';
import { registerDashboard } from '../../control/dashboard';
import { createWorkActivities } from '../../control/work/activities';
import type { ExtendServer } from '../../media-gateway/server';
import type { Config } from '../../runtime/config';
import { freePort } from '../../runtime/free-port';
import type { Logger } from '../../runtime/log';
import type { WorkerOptions } from '../../worker/main';
import { PatterConnectionError } from '../errors';
import type { LocalConfigFields } from '../options/constructor';
import type { ResolvedServeOptions } from '../options/serve';
import type { OpenTunnel, Tunnel, TunnelOption } from '../options/tunnel';
import type { AgentRegistry } from './agent-registry';
import { type AppCallbacks, openAppCallbacks } from './app-callbacks';
import { Deferred } from './deferred';
import { type EmbeddedRuntime, startEmbeddedRuntime } from './embedded-runtime';
import { type EndOfProcess, onEndOfProcess } from './end-of-process';
import { type OpenHome, openHome } from './open-home';
import { openTunnel } from './open-tunnel';
import { priceTableOf } from './prices';
import { hostOf, publicUrlOf, requirePublicUrl } from './process-config';
import { TunnelName } from './tunnel-name';
import { tunnelOf } from './tunnels';

/** Of what is served at the moment, if anything is. */
export type DashboardSettings = Pick<ResolvedServeOptions, 'dashboard' | 'dashboardToken'>;

export interface LocalStackOptions {
  /** Workflows bundled ahead. */
  worker?: WorkerOptions;
  /** Routes of the page at `/dashboard`. @default the page of control/ */
  dashboard?: (parts: { ctx: ControlContext; served: () => DashboardSettings | undefined }) => ExtendServer;
}

/** What is open; each is there only while all before it are. */
export interface Started {
  home: OpenHome;
  runtime: EmbeddedRuntime;
  tunnel: OpenTunnel | undefined;
}

export interface LocalStackDeps {
  fields: LocalConfigFields;
  options: LocalStackOptions;
  config: Config;
  log: Logger;
  agents: AgentRegistry;
  served(): ResolvedServeOptions | undefined;
  /** The process ends. */
  disconnect(): Promise<void>;
  /** Nothing that was being started will be there; what was is being closed. */
  closing(): void;
  /** The tunnel has another name, and the gateway knows it. */
  moved(home: OpenHome, publicUrl: string): Promise<void>;
}

/** What local mode stands on: the home (store, Temporal, control), the tunnel, and gateway and worker in this process. Started when they are needed first, once, and closed together. */
export class LocalStack {
  #callbacks: AppCallbacks | undefined;
  #open: Started | undefined;
  #home: Promise<OpenHome> | undefined;
  #started: Promise<Started> | undefined;
  #port: number | undefined;
  #tunnel: TunnelOption = false;
  #tunnelReady = new Deferred<string>();
  #closing = new AbortController();
  #isClosing = false;
  #endOfProcess: EndOfProcess | undefined;

  constructor(private readonly deps: LocalStackDeps) {}

  /** The public host name. */
  get tunnelReady(): Promise<string> {
    return this.#tunnelReady.promise;
  }

  /** The one on which it runs, or starts. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Of the developer's code, while gateway and worker run. */
  get callbacks(): AppCallbacks | undefined {
    return this.#callbacks;
  }

  /** Aborted when it is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** @throws PatterConnectionError when it runs already, and otherwise than asked for */
  async start(port: number, tunnelOption: TunnelOption): Promise<Started> {
    this.checkSame(port, tunnelOption);
    if (this.#started) {
      const started = await this.#started;
      // call() may have been there before serve(), whose agent has brought keys.
      started.runtime.learnKeys(this.deps.agents.ofServe?.compiled.credentials ?? {});
      return started;
    }
    const tunnel = tunnelOf(tunnelOption);
    this.#port = port;
    this.#tunnel = tunnelOption;
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

  /** @throws PatterConnectionError when it runs already, or starts, and otherwise than asked for */
  checkSame(port: number, tunnel: TunnelOption): void {
    if (!this.#started) return;
    if (port !== this.#port) {
      throw new PatterConnectionError(
        `call() has started this server on port ${this.#port}. Give serve() the same port, or call serve() first.`,
      );
    }
    if (!sameTunnel(tunnel, this.#tunnel)) {
      throw new PatterConnectionError(
        `call() has started this server ${this.#tunnel === false ? 'without a tunnel' : 'with the tunnel of new Patter()'}. Give serve() no other, or call it first.`,
      );
    }
  }

  /** What can be read and asked for without a gateway of this process. */
  home(): Promise<OpenHome> {
    const { config, log, disconnect } = this.deps;
    this.#home ??= openHome(config, log).then(
      (home) => {
        this.#endOfProcess = onEndOfProcess(disconnect, () => this.#abandon(home));
        return home;
      },
      (error: unknown) => {
        this.#home = undefined;
        throw error;
      },
    );
    return this.#home;
  }

  /** Whoever waits for the tunnel's name hears why there will be none. */
  fail(error: unknown): void {
    if (!this.#tunnelReady.settled) this.#tunnelReady.reject(error);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const started = await this.#started?.catch(() => undefined);
    const home = await this.#home?.catch(() => undefined);
    this.deps.closing();
    try {
      // In the reverse order of their start, and each although the one before fails.
      for (const close of [
        () => started?.runtime.stop(),
        () => started?.tunnel?.close(),
        async () => this.#closing.abort(),
        () => home?.close(),
      ]) {
        await Promise.resolve(close()).catch((error: unknown) => this.deps.log.error({ err: error }, 'a part did not stop'));
      }
    } finally {
      this.#isClosing = false;
      this.#closing = new AbortController();
      this.#endOfProcess?.remove();
      this.#endOfProcess = undefined;
      this.#callbacks = undefined;
      this.#open = undefined;
      this.#started = undefined;
      this.#home = undefined;
      this.#port = undefined;
    }
  }

  /** The last words of a process that waits for nothing. */
  #abandon(home: OpenHome): void {
    this.#open?.tunnel?.close().catch(() => undefined);
    home.abandon();
  }

  async #startAll(asked: number, tunnel: Tunnel | undefined): Promise<Started> {
    if (!tunnel) requirePublicUrl(this.deps.config);
    const port = tunnel && asked === 0 ? await freePort() : asked;
    let name: TunnelName | undefined;
    const opening =
      tunnel &&
      openTunnel(tunnel, port).then((open) => {
        // At once: until worker and gateway are up it may have another one.
        name = new TunnelName(open);
        return open;
      });
    const [opened, prepared] = await Promise.allSettled([opening, this.home()]);
    const open = opened.status === 'fulfilled' ? opened.value : undefined;
    try {
      if (opened.status === 'rejected') throw opened.reason;
      if (prepared.status === 'rejected') throw prepared.reason;
      const host = name?.host;
      const publicUrl = host !== undefined ? publicUrlOf(host) : this.deps.config.PATTER_PUBLIC_URL?.[0];
      if (publicUrl) this.#tunnelReady.resolve(hostOf(publicUrl));
      const home = prepared.value;
      const runtime = await this.#startRuntime(home, port, publicUrl);
      this.#tunnelReady.resolve(hostOf(runtime.publicUrl));
      this.#open = { home, runtime, tunnel: open };
      if (host !== undefined) void this.#follow(name as TunnelName, host, this.#open);
      return this.#open;
    } catch (error) {
      await open?.close().catch(() => undefined);
      throw error;
    }
  }

  async #startRuntime(home: OpenHome, port: number, publicUrl: string | undefined): Promise<EmbeddedRuntime> {
    const { agents, fields, log, options } = this.deps;
    const { appId: app, persistRoot, pricing, requireSignature, webhookSecret } = fields;
    const prices = priceTableOf(pricing);
    const callbacks = openAppCallbacks({ home, app, prices, persistRoot, webhookSecret, agents, log });
    this.#callbacks = callbacks;
    const { dashboard = dashboardAt } = options;
    const { workflows } = fields;
    const worker: WorkerOptions = {
      ...{ prices, activities: (ctx) => createWorkActivities(ctx, app) },
      ...(workflows !== undefined && { workflowsFile: workflows }),
      ...options.worker,
    };
    return startEmbeddedRuntime({
      ...{ home, app, port, publicUrl, requireSignature, webhookSecret },
      agents,
      taps: callbacks.taps,
      beside: () => callbacks.work(),
      log,
      keys: agents.ofServe?.compiled.credentials ?? {},
      worker,
      extend: dashboard({ ctx: home.ctx, served: () => this.deps.served() }),
    });
  }

  /** Whenever the tunnel has another name, the gateway and the carrier are told, until they know it. */
  #follow(name: TunnelName, known: string, { home, runtime }: Started): Promise<void> {
    const { log, moved } = this.deps;
    return name.follow({
      ...{ known, clock: systemClock, signal: this.#closing.signal },
      tell: async (host) => {
        if (this.#isClosing) return;
        const publicUrl = publicUrlOf(host);
        await runtime.movedTo(publicUrl);
        await moved(home, publicUrl);
        log.info({ publicUrl }, 'the tunnel has another name');
      },
      failed: (error, host) => {
        log.error({ err: error, host }, 'the tunnel has another name, and the carrier could not be told');
        // Somebody else has been put there meanwhile.
        return !isPatterError(error, 'PATTER_NUMBER_TAKEN');
      },
    });
  }
}

/**
 * The port is the one that a tunnel makes public: without a token the page is this machine's, with one nobody comes in without it. There at once, and
 * shown while something is served: call() may have started the server.
 */
function dashboardAt({ ctx, served }: { ctx: ControlContext; served: () => DashboardSettings | undefined }): ExtendServer {
  const tokenNow = () => served()?.dashboardToken ?? '';
  return (app) =>
    registerDashboard(app, ctx, {
      keys: false,
      get shown() {
        return served()?.dashboard === true;
      },
      get token() {
        return tokenNow() === '' ? undefined : tokenNow();
      },
      get loopback() {
        return tokenNow() === '';
      },
    });
}

function sameTunnel(one: TunnelOption, other: TunnelOption): boolean {
  const plain = (option: TunnelOption) => (option === true ? { type: 'cloudflare' } : typeof option === 'object' ? { ...option } : option);
  return one === other || isDeepStrictEqual(plain(one), plain(other));
}
