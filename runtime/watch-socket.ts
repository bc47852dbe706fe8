import { WebSocket } from 'ws';
import type { Clock } from '../contracts/clock';
import type { SocketLiveness } from '../contracts/sdk-protocol';

/**
 * Ends a socket whose other end is silent: a process that is frozen, or gone without a word, has its connections open for many minutes.
 * @returns stops watching, as the close of the socket does
 */
export function watchSocket(socket: WebSocket, clock: Clock, { pingEveryMs, deadAfterMs }: SocketLiveness): () => void {
  let lastHeard = clock.monotonic();
  let cancel = () => {};
  const heard = () => {
    lastHeard = clock.monotonic();
  };
  for (const event of ['ping', 'pong', 'message'] as const) socket.on(event, heard);
  const arm = () => {
    cancel = clock.after(pingEveryMs, () => {
      if (clock.monotonic() - lastHeard > deadAfterMs) {
        socket.terminate();
        return;
      }
      if (socket.readyState === WebSocket.OPEN) socket.ping();
      arm();
    });
  };
  arm();
  const stop = () => cancel();
  socket.on('close', stop);
  return stop;
}
