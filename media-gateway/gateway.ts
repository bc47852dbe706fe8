/** One gateway, put together from what it is given. `main.ts` gives it the real things of a configuration. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { TenantCarriers } from '../carriers/tenant-carriers';
import type { Carrier, CarrierName } from '../contracts/carrier';
import type { Clock } from '../contracts/clock';
import { PatterError } from '../contracts/errors';
import type { Config } from '../runtime/config';
import { drainTimeoutMs } from '../runtime/drain-limits';
import type { Logger } from '../runtime/log';
import type { Running } from '../runtime/running';
import type { TenantAccounts } from '../runtime/tenant-accounts';
import type { Store } from '../store/store';
import { Admission } from './admission';
import { CallRegistry } from './call-registry';
import type { CallTaps } from './call-taps';
import { drainCalls } from './drain';
import { EndedStreams } from './ended-streams';
import type { GatewayContext } from './gateway-context';
import { MediaSockets } from './media-socket';
import { GatewayMetrics } from './metrics';
import { Outbox } from './outbox';
import { PrewarmPool } from './prewarm';
import { Registration } from './registration';
import { createServer, type ExtendServer } from './server';
import { type SessionMaker, sessionMaker } from './session-maker';
import { SharedTicks } from './shared-ticks';
import { KnownNews } from './webhooks/known-news';
import { WorkflowLink } from './workflow-link';

export interface GatewayParts {
  config: Config;
  client: Client;
  /** Only for its own registration row, and to say whether Postgres answers. */
  store: Pick<Store, 'gateways' | 'ping'>;
  carriers: ReadonlyMap<CarrierName, Carrier>;
  /** Accounts of tenants. @default all tenants use those of the process */
  accounts?: TenantAccounts;
  secretKey: string;
  clock: Clock;
  log: Logger;
  /** The product's own unless given. */
  sessions?: SessionMaker;
  /** Who listens in, in this process. */
  taps?: CallTaps;
  /** Names its spool and its log lines. @default gateway-<index> */
  role?: string;
  /** Adds routes of its own to the server, before it listens. */
  extend?: ExtendServer;
  options?: Partial<GatewayOptions>;
}

export interface GatewayOptions {
  /** How often the spool tries again. */
  spoolRetryMs: number;
  /** Holds the code of this app's agents: it serves their calls, and no others. Null: calls of agents without code. */
  app: string | null;
  /** False: webhooks that cannot be verified, because the credential for it is missing, are believed. For tests against a simulated carrier only. */
  requireSignature: boolean;
}

export const DEFAULT_GATEWAY_OPTIONS = { app: null, spoolRetryMs: 1_000, requireSignature: true } as const satisfies GatewayOptions;

/** Heartbeats that go out together cost less than half of what they cost one by one; more of them at once would hold up the audio. */
const BEATS_EVERY_MS = 100;
const PING_DEADLINE_MS = 1_000;
const LAST_REPORTS_MS = 3_000;

export interface RunningGateway extends Running {
  readonly gatewayId: string;
  /** Its public address has changed, as a tunnel's does: calls from now on are told the new one. */
  movedTo(publicUrl: string): Promise<void>;
}

