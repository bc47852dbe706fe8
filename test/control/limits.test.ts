/** How much control takes of anybody, and keeps for anybody who does not read. docs/security.md, Limits. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { WebSocket } from 'ws';
import { systemClock } from '../../contracts/clock';
import { lineFileSchema } from '../../contracts/line';
import { SDK_LINK_PATH } from '../../contracts/sdk-link';
import { SDK_RELAY_PATH, SDK_RELAY_URL, SDK_SOCKET_PATH } from '../../contracts/sdk-protocol';
import { ControlLinks } from '../../control/backend/control-links';
import { MessageRelay } from '../../control/backend/relay';
import { SdkSockets } from '../../control/backend/sockets';
import type { ControlContext } from '../../control/context';
import { createApiKey } from '../../control/keys/api-keys';
import { createControlServer } from '../../control/server';
import { signCommand } from '../../runtime/command-auth';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { until } from '../chaos/until';
import { openTestStore, type TestStore } from '../store/fixtures';
import { testHome } from '../support/test-home';

const TOKEN = 'a-token-of-sixteen-or-more';
const NUMBER = '+15005550031';
const KEY = 'a-secret-of-all-processes';
const KB = 1024;
/** In kB; every other route takes 64. */
const LIMITS: Readonly<Record<string, number>> = {
  '/api/calls': 512,
  '/v1/calls': 512,
  [SDK_RELAY_PATH]: 512,
  '/api/campaigns': 8 * KB,
  '/api/campaigns/open': 8 * KB,
  '/api/campaigns/:id/contacts': 8 * KB,
  '/api/schedules': 8 * KB,
  '/codec/encode': 8 * KB,
  '/codec/decode': 8 * KB,
  '/dashboard/login': 4,
};

let test_: TestStore;
let ctx: ControlContext;
let app: FastifyInstance;
let secret: string;
const routes: RouteOptions[] = [];

beforeAll(async () => {
  test_ = await openTestStore();
  const env = { PATTER_HOME: testHome(), PATTER_CONTROL_TOKEN: TOKEN, PATTER_SECRET_KEY: KEY };
  ctx = {
    ...{ config: loadConfig(env, testHome()), store: test_.store, clock: systemClock, log: createLogger('test', 'silent') },
    // Nothing that is too large gets as far.
    temporal: {} as Client,
  };
  app = createControlServer(ctx, async () => [], { prepare: (made) => made.addHook('onRoute', (route) => void routes.push(route)) });
  await app.listen({ host: '127.0.0.1', port: 0 });
  secret = (await createApiKey(ctx, { tenantId: 'acme', number: NUMBER })).secret;
  const engine = { type: 'pipeline', stt: { provider: 'deepgram' }, tts: { provider: 'elevenlabs' }, onMessage: { url: SDK_RELAY_URL } };
  const line = lineFileSchema.parse({ name: 'sdk', number: NUMBER, agent: { engine, systemPrompt: 'x' } });
  await ctx.store.lines.set({ tenantId: 'acme', line, now: new Date() });
}, 60_000);
afterAll(async () => {
  await app?.close();
  await test_?.close();
});

test('every route that takes a body takes so much and no more', async () => {
  const tried: string[] = [];
  for (const { method, url } of routes) {
    if (![method].flat().includes('POST')) continue;
    tried.push(url);
    const bytes = (LIMITS[url] ?? 64) * KB;
    const type = url.startsWith('/dashboard/') ? 'application/x-www-form-urlencoded' : 'application/json';
    const ask = (payload: string) =>
      app.inject({
        ...{ method: 'POST', url: url.replace(':id', 'nobody'), payload },
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type },
      });
    const tooLarge = await ask('x'.repeat(bytes + 1));
    expect({ url, status: tooLarge.statusCode, code: tooLarge.json().code }).toEqual({ url, status: 413, code: 'PATTER_REQUEST_INVALID' });
    // Read, and found to be nothing.
    if (!url.startsWith('/dashboard/')) expect([url, (await ask('x'.repeat(bytes))).statusCode]).not.toEqual([url, 413]);
  }
  expect(tried).toEqual(expect.arrayContaining(Object.keys(LIMITS)));
});

const closeOf = async (socket: WebSocket) => ((await once(socket, 'close')) as [number])[0];
const urlOf = (server: Server) => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
const link = (server: Server) =>
  new WebSocket(urlOf(server) + SDK_LINK_PATH, { headers: signCommand({ path: SDK_LINK_PATH, body: '' }, KEY, Date.now()) });
const program = (server: Server) => new WebSocket(urlOf(server) + SDK_SOCKET_PATH, { headers: { authorization: `Bearer ${secret}` } });
const HELLO = { type: 'hello', version: 1, clientId: 'c', connection: 1, credentials: {} };

test.each([
  ['a program', () => program(app.server), 1_000_000],
  ['another control process', () => link(app.server), 2_000_000],
] as const)('a message of %s has a limit: it is closed with 1009', async (_who, open, bytes) => {
  const socket = open();
  await once(socket, 'open');
  socket.send('x'.repeat(bytes + 1));
  expect(await closeOf(socket)).toBe(1_009);
});

/** A server of its own, whose sockets are cut while their clients sleep. */
async function withServer(onUpgrade: SdkSockets['onUpgrade'], work: (server: Server) => Promise<void>): Promise<void> {
  const server = createServer().on('upgrade', onUpgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(server);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
const connections = (server: Server) =>
  new Promise<number>((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))));

/** Until it is cut, or far more than all buffers has been said. */
async function talkTo(server: Server, say: (n: number) => void): Promise<void> {
  for (let n = 0; n < 400 && (await connections(server)) > 0; n++) say(n);
  await until(async () => (await connections(server)) === 0, { withinMs: 20_000, what: 'the cut' });
}

/** Hours: that it is cut is not for its silence. */
const patient = { pingEveryMs: 3_600_000, deadAfterMs: 7_200_000 };
const LARGE = 'x'.repeat(256 * KB);

test('a program that does not read is cut', async () => {
  const relay = new MessageRelay(systemClock);
  const nobody = { joined() {}, left() {}, clientGone() {} } as never;
  const sockets = new SdkSockets(ctx, relay, nobody, nobody, { options: patient });
  await withServer(sockets.onUpgrade, async (server) => {
    const socket = program(server);
    socket.on('error', () => undefined);
    await once(socket, 'open');
    socket.send(JSON.stringify(HELLO));
    await once(socket, 'message');
    const [answerer] = relay.clients;
    socket.pause();
    await talkTo(server, (n) => answerer?.send({ type: 'cancel', id: `${n}${LARGE}` }));
    socket.terminate();
  });
  await sockets.stop();
  relay.close();
}, 60_000);

test('another control process that does not read is cut', async () => {
  const relay = new MessageRelay(systemClock);
  const parts = { controlId: 'control_1', relay, acknowledged() {}, gone() {}, secretKey: async () => KEY, options: patient };
  const links = new ControlLinks(ctx, parts);
  await withServer(links.onUpgrade, async (server) => {
    const socket = link(server);
    socket.on('error', () => undefined);
    await once(socket, 'message');
    socket.pause();
    const answerer = { clientId: 'c', tenantId: 'acme', number: NUMBER, send: () => undefined };
    await talkTo(server, (connection) => links.joined({ ...answerer, number: LARGE, connection }));
    socket.terminate();
  });
  await links.stop();
  relay.close();
}, 60_000);
