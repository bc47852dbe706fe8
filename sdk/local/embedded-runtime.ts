/** Worker and gateway of one app, in this process. */
import { createCarriers } from '../../carriers';
import { systemClock } from '../../contracts/clock';
import type { CodeOf } from '../../media-gateway/agent-code';
import type { CallTaps } from '../../media-gateway/call-taps';
import { type RunningGateway, startGateway } from '../../media-gateway/gateway';
import type { ExtendServer } from '../../media-gateway/server';
import { type SessionMaker, sessionMaker } from '../../media-gateway/session-maker';
import type { Config } from '../../runtime/config';
import type { Logger } from '../../runtime/log';
import { removeProcessState, writeProcessState } from '../../runtime/process-files';
import { currentProcess } from '../../runtime/process-identity';
import type { Running } from '../../runtime/running';
import { secretKey } from '../../runtime/secret-key';
import { runWorker, type WorkerOptions } from '../../worker/main';
import type { AgentCredentials } from '../agent/compile-agent';
import type { AgentRegistry } from './agent-registry';
import { claimEmbeddedRole } from './claim-role';
import { keepUp } from './keep-up';
import type { OpenHome } from './open-home';

export interface EmbeddedRuntimeOptions {
  home: OpenHome;
  app: string;
  agents: AgentRegistry;
  /** 0 takes a free one. */
  port: number;
  /** Absent: where it listens. */
  publicUrl: string | undefined;
  requireSignature: boolean;
  /** `whsec_…`: signs what is asked of an `onMessage` that is a URL; '': none. */
  webhookSecret: string;
  /** Of the first agent: for what has no agent of its own to ask, where the configuration names none. */
  keys?: AgentCredentials;
  worker?: WorkerOptions;
  taps?: CallTaps;
  extend?: ExtendServer;
  /** A further part of the app that runs beside them, and ends after the gateway. */
  beside?: () => Promise<Pick<Running, 'stop' | 'closed'>>;
  log: Logger;
}

export interface EmbeddedRuntime {
  readonly port: number;
  readonly publicUrl: string;
  movedTo(publicUrl: string): Promise<void>;
  problems(): Promise<string[]>;
  /** As `keys`, of an agent that is served later. */
  learnKeys(keys: AgentCredentials): void;
  /** Calls in progress go to another process of the app, or are waited for as PATTER_DRAIN_MODE and PATTER_DRAIN_TIMEOUT say. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Resolves when calls can be placed and taken.
 * @throws PatterError PATTER_PROCESS_FAILED when the port is taken
 */
export async function startEmbeddedRuntime(options: EmbeddedRuntimeOptions): Promise<EmbeddedRuntime> {
  const { agents, app, home, log, publicUrl } = options;
  const config: Config = {
    ...withMissingKeys(home.config, options.keys ?? {}),
    PATTER_GATEWAY_PORT: options.port,
    PATTER_PUBLIC_URL: publicUrl === undefined ? undefined : [publicUrl],
  };
  const role = await claimEmbeddedRole(config.PATTER_HOME, app);
  const parts: Pick<Running, 'stop'>[] = [];
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      try {
        // The gateway first: a call that ends needs its worker.
        for (const part of parts.splice(0).reverse()) await part.stop();
      } finally {
        removeProcessState(config.PATTER_HOME, role);
      }
    })();
    return stopped;
  };
  try {
    const carriers = createCarriers(config);
    // Signing needs the same key in all processes of the home; it is made once.
    const key = await secretKey(config);
    const { beside } = options;
    const starting = [
      keepUp('the worker', () => runWorker(config, options.worker), log),
      ...(beside ? [keepUp('the worker of callbacks', beside, log)] : []),
    ];
    const settled = await Promise.allSettled(starting);
    for (const one of settled) if (one.status === 'fulfilled') parts.push(one.value);
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
    const gateway: RunningGateway = await startGateway({
      ...{ config, carriers, log, role },
      client: home.ctx.temporal,
      store: home.ctx.store,
      secretKey: key,
      clock: systemClock,
      sessions: withCredentials(sessionMaker(codeWith(options.webhookSecret, agents.codeOf)), agents),
      ...(options.taps ? { taps: options.taps } : {}),
      ...(options.extend ? { extend: options.extend } : {}),
      options: { app, requireSignature: options.requireSignature },
    });
    parts.push(gateway);
    const { urls } = gateway;
    writeProcessState(config.PATTER_HOME, { ...currentProcess(), role, ready: true, urls });
    return {
      port: Number(new URL(urls.listening as string).port),
      get publicUrl() {
        return gateway.urls.public as string;
      },
      movedTo: (url) => gateway.movedTo(url),
      problems: () => gateway.problems(),
      // Worker and gateway look into it each time.
      learnKeys: (keys) => void Object.assign(config, withMissingKeys(config, keys)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Whoever's agent it is, also one that nobody has made again since a restart: the secret is the program's, and is in no specification. */
function codeWith(webhookSecret: string, codeOf: CodeOf): CodeOf {
  return webhookSecret === '' ? codeOf : (setup) => ({ ...codeOf(setup), webhookSecret });
}

/** An agent's own keys are for its calls alone. */
function withCredentials(maker: SessionMaker, agents: AgentRegistry): SessionMaker {
  return {
    create: (options) => maker.create({ ...options, config: withKeys(options.config, agents.credentialsOf(options.setup)) }),
    prewarm: (setup, deps) => maker.prewarm(setup, { ...deps, config: withKeys(deps.config, agents.credentialsOf(setup)) }),
  };
}

function withMissingKeys(config: Config, keys: AgentCredentials): Config {
  const { DEEPGRAM_API_KEY, ELEVENLABS_API_KEY, OPENAI_API_KEY } = config;
  return withKeys(config, {
    openaiKey: OPENAI_API_KEY ?? keys.openaiKey,
    deepgramKey: DEEPGRAM_API_KEY ?? keys.deepgramKey,
    elevenlabsKey: ELEVENLABS_API_KEY ?? keys.elevenlabsKey,
  });
}

function withKeys(config: Config, { openaiKey, deepgramKey, elevenlabsKey }: AgentCredentials): Config {
  return {
    ...config,
    ...(openaiKey ? { OPENAI_API_KEY: openaiKey } : {}),
    ...(deepgramKey ? { DEEPGRAM_API_KEY: deepgramKey } : {}),
    ...(elevenlabsKey ? { ELEVENLABS_API_KEY: elevenlabsKey } : {}),
  };
}
