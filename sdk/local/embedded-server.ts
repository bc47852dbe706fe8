/** The server behind `serve()`, for those who want to start and stop it themselves. */
import type { Agent } from '../agent/agent';
import { checkKeys } from '../agent/check-keys';
import { PatterTypeError } from '../errors';
import { checkPort, isRecord, shown } from '../options/check';
import type { LocalConfigFields } from '../options/constructor';
import { DEFAULT_PORT, resolveServe } from '../options/resolve-serve';
import type { ResolvedServeOptions, ServeOptions } from '../options/serve';
import type { LocalBackend } from './local-backend';

/** Options of `new EmbeddedServer()`: those of `serve()` but for the port, which `start()` has, and the configuration. */
export interface EmbeddedServerOptions extends Omit<ServeOptions, 'port'> {
  /** `phone.config`. */
  config: LocalConfigFields;
}

/** The server behind `serve()`, to be started and stopped by hand. */
export class EmbeddedServer {
  /** As given. */
  readonly config: LocalConfigFields;
  /** As given. */
  readonly agent: Agent;
  /** Whether calls are recorded. */
  readonly recording: boolean;
  /** Said to answering machines; '': nothing. */
  readonly voicemailMessage: string;
  readonly #backend: LocalBackend;
  readonly #resolved: ResolvedServeOptions;

  /** Starts nothing yet. @throws as `serve()`: PatterTypeError when `agent` is none; PatterValidationError for an option that cannot be */
  constructor(options: EmbeddedServerOptions) {
    const given: unknown = isRecord(options) ? options.config : undefined;
    if (!isRecord(given) || typeof given.appId !== 'string')
      throw new PatterTypeError('config', `config must be a LocalConfig, as phone.config is (got ${shown(given)}).`);
    const { config, ...serve } = options;
    this.#resolved = resolveServe(serve, undefined, config);
    const { agent, onMessage, recording, voicemailMessage } = this.#resolved;
    checkKeys(agent, config, onMessage);
    this.config = config;
    this.agent = agent;
    this.recording = recording;
    this.voicemailMessage = voicemailMessage;
    // Loaded when it is wanted: an import of the package does nothing.
    const local = require('./local-backend') as typeof import('./local-backend');
    this.#backend = new local.LocalBackend(config);
  }

  /** Resolves when calls are taken. @throws PatterValidationError for a port that cannot be */
  async start(port: number = DEFAULT_PORT): Promise<void> {
    await this.#backend.serve(Object.freeze({ ...this.#resolved, port: checkPort('port', port) }));
  }

  /** Lets calls in progress end or go on elsewhere, then stops all that was started. Safe to call twice. */
  async stop(): Promise<void> {
    await this.#backend.disconnect();
  }
}
