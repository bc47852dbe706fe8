import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { systemClock } from '../contracts/clock';
import { EventStream, MOST_WAITING_BYTES } from './event-stream';

const EVENT = { type: 'turn', text: 'x'.repeat(256 * 1024) };

/** A client that has asked for events, as its server sees it. */
async function client(): Promise<{ socket: Socket; raw: ServerResponse; close(): Promise<void> }> {
  const server = createServer();
  const asked = new Promise<ServerResponse>((resolve) => server.on('request', (_request, response) => resolve(response)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const close = async () => {
    socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { socket, raw: await asked, close };
}

test('a client that does not read is cut, and what waits for it stays bounded', async () => {
  const { socket, raw, close } = await client();
  try {
    socket.pause();
    const events = new EventStream(raw, systemClock);
    let most = 0;
    // More than the bound and all buffers of the network together.
    for (let sent = 0; sent < 400 && !events.gone.aborted; sent++) {
      events.send(EVENT);
      most = Math.max(most, raw.writableLength);
      await new Promise(setImmediate);
    }
    expect(events.gone.aborted).toBe(true);
    expect(raw.destroyed).toBe(true);
    expect(most).toBeLessThan(MOST_WAITING_BYTES + 2 * EVENT.text.length);
    events.send(EVENT);
    events.end();
  } finally {
    await close();
  }
});

test('a client that reads gets more than the bound, and the end', async () => {
  const { socket, raw, close } = await client();
  try {
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    const events = new EventStream(raw, systemClock);
    const times = Math.ceil((MOST_WAITING_BYTES * 1.5) / EVENT.text.length);
    for (let sent = 0; sent < times; sent++) {
      events.send(EVENT);
      if (raw.writableNeedDrain) await once(raw, 'drain');
    }
    const finished = once(raw, 'finish');
    events.end();
    await finished;
    while (bytes < times * EVENT.text.length) await once(socket, 'data');
    expect(events.gone.aborted).toBe(true);
  } finally {
    await close();
  }
});
