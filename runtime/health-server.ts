import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { HEALTH_PATHS, type HealthAnswer, healthAnswer } from './health';

export interface HealthServer {
  url: string;
  close(): Promise<void>;
}

export interface HealthServerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** For `/readyz`: empty when all is well, else one sentence per problem. */
  problems: () => Promise<string[]>;
}

/** Health and the default metrics, for a process that has no HTTP server of its own. */
export async function startHealthServer({ host, port, problems }: HealthServerOptions): Promise<HealthServer> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = async () => ({ type: registry.contentType, text: await registry.metrics() });
  const server = createServer((request, response) => {
    answer(request.url ?? '/').then(
      (found) => send(response, found),
      (error: Error) => send(response, plain(500, error.message)),
    );
  });

  async function answer(url: string): Promise<HealthAnswer> {
    const path = HEALTH_PATHS.find((known) => known === url.split('?')[0]);
    return path ? healthAnswer(path, { problems, metrics }) : plain(404, 'not found');
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function plain(status: number, body: string): HealthAnswer {
  return { status, type: 'text/plain', body };
}

function send(response: ServerResponse, { status, type, body }: HealthAnswer): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
