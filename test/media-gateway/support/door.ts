/** A way to Temporal that can be closed: nothing passes then, in neither direction, as with a server that is frozen. Opened, what has waited passes. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Client, Connection } from '@temporalio/client';

export class Door {
  private readonly sockets = new Set<Socket>();
  private closed = false;

  private constructor(
    private readonly server: Server,
    readonly client: Client,
  ) {}

  static async open(address: string, namespace: string): Promise<Door> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection = Connection.lazy({ address: `127.0.0.1:${(server.address() as AddressInfo).port}` });
    const door = new Door(server, new Client({ connection, namespace }));
    const [host, port] = address.split(':');
    server.on('connection', (near) => {
      const far = connect(Number(port), host);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        door.sockets.add(from);
        from.on('error', () => undefined);
        from.on('data', (data) => to.write(data));
        from.on('close', () => {
          door.sockets.delete(from);
          to.destroy();
        });
        if (door.closed) from.pause();
      }
    });
    return door;
  }

  freeze(): void {
    this.closed = true;
    for (const socket of this.sockets) socket.pause();
  }

  thaw(): void {
    this.closed = false;
    for (const socket of this.sockets) socket.resume();
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.client.connection.close();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
