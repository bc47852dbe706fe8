import type { RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { WebSocket } from 'ws';
import type { Clock } from '../../../contracts/clock';

export interface RealtimeSocketOptions {
  apiKey: string | undefined;
  /** With `/v1`; http becomes ws, https wss. */
  baseUrl: string;
  model: string;
  clock: Clock;
}

export interface RealtimeSocketListener {
  open(): void;
  event(event: RealtimeServerEvent): void;
  /** Once, and not after `close()`. */
  closed(error: string): void;
}

const HANDSHAKE_TIMEOUT_MS = 5_000;
/** A peer that does not answer pings is gone, whatever TCP says. */
const PING_EVERY_MS = 5_000;
/** An audio backlog like this means that the network has stopped: about a minute of speech. */
const MOST_BUFFERED_BYTES = 1_000_000;

/**
 * The GA Realtime protocol on a socket of our own, with the package's event types: the package's own class dials wss whatever the base URL says, and
 * `OPENAI_BASE_URL` must be able to point anywhere.
 */
export class RealtimeSocket {
  readonly #socket: WebSocket;
  #closed = false;
  #cancelPing: (() => void) | undefined;
  #answered = true;

  constructor(
    private readonly options: RealtimeSocketOptions,
    private readonly listener: RealtimeSocketListener,
  ) {
    this.#socket = new WebSocket(realtimeUrl(options.baseUrl, options.model), {
      headers: options.apiKey ? { Authorization: `Bearer ${options.apiKey}` } : {},
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      // Audio does not compress, and a deflate context per call costs memory.
      perMessageDeflate: false,
    });
    this.#socket.on('open', () => {
      this.#ping();
      listener.open();
    });
    this.#socket.on('pong', () => {
      this.#answered = true;
    });
    this.#socket.on('message', (data) => this.#message(String(data)));
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', (code, reason) => this.#end(`closed with ${code}${reason.length > 0 ? ` ${reason}` : ''}`));
  }

  send(event: RealtimeClientEvent): void {
    this.#send(JSON.stringify(event));
  }

  /** `input_audio_buffer.append`, fifty times a second: base64 has nothing to escape. */
  appendAudio(base64: string): void {
    this.#send(`{"type":"input_audio_buffer.append","audio":"${base64}"}`);
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

  #send(text: string): void {
    if (this.#closed || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > MOST_BUFFERED_BYTES) this.#end('does not take our audio any more');
    else this.#socket.send(text);
  }

  #message(text: string): void {
    if (this.#closed) return;
    let event: RealtimeServerEvent;
    try {
      event = JSON.parse(text) as RealtimeServerEvent;
    } catch {
      this.#end('sent what is not JSON');
      return;
    }
    try {
      this.listener.event(event);
    } catch (error) {
      // Thrown out of a socket's event it would end the process, and every call in it.
      this.#end(`sent what could not be handled: ${error instanceof Error ? error.message : String(error)}`);
    }
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

  #end(error: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPing?.();
    this.#socket.terminate();
    this.listener.closed(error);
  }
}

export function realtimeUrl(baseUrl: string, model: string): string {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/realtime`);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  url.searchParams.set('model', model);
  return url.href;
}
