/** The package's protocol over our socket. */
import { DeepgramClient, type DeepgramTransport, type DeepgramTransportCloseEvent, type DeepgramTransportMessage } from '@deepgram/sdk';
import type { Clock } from '../../contracts/clock';
import { socketUrl, VendorSocket } from '../vendor-socket';

/** Longer than our socket's own deadline, so that ours, which knows the reason, comes first. */
export const PACKAGE_CONNECT_SECONDS = 20;

/**
 * A client of the package for one socket. The package builds the request and speaks the messages; the transport, a seam of its own, is ours: its own
 * one reports a refused handshake as a clean close with code 1000, never pings listen.v1, and reconnects.
 */
export function deepgramClient(apiKey: string, baseUrl: string, clock: Clock): DeepgramClient {
  const socketBase = socketUrl(baseUrl, '/').replace(/\/$/, '');
  return new DeepgramClient({
    apiKey,
    environment: { base: baseUrl, production: socketBase, agent: socketBase, agentRest: baseUrl },
    transportFactory: (url, headers) => new SocketTransport(url, headers, clock),
    reconnect: false,
  });
}

class SocketTransport implements DeepgramTransport {
  readonly #socket: VendorSocket;
  #open: () => void = () => undefined;
  #message: (message: DeepgramTransportMessage) => void = () => undefined;
  #close: (event: DeepgramTransportCloseEvent) => void = () => undefined;

  constructor(url: string, headers: Record<string, string>, clock: Clock) {
    this.#socket = new VendorSocket(
      { url, headers, clock },
      {
        open: () => this.#open(),
        text: (message) => this.#message(message),
        closed: (reason, code) => this.#close({ code, reason }),
      },
    );
  }

  send(data: DeepgramTransportMessage): void {
    if (typeof data === 'string' || data instanceof Uint8Array) this.#socket.send(data);
    else throw new TypeError('only text and bytes are sent');
  }

  onOpen(listener: () => void): void {
    this.#open = listener;
  }

  onMessage(listener: (message: DeepgramTransportMessage) => void): void {
    this.#message = listener;
  }

  /** Never called: whatever ends the socket is a close, with its reason. */
  onError(): void {}

  onClose(listener: (event: DeepgramTransportCloseEvent) => void): void {
    this.#close = listener;
  }

  isOpen(): boolean {
    return this.#socket.isOpen;
  }

  close(): void {
    this.#socket.close();
  }
}
