/** The border between the lab's one server and the simulators that live in it. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '../contracts/clock';
import type { Faults } from './faults';
import type { Ledger } from './ledger';

/** Takes over the socket of a WebSocket upgrade (`ws` in `noServer` mode); `url` is the parsed request URL. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer, url: URL) => void;

export interface LabServerOptions {
  /** The modem's bits per second, one for the whole lab. */
  readonly baud: number;
  readonly seed: number;
  /** The scenario's `brain` section, as written; the AI simulator parses it. */
  readonly brain: unknown;
}

export interface LabServer {
  /** Register routes before the server listens. */
  readonly app: FastifyInstance;
  /** One handler per exact path, or for all paths that a pattern matches. */
  onUpgrade(path: string | RegExp, handler: UpgradeHandler): void;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly options: LabServerOptions;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the server listens, e.g. `http://127.0.0.1:41234`; known once it listens. */
  readonly url: string;
  /** Called by `POST /lab/reset`: end what is going on and forget it. */
  onReset(fn: () => void): void;
  /** Called when the lab stops, before the server closes: close sockets and timers. */
  onStop(fn: () => Promise<void> | void): void;
}
