import { EventEmitter } from 'node:events';
import { WebSocket } from 'ws';
import { ManualClock } from '../test/support/manual-clock';
import { watchSocket } from './watch-socket';

/** A socket whose other end says what the test lets it say. */
class Socket extends EventEmitter {
  readyState: number = WebSocket.OPEN;
  pings = 0;
  terminated = 0;
  ping(): void {
    this.pings++;
  }
  terminate(): void {
    this.terminated++;
    this.emit('close');
  }
}

function watched() {
  const clock = new ManualClock();
  const socket = new Socket();
  const stop = watchSocket(socket as unknown as WebSocket, clock, { pingEveryMs: 100, deadAfterMs: 250 });
  return { clock, socket, stop };
}

describe('a watched socket', () => {
  it.each(['ping', 'pong', 'message'])('lives while a %s comes now and then', (sign) => {
    const { clock, socket } = watched();
    for (let i = 0; i < 10; i++) {
      clock.pass(200);
      socket.emit(sign);
    }
    expect(socket.terminated).toBe(0);
    expect(socket.pings).toBe(20);
  });

  it('is ended when nothing has come for too long', () => {
    const { clock, socket } = watched();
    clock.pass(250);
    expect(socket.terminated).toBe(0);
    clock.pass(50);
    expect(socket.terminated).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('is not pinged before it is open', () => {
    const { clock, socket } = watched();
    socket.readyState = WebSocket.CONNECTING;
    clock.pass(200);
    expect(socket.pings).toBe(0);
  });

  it('leaves no timer behind when it closes, or is watched no more', () => {
    const first = watched();
    first.socket.emit('close');
    expect(first.clock.pending).toBe(0);
    const second = watched();
    second.clock.pass(150);
    second.stop();
    expect(second.clock.pending).toBe(0);
  });
});
