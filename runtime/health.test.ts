import fastify from 'fastify';
import { registerHealth } from './health';
import { startHealthServer } from './health-server';

describe('every process answers the same on its health paths', () => {
  const problems: string[] = [];

  const servers = {
    'with an HTTP server of its own': async () => {
      const app = fastify({ logger: false });
      registerHealth(app, { problems: async () => problems, metrics: async () => ({ type: 'text/plain', text: 'process_cpu 1' }) });
      const url = await app.listen({ host: '127.0.0.1', port: 0 });
      return { url, close: () => app.close() };
    },
    'without one': () => startHealthServer({ host: '127.0.0.1', port: 0, problems: async () => problems }),
  };

  test.each(Object.entries(servers))('%s', async (_kind, start) => {
    const server = await start();
    const get = async (path: string) => {
      const response = await fetch(`${server.url}${path}`);
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
    };
    try {
      problems.length = 0;
      expect(await get('/healthz')).toEqual({ status: 200, type: 'application/json; charset=utf-8', text: '{"ok":true}' });
      expect(await get('/readyz?from=balancer')).toMatchObject({ status: 200, text: '{"ok":true,"problems":[]}' });
      problems.push('Temporal: gone');
      expect(await get('/readyz')).toMatchObject({ status: 503, text: '{"ok":false,"problems":["Temporal: gone"]}' });
      expect(await get('/metrics')).toMatchObject({ status: 200, text: expect.stringContaining('process_cpu') });
      expect(await get('/else')).toMatchObject({ status: 404 });
    } finally {
      await server.close();
    }
  });
});
