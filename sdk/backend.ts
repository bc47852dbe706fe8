/**
 * What stands behind a `Patter`: everything in this process (sdk/local), or a backend elsewhere (sdk/cloud). `Patter` checks options and fills defaults
 * in; a backend gets only what is right.
 */
import type { CarrierName } from '../contracts/carrier';
import type { Clock } from '../contracts/clock';
import type { ControlContext } from '../control/context';
import type { Agent } from './agent/agent';
import type { CompiledAgent } from './agent/compile-agent';
import type { RestClient } from './cloud/rest';
import type { ResolvedCallOptions } from './options/call';
import type { Callbacks } from './options/callbacks';
import type { ResolvedConnectOptions } from './options/connect';
import type { CallHandle } from './options/handle';
import type { ResolvedServeOptions } from './options/serve';

export type { CallHandle, CallResult, CallStatus, CallUpdate } from './options/handle';

export interface PatterBackend {
  /** Local only. Resolves when ready. */
  serve(options: ResolvedServeOptions): Promise<void>;
  /** Cloud only. Resolves when connected. */
  connect(options: ResolvedConnectOptions): Promise<void>;
  /** @throws PatterConnectionError when there is neither an agent nor a server that has one */
  call(options: ResolvedCallOptions): Promise<CallHandle>;
  /** Asks nobody: an unknown id is told by what is asked of the handle. */
  getCall(id: string): CallHandle;
  /** Public host name, as soon as calls can be placed and taken. Rejects with the reason when `serve()` fails. */
  readonly ready: Promise<string>;
  /** Public host name, as soon as it is known. */
  readonly tunnelReady: Promise<string>;
  /** Idempotent. */
  disconnect(): Promise<void>;
  /** Local only. */
  readonly desk?: WorkDesk;
  /** Cloud only. */
  readonly remote?: RemoteDesk;
}

/** What campaigns and schedules at a backend are made with. */
export interface RemoteDesk {
  readonly rest: RestClient;
  readonly clock: Clock;
  /** Aborted by the next `disconnect()`. */
  signal(): AbortSignal;
}

/** What campaigns and schedules are made with. */
export interface WorkDesk {
  readonly carrier: CarrierName;
  /** '' where there is none. */
  readonly phoneNumber: string;
  /** Where a deployment's own workers (`patter worker`) take their work from. */
  readonly sharedTaskQueue: string;
  /** Connects, and starts the servers where none run, but takes no calls. */
  context(): Promise<ControlContext>;
  /** With gateway and worker in this process, as `call()` does. */
  start(): Promise<ControlContext>;
  /**
   * Makes the agent's functions known, under a name that is the same after a restart.
   * @param callbacks go over those of `serve()`
   */
  register(agent: Agent, callbacks: Readonly<Callbacks>, key: string): RegisteredWork;
  /** Aborted by the next `disconnect()`. */
  signal(): AbortSignal;
}

export interface RegisteredWork {
  readonly compiled: CompiledAgent;
  /** Functions of this process take part in the calls, or keys that only it has. */
  readonly needsApp: boolean;
}

/** `createLocalBackend` of sdk/local/index.ts and `createCloudBackend` of sdk/cloud/index.ts. */
export type CreateBackend<Config> = (config: Config) => PatterBackend;
