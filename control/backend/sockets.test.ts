import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { SdkSockets } from './sockets';

test('a program that is refused is gone at once, also where it keeps its end open', async () => {
  // Nobody is asked who comes to a path that is none.
  const sockets = new SdkSockets({} as never, {} as never, {} as never, {} as never);
  const server = createServer().on('upgrade', sockets.onUpgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  try {
    const refused = once(peer, 'end');
    peer.write('GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    peer.resume();
    await refused;
    let open = 1;
    for (const until = Date.now() + 4_000; open > 0 && Date.now() < until; ) {
      open = await new Promise<number>((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      );
      await new Promise(setImmediate);
    }
    expect(open).toBe(0);
  } finally {
    peer.destroy();
    await sockets.stop();
    server.close();
  }
});
