/** One media socket as the session sees it. */
import { WebSocket } from 'ws';
import type { MediaEncoder } from '../carriers';
import type { CarrierStream } from './session';

/** Three minutes of speech: whoever reads so slowly is gone. */
const MAX_BUFFERED_BYTES = 2_000_000;
/** A peer that does not answer the close is cut off. */
const CLOSE_TIMEOUT_MS = 1_000;

export class SocketCarrierStream implements CarrierStream {
  constructor(
    private readonly socket: WebSocket,
    readonly streamId: string,
    readonly carrierCallId: string,
    private readonly encoder: MediaEncoder,
    private readonly after: (ms: number, fn: () => void) => () => void,
  ) {}

  sendAudio(mulaw: Uint8Array): void {
    this.send(this.encoder.media(mulaw));
  }

  sendMark(name: string): void {
    this.send(this.encoder.mark(name));
  }

  clear(): void {
    this.send(this.encoder.clear());
  }

  close(code = 1_000, reason = ''): void {
    closeSocket(this.socket, code, reason, this.after);
  }

  private send(message: string): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (this.socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.socket.terminate();
      return;
    }
    this.socket.send(message);
  }
}

/** Closes with a code; within a second the socket is gone, whatever the peer does. */
export function closeSocket(socket: WebSocket, code: number, reason: string, after: (ms: number, fn: () => void) => () => void): void {
  if (socket.readyState === WebSocket.CLOSED || socket.readyState === WebSocket.CLOSING) return;
  socket.close(code, reason);
  const cancel = after(CLOSE_TIMEOUT_MS, () => socket.terminate());
  socket.once('close', cancel);
}
