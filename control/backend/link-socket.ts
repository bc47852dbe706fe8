import { WebSocket } from 'ws';
import type { Clock } from '../../contracts/clock';
import type { SocketLiveness } from '../../contracts/sdk-protocol';
import { signCommand } from '../../runtime/command-auth';
import { watchSocket } from '../../runtime/watch-socket';

export interface LinkTimes extends SocketLiveness {
  connectWithinMs: number;
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
      watchSocket(socket, clock, times);
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
