import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { LabServer } from './lab-server';

/** A vendor's WebSockets. A reset of the lab ends them in the vendor's own way; when the lab stops, none is left. */
export class VendorSockets {
  readonly #server: WebSocketServer;
  readonly #open = new Map<WebSocket, () => void>();

  constructor(lab: LabServer, options: Pick<ServerOptions, 'maxPayload'> = {}) {
    this.#server = new WebSocketServer({ noServer: true, perMessageDeflate: false, ...options });
    lab.onReset(() => this.#endAll());
    lab.onStop(() => {
      this.#endAll();
      for (const ws of this.#server.clients) ws.terminate();
      this.#server.close();
    });
  }

  /** Takes over the socket of an upgrade. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, serve: (ws: WebSocket) => void): void {
    this.#server.handleUpgrade(request, socket, head, serve);
  }

  /** @param end how the vendor takes its leave of this one */
  add(ws: WebSocket, end: () => void): void {
    this.#open.set(ws, end);
    ws.once('close', () => this.#open.delete(ws));
  }

  #endAll(): void {
    for (const end of this.#open.values()) end();
  }
}
