/** docs/api.md names every route that an API key opens, with its scope, and no other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteOptions } from 'fastify';
import { systemClock } from '../../contracts/clock';
import { createControlServer } from '../../control/server';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'api.md'), 'utf8');

test('docs/api.md has every route with its scope', async () => {
  const routes: RouteOptions[] = [];
  // Nothing is asked of them while routes are made.
  const nobody = {} as never;
  const ctx = {
    config: loadConfig({}, '/nowhere'),
    store: nobody,
    temporal: nobody,
    clock: systemClock,
    log: createLogger('test', 'silent'),
  };
  const app = createControlServer(ctx, async () => [], { prepare: (made) => made.addHook('onRoute', (route) => void routes.push(route)) });
  await app.ready();
  const told = [...PAGE.matchAll(/^\| `([A-Z]+ \S+)` \| `(\w+)` \|/gm)].map(([, route, scope]) => `${route} ${scope}`);
  const made = routes
    .filter(({ method, config }) => config?.scope !== undefined && config.scope !== 'connect' && method !== 'HEAD')
    .map(({ method, url, config }) => `${method} ${url} ${config?.scope}`);
  await app.close();
  expect(made.length).toBeGreaterThan(20);
  expect([...told].sort()).toEqual([...made].sort());
});