export async function startGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { config, client, store, carriers, accounts, secretKey, clock, log, sessions = sessionMaker(), taps } = parts;
  const options: GatewayOptions = { ...DEFAULT_GATEWAY_OPTIONS, ...parts.options };
  // Said before anything is opened, if it is wrong.
  publicUrls(config, '');
  const role = parts.role ?? `gateway-${config.PATTER_GATEWAY_INDEX}`;
  // New with every start: what belonged to a process that died must not look like this one's.
  const gatewayId = `${hostname()}-${config.PATTER_GATEWAY_INDEX}-${randomBytes(4).toString('hex')}`;
  const link = new WorkflowLink(client, clock);
  const dir = join(config.PATTER_HOME, 'spool', role);
  const tenantCarriers = new TenantCarriers(config, carriers);
  const carriersOf = async (callId: string) => (accounts ? tenantCarriers.of(await accounts.configFor({ callId })) : carriers);
  const outbox = await Outbox.open({
    dir,
    link,
    carriersOf,
    clock,
    log,
    retryMs: options.spoolRetryMs,
    taskQueue: config.PATTER_TASK_QUEUE,
  });
  const calls = new CallRegistry(clock);
  const admission = new Admission(config.PATTER_GATEWAY_MAX_CALLS, () => calls.size);
  const prewarm = new PrewarmPool({ gatewayId, config, accounts, link, outbox, sessions, clock, log });
  const metrics = new GatewayMetrics({
    activeCalls: () => calls.size,
    warmCalls: () => prewarm.size,
    spooledItems: () => outbox.waiting,
    loopDelayMs: () => admission.loopDelayMs,
  });
  // Known when it listens; no request comes before.
  let addresses = { listening: '', publicUrl: '', fallbackUrl: '' };
  const context: GatewayContext = {
    ...{
      gatewayId,
      config,
      secretKey,
      carriers,
      accounts,
      carriersOf,
      link,
      outbox,
      prewarm,
      sessions,
      taps,
      calls,
      admission,
      metrics,
      clock,
      log,
    },
    beats: new SharedTicks(clock, BEATS_EVERY_MS),
    endedStreams: new EndedStreams(clock),
    knownNews: new KnownNews({ link, calls, prewarm, admission, clock, log }),
    requireSignature: options.requireSignature,
    get publicUrl() {
      return addresses.publicUrl;
    },
    get fallbackUrl() {
      // The best that lives; without any the configured one, which may be about to.
      return registration.neighbours.find(({ publicUrl }) => publicUrl !== addresses.publicUrl)?.publicUrl ?? addresses.fallbackUrl;
    },
    app: options.app,
    async urlOfApp(app) {
      const [best] = await store.gateways.live(new Date(clock.now()), app);
      return best?.publicUrl;
    },
    get neighbourUrl() {
      return (registration.neighbours.find(({ publicUrl }) => publicUrl !== addresses.publicUrl) ?? registration.neighbours[0])?.publicUrl;
    },
  };
  const registration = new Registration(
    store.gateways,
    () => {
      admission.sample();
      const internalUrl = config.PATTER_GATEWAY_INTERNAL_URL ?? addresses.listening;
      return { gatewayId, publicUrl: addresses.publicUrl, internalUrl, app: options.app, ...admission.capacity() };
    },
    clock,
    log,
  );
  const problems = async () => {
    const answers = await Promise.all([
      link.ping(PING_DEADLINE_MS).then(() => [], asProblem),
      store.ping().then(() => [], asProblem),
      accounts?.inUse || config.TWILIO_AUTH_TOKEN || config.TELNYX_PUBLIC_KEY || !options.requireSignature
        ? []
        : ['neither TWILIO_AUTH_TOKEN nor TELNYX_PUBLIC_KEY is set: webhooks are refused'],
    ]);
    return [...answers.flat(), ...admission.problems(), ...registration.problems()];
  };
  const app = createServer(context, problems, parts.extend);
  const sockets = new MediaSockets(context);
  app.server.on('upgrade', sockets.onUpgrade);
  try {
    await app.listen({ host: config.PATTER_GATEWAY_HOST, port: listenPort(config) });
  } catch (cause) {
    await outbox.stop();
    admission.stop();
    throw new PatterError('PATTER_PROCESS_FAILED', `The ${role} cannot listen: ${(cause as Error).message}`, { cause });
  }
  const listening = urlOf(app.server.address() as AddressInfo);
  addresses = { listening, ...publicUrls(config, listening) };
  await registration.start();
  log.info({ gatewayId, listening, publicUrl: addresses.publicUrl }, 'gateway is up');

  const stop = async () => {
    admission.draining = true;
    await registration.renew();
    if (context.neighbourUrl) prewarm.stop();
    const limitMs = drainTimeoutMs(config);
    log.info({ gatewayId, mode: config.PATTER_DRAIN_MODE, limitMs, calls: calls.size }, 'gateway drains');
    await drainCalls({
      ...{ calls, clock, limitMs },
      mode: config.PATTER_DRAIN_MODE,
      ringing: () => prewarm.size,
      hasNeighbour: () => context.neighbourUrl !== undefined,
    });
    prewarm.stop();
    sockets.stop();
    context.endedStreams.stop();
    context.knownNews.stop();
    // A host whose socket was cut has its report still to send.
    await calls.idleWithin(LAST_REPORTS_MS, clock);
    await app.close();
    await outbox.stop();
    await registration.stop();
    admission.stop();
    log.info({ gatewayId, spooled: outbox.waiting }, 'gateway has stopped');
  };
  let stopping: Promise<void> | undefined;
  let settle: { resolve(): void; reject(error: unknown): void } | undefined;
  const closed = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever does not watch it must not be killed by an unhandled rejection.
  closed.catch(() => {});
  return {
    role,
    gatewayId,
    get urls() {
      return { public: addresses.publicUrl, internal: config.PATTER_GATEWAY_INTERNAL_URL ?? listening, listening };
    },
    problems,
    movedTo: (publicUrl) => {
      addresses = { ...addresses, publicUrl, fallbackUrl: publicUrl };
      return registration.renew();
    },
    stop: () => {
      stopping ??= stop().then(
        () => settle?.resolve(),
        (error: unknown) => {
          settle?.reject(error);
          throw error;
        },
      );
      return stopping;
    },
    closed,
  };
}

/** The first gateway has the configured port, the second the next one. */
function listenPort(config: Config): number {
  return config.PATTER_GATEWAY_PORT === 0 ? 0 : config.PATTER_GATEWAY_PORT + config.PATTER_GATEWAY_INDEX - 1;
}

function urlOf(address: AddressInfo): string {
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/** One URL stands for all gateways behind it; of several each has its own, and the next one is its neighbour. */
function publicUrls(config: Config, listening: string): { publicUrl: string; fallbackUrl: string } {
  const urls = config.PATTER_PUBLIC_URL;
  if (!urls) return { publicUrl: listening, fallbackUrl: listening };
  const index = config.PATTER_GATEWAY_INDEX - 1;
  const publicUrl = urls.length === 1 ? urls[0] : urls[index];
  if (!publicUrl) {
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      `PATTER_PUBLIC_URL names ${urls.length} gateways, and this is number ${index + 1}: add its URL`,
    );
  }
  return { publicUrl, fallbackUrl: urls[(index + 1) % urls.length] as string };
}

function asProblem(error: unknown): string[] {
  return [error instanceof Error ? error.message : String(error)];
}
