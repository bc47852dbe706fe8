/** The server behind `serve()`, for those who want to start and stop it themselves. */
import type { Agent } from '../agent/agent';
import type { Callbacks, MessageHandler } from '../options/callbacks';
import { checkPort } from '../options/check';
import type { LocalConfigFields } from '../options/constructor';
import type { LocalBackend } from './local-backend';

/** Options of `new EmbeddedServer()`: those of `serve()`, and the configuration. */
export interface EmbeddedServerOptions extends Callbacks {
  /** `phone.config`. */
  config: LocalConfigFields;
  /** Takes the calls. */
  agent: Agent;
  /** @default false */
  recording?: boolean;
  /** @default '' */
  voicemailMessage?: string;
  /** The agent is this function (or URL) instead of a model. Pipeline only. */
  onMessage?: MessageHandler;
  /** @default true */
  dashboard?: boolean;
  /** @default '' */
  dashboardToken?: string;
}

const DEFAULT_PORT = 8_000;

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
  readonly #options: EmbeddedServerOptions;

  /** Starts nothing yet. */
  constructor(options: EmbeddedServerOptions) {
    this.config = options.config;
    this.agent = options.agent;
    this.recording = options.recording ?? false;
    this.voicemailMessage = options.voicemailMessage ?? '';
    this.#options = options;
    // Loaded when it is wanted: an import of the package does nothing.
    const local = require('./local-backend') as typeof import('./local-backend');
    this.#backend = new local.LocalBackend(options.config);
  }

  /** Resolves when calls are taken. @throws PatterValidationError for a port that cannot be */
  async start(port: number = DEFAULT_PORT): Promise<void> {
    const { agent, dashboard = true, dashboardToken = '', onMessage } = this.#options;
    const { onCallStart, onCallEnd, onTranscript, onMetrics, onMachineDetection } = this.#options;
    await this.#backend.serve({
      ...{ agent, onMessage, dashboard, dashboardToken },
      port: checkPort('port', port),
      recording: this.recording,
      voicemailMessage: this.voicemailMessage,
      callbacks: { onCallStart, onCallEnd, onTranscript, onMetrics, onMachineDetection },
      tunnel: false,
      configureNumber: 'if-unset',
    });
  }

  /** Lets calls in progress end or go on elsewhere, then stops all that was started. Safe to call twice. */
  async stop(): Promise<void> {
    await this.#backend.disconnect();
  }
}
