/**
 * The socket to the backend: opened, kept alive from both sides, and opened again when it is gone, later and later and never all programs at once.
 *
 *   closed ──► connecting ──► greeted ──► connecting (after a pause) …
 *      └──────────────┴───────────┴─────► stopped   (disconnect, or the backend refuses for good)
 */
import { WebSocket } from 'ws';
import type { Clock } from '../../contracts/clock';
import type { PatterError } from '../../contracts/errors';
import {
  SDK_CLOSE,
  SDK_LIVENESS,
  SDK_SOCKET_PATH,
  type SdkClientMessage,
  type SdkHello,
  type SdkServerMessage,
  type SocketLiveness,
  sdkServerMessage,
} from '../../contracts/sdk-protocol';
import { watchSocket } from '../../runtime/watch-socket';
import { PatterConnectionError } from '../errors';
import type { CloudConfig } from '../options/constructor';
import { refusal, unreachable } from './rest';

export interface SocketTimes extends SocketLiveness {
  connectWithinMs: number;
  firstPauseMs: number;
  longestPauseMs: number;
  /** Of a first connection that cannot be made at all. */
  firstTries: number;
}

export const DEFAULT_SOCKET_TIMES = {
  connectWithinMs: 10_000,
  ...SDK_LIVENESS,
  firstPauseMs: 200,
  longestPauseMs: 15_000,
  firstTries: 4,
} as const satisfies SocketTimes;

const CLOSE_WITHIN_MS = 1_000;
const MOST_REFUSAL_CHARACTERS = 4_000;

export interface SocketListener {
  greeted(welcome: Extract<SdkServerMessage, { type: 'welcome' }>): void;
  message(message: Extract<SdkServerMessage, { type: 'message' | 'cancel' | 'event' }>): void;
  /** It will not come back by itself. */
  stopped(error: PatterError): void;
}

export class BackendSocket {
  readonly #url: string;
  #socket: WebSocket | undefined;
  #state: 'closed' | 'connecting' | 'greeted' | 'stopped' = 'closed';
  #everGreeted = false;
  #tries = 0;
  #cancels: (() => void)[] = [];
  #cancelPause: () => void = () => undefined;

  constructor(
    private readonly config: Pick<CloudConfig, 'apiKey' | 'backendUrl'>,
    private readonly hello: () => SdkHello,
    private readonly listener: SocketListener,
    private readonly clock: Clock,
    private readonly times: SocketTimes = DEFAULT_SOCKET_TIMES,
  ) {
    this.#url = `${config.backendUrl}${SDK_SOCKET_PATH}`;
  }

  get connected(): boolean {
    return this.#state === 'greeted';
  }

  open(): void {
    if (this.#state !== 'closed') return;
    this.#connect();
  }

  /** @returns false: there is no connection now, and nothing was sent */
  send(message: SdkClientMessage): boolean {
    if (this.#state !== 'greeted' || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message), () => undefined);
    return true;
  }

  close(): void {
    this.#state = 'stopped';
    this.#cancelPause();
    const socket = this.#release();
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    // A backend that is gone does not answer, and this process may want to end.
    const cancel = this.clock.after(CLOSE_WITHIN_MS, () => socket.terminate());
    socket.once('close', cancel);
    socket.close(1000);
  }

  #connect(): void {
    this.#state = 'connecting';
    const { clock, config, times } = this;
    const socket = new WebSocket(this.#url, {
      headers: { authorization: `Bearer ${config.apiKey}` },
      handshakeTimeout: times.connectWithinMs,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    let problem: PatterError | undefined;
    socket.on('open', () => socket.send(JSON.stringify(this.hello())));
    socket.on('message', (data) => {
      const message = parse(data.toString());
      if (!message || this.#socket !== socket) return;
      if (message.type === 'welcome') this.#greet(message);
      else if (message.type === 'refused') problem = refusal(0, message.code, message.message, config.backendUrl);
      else this.listener.message(message);
    });
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk) => {
        body = (body + String(chunk)).slice(0, MOST_REFUSAL_CHARACTERS);
      });
      const over = () => {
        const { code, message } = parseJson(body);
        problem = refusal(response.statusCode ?? 0, code, message, config.backendUrl);
        const final = response.statusCode === 401 || response.statusCode === 403 || response.statusCode === 404;
        gone(final);
        socket.terminate();
      };
      response.on('end', over);
      response.on('error', over);
    });
    socket.on('error', (cause) => {
      problem ??= unreachable(config.backendUrl, cause, 'backendUrl');
    });
    const gone = (final: boolean) => {
      if (this.#socket !== socket) return;
      this.#release();
      if (final && problem) this.#stop(problem);
      else this.#again(problem);
    };
    socket.on('close', (code) => {
      if (code === SDK_CLOSE.unauthorized) problem = refusal(401, undefined, undefined, config.backendUrl);
      gone(code === SDK_CLOSE.unauthorized || code === SDK_CLOSE.refused);
    });
    this.#cancels.push(watchSocket(socket, clock, times));
  }

  #greet(welcome: Extract<SdkServerMessage, { type: 'welcome' }>): void {
    this.#state = 'greeted';
    this.#everGreeted = true;
    this.#tries = 0;
    this.listener.greeted(welcome);
  }

  #again(problem: PatterError | undefined): void {
    if (this.#state === 'stopped') return;
    this.#state = 'closed';
    this.#tries++;
    const { clock, config, times } = this;
    if (!this.#everGreeted && this.#tries >= times.firstTries) {
      this.#stop(
        problem ??
          new PatterConnectionError(
            `The backend at ${config.backendUrl} closed the connection: is it \`patter control\` of the same version, and is its log clean?`,
          ),
      );
      return;
    }
    const pause = Math.min(times.longestPauseMs, times.firstPauseMs * 2 ** Math.min(this.#tries - 1, 10));
    // All programs of a backend that was restarted would come at once.
    this.#cancelPause = clock.after(pause * (0.5 + Math.random() / 2), () => this.#connect());
  }

  #stop(error: PatterError): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.listener.stopped(error);
  }

  #release(): WebSocket | undefined {
    for (const cancel of this.#cancels.splice(0)) cancel();
    const socket = this.#socket;
    this.#socket = undefined;
    return socket;
  }
}

function parse(text: string): SdkServerMessage | undefined {
  const parsed = sdkServerMessage.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(text: string): { code?: string; message?: string } {
  try {
    return JSON.parse(text) as { code?: string; message?: string };
  } catch {
    return {};
  }
}
