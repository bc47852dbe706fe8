import { WebSocket } from 'ws';
import type { Clock } from '../../contracts/clock';
import { signCommand } from '../../runtime/command-auth';

export interface LinkTimes {
  connectWithinMs: number;
  pingEveryMs: number;
  /** From a process that nothing has come from for so long. */
  deadAfterMs: number;
}

/** @returns `opened` rejects when the other side is not there, or refuses; the socket is closed then */
export function dialLink(
  url: string,
  path: string,
  key: string,
  clock: Clock,
  times: LinkTimes,
): { socket: WebSocket; opened: Promise<void> } {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, {
    headers: signCommand({ path, body: '' }, key, clock.now()),
    handshakeTimeout: times.connectWithinMs,
    perMessageDeflate: false,
    maxPayload: 2_000_000,
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('open', () => {
      watchLink(socket, clock, times);
      resolve();
    });
    socket.on('error', (error) => {
      reject(error);
      socket.terminate();
    });
    socket.on('close', () => reject(new Error('the link was closed')));
  });
  return { socket, opened };
}

/** Ends a link whose other end is silent: a frozen process has its connections open. */
export function watchLink(socket: WebSocket, clock: Clock, { pingEveryMs, deadAfterMs }: LinkTimes): void {
  let lastHeard = clock.monotonic();
  let cancel = () => {};
  const heard = () => {
    lastHeard = clock.monotonic();
  };
  for (const event of ['ping', 'pong', 'message'] as const) socket.on(event, heard);
  const arm = () => {
    cancel = clock.after(pingEveryMs, () => {
      if (clock.monotonic() - lastHeard > deadAfterMs) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN) socket.ping();
      arm();
    });
  };
  arm();
  socket.on('close', () => cancel());
}
