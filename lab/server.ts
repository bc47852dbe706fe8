/** One HTTP server for everything the lab simulates: routes by fastify, WebSocket upgrades by exact path. */
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import formbody from '@fastify/formbody';
import fastify from 'fastify';
import type { Logger } from 'pino';
import { systemClock } from '../contracts/clock';
import { Faults } from './faults';
import type { LabServer, LabServerOptions, UpgradeHandler } from './lab-server';
import { Ledger } from './ledger';
import type { Scenario } from './scenario';

export interface ListeningLabServer extends LabServer {
  listen(host: string, port: number): Promise<void>;
  reset(): void;
  stop(): Promise<void>;
}

export async function createLabServer(scenario: Scenario, options: LabServerOptions, log: Logger): Promise<ListeningLabServer> {
  // Calls of a test may end in the middle of a request: what is open must not hold up the stop.
  const app = fastify({ forceCloseConnections: true, bodyLimit: 64 * 1024 * 1024, routerOptions: { ignoreTrailingSlash: true } });
  await app.register(formbody);
  app.addHook('onError', async (request, _reply, error) => {
    log.warn({ err: error, method: request.method, path: request.url.replace(/\?.*$/, '') }, 'a request to the lab failed');
  });

  const upgrades = new Map<string, UpgradeHandler>();
  const patterns: { path: RegExp; handler: UpgradeHandler }[] = [];
  const resets: (() => void)[] = [];
  const stops: (() => Promise<void> | void)[] = [];
  const sockets = new Set<Duplex>();
  const ledger = new Ledger();
  const faults = new Faults(scenario.faults);
  let url = '';

  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => log.debug({ err: error }, 'upgraded socket failed'));
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const target = new URL(request.url ?? '/', 'http://lab');
    const handler = upgrades.get(target.pathname) ?? patterns.find(({ path }) => path.test(target.pathname))?.handler;
    if (handler) return handler(request, socket, head, target);
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });

  return {
    app,
    ledger,
    faults,
    options,
    clock: systemClock,
    log,
    get url() {
      return url;
    },
    onUpgrade(path, handler) {
      if (path instanceof RegExp) {
        patterns.push({ path, handler });
        return;
      }
      if (upgrades.has(path)) throw new Error(`Two handlers for upgrades of ${path}`);
      upgrades.set(path, handler);
    },
    onReset: (fn) => void resets.push(fn),
    onStop: (fn) => void stops.push(fn),
    async listen(host, port) {
      await app.listen({ host, port });
      const address = app.server.address() as AddressInfo;
      url = `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${address.port}`;
    },
    reset() {
      for (const fn of resets) fn();
      faults.reset();
      ledger.reset();
    },
    async stop() {
      for (const fn of stops) await fn();
      for (const socket of sockets) socket.destroy();
      await app.close();
    },
  };
}
