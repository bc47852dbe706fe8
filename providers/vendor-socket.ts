import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Clock } from '../contracts/clock';

export interface VendorSocketOptions {
  /** ws or wss. */
  url: string;
  headers: Record<string, string>;
  clock: Clock;
}

export interface VendorSocketListener {
  open(): void;
  text(message: string): void;
  /** Once, and not after `close()`. `error` reads on after "Deepgram …". */
  closed(error: string, code: number): void;
}

const HANDSHAKE_TIMEOUT_MS = 5_000;
/** A peer that does not answer pings is gone, whatever TCP says. */
const PING_EVERY_MS = 5_000;
/** Audio that piles up like this (two minutes of µ-law) means that the network has stopped. */
const MOST_BUFFERED_BYTES = 1_000_000;
/** So much of a refusal's body is read for its reason. */
const MOST_REASON_BYTES = 2_000;
/** What `ws` reports for a socket that broke without a close frame. */
const ABNORMAL_CLOSE = 1006;

/**
 * A vendor's WebSocket as all of them need it: a deadline for the handshake with the reason of a refusal, pings, a limit of what piles up, exactly
 * one end, and no reconnection behind the back of whoever knows what was said.
 */
export class VendorSocket {
  readonly #socket: WebSocket;
  #closed = false;
  #cancelPing: (() => void) | undefined;
  #answered = true;

  constructor(
    private readonly options: VendorSocketOptions,
    private readonly listener: VendorSocketListener,
  ) {
    this.#socket = new WebSocket(options.url, {
      headers: options.headers,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      // Audio does not compress, and a deflate context per call costs memory.
      perMessageDeflate: false,
    });
    this.#socket.on('open', () => {
      if (this.#closed) return;
      this.#ping();
      listener.open();
    });
    this.#socket.on('pong', () => {
      this.#answered = true;
    });
    this.#socket.on('message', (data) => this.#message(String(data)));
    this.#socket.on('unexpected-response', (_request, response) => this.#refused(response));
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', (code, reason) => this.#end(`closed with ${code}${reason.length > 0 ? ` ${reason}` : ''}`, code));
  }

  get isOpen(): boolean {
    return !this.#closed && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Dropped when the socket is not open. */
  send(message: string | Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > MOST_BUFFERED_BYTES) this.#end('does not take our audio any more');
    else this.#socket.send(message);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPing?.();
    this.#socket.close(1000);
    // A peer that does not answer the close must not keep the process alive.
    const cancel = this.options.clock.after(1_000, () => this.#socket.terminate());
    this.#socket.once('close', cancel);
  }

  /** What is thrown out of a socket's event ends the process, and every call in it: here it ends this socket. */
  #message(text: string): void {
    if (this.#closed) return;
    try {
      this.listener.text(text);
    } catch (error) {
      this.#end(`sent what could not be handled: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #refused(response: IncomingMessage): void {
    const parts: Buffer[] = [];
    let bytes = 0;
    // The deadline of the handshake has been met by the headers: the body has one of its own.
    const cancel = this.options.clock.after(1_000, () => finish());
    const finish = () => {
      cancel();
      response.destroy();
      const reason = Buffer.concat(parts).toString().slice(0, 300).replace(/\s+/g, ' ').trim();
      this.#end(`refused the socket with ${response.statusCode}${reason ? `: ${reason}` : ''}`);
    };
    response.on('data', (chunk: Buffer) => {
      parts.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_REASON_BYTES) finish();
    });
    response.on('end', finish);
    response.on('error', finish);
  }

  #ping(): void {
    if (this.#closed) return;
    if (!this.#answered) {
      this.#end('does not answer');
      return;
    }
    this.#answered = false;
    this.#socket.ping();
    this.#cancelPing = this.options.clock.after(PING_EVERY_MS, () => this.#ping());
  }

  #end(error: string, code = ABNORMAL_CLOSE): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPing?.();
    this.#socket.terminate();
    this.listener.closed(error, code);
  }
}

/** The socket's URL below a base URL: http becomes ws, https wss. Undefined parameters are left out, lists are repeated. */
export function socketUrl(
  baseUrl: string,
  path: string,
  query: Record<string, string | number | boolean | readonly string[] | undefined> = {},
): string {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}${path}`);
  url.protocol = /^(http|ws):$/.test(url.protocol) ? 'ws:' : 'wss:';
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url.href;
}
