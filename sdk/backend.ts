/**
 * What stands behind a `Patter`: everything in this process (sdk/local), or a backend elsewhere (sdk/cloud). `Patter` checks options and fills defaults
 * in; a backend gets only what is right.
 */
import type { ResolvedCallOptions } from './options/call';
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
}

/** `createLocalBackend` of sdk/local/index.ts and `createCloudBackend` of sdk/cloud/index.ts. */
export type CreateBackend<Config> = (config: Config) => PatterBackend;
