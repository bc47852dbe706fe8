import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Registry } from 'prom-client';

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

/** `/healthz` (it lives), `/readyz` (503 with the problems), `/metrics` (Prometheus): for a process that has no HTTP server of its own. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response).catch((error: Error) => send(response, 500, 'text/plain', error.message));
  });

  async function answer(url: string, response: ServerResponse): Promise<void> {
    switch (url.split('?')[0]) {
      case '/healthz':
        return send(response, 200, 'application/json', '{"status":"ok"}');
      case '/readyz': {
        const problems = await options.problems();
        return send(response, problems.length ? 503 : 200, 'application/json', JSON.stringify({ ready: problems.length === 0, problems }));
      }
      case '/metrics':
        return send(response, 200, registry.contentType, await registry.metrics());
      default:
        return send(response, 404, 'text/plain', 'not found');
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host === '0.0.0.0' ? '127.0.0.1' : options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
