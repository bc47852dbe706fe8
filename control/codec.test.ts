import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '../contracts/clock';
import { loadConfig } from '../runtime/config';
import { createLogger } from '../runtime/log';
import { encryptionCodec } from '../runtime/payload-codec';
import type { ControlContext } from './context';
import { createControlServer } from './server';

const KEY = randomBytes(32).toString('base64');
const TOKEN = 'a-token-of-sixteen-or-more';
const UI = 'https://temporal.example.com';
const apps: FastifyInstance[] = [];

function server(env: Record<string, string> = { PATTER_ENCRYPTION_KEY: KEY }) {
  const config = loadConfig({ PATTER_CONTROL_TOKEN: TOKEN, PATTER_CODEC_ORIGINS: `${UI}/`, ...env }, '/nowhere');
  // These routes reach neither Postgres nor Temporal.
  const ctx = { config, clock: systemClock, log: createLogger('test', 'silent'), store: {} } as ControlContext;
  const app = createControlServer(ctx, async () => []);
  apps.push(app);
  return app;
}
afterAll(() => Promise.all(apps.map((app) => app.close())));

const json = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  data: Buffer.from(data ?? []).toString('base64'),
});
const plain = () => defaultPayloadConverter.toPayload({ phone: '+15005550006' })!;
const post = (path: string, payload: unknown, headers: Record<string, string> = {}, remoteAddress = '127.0.0.1') =>
  server().inject({ method: 'POST', url: path, payload: payload as object, remoteAddress, headers: { host: 'localhost', ...headers } });

test('what Temporal holds is decrypted, what is plain goes through, and the way back too', async () => {
  const [sealed] = await encryptionCodec(KEY).encode([plain()]);
  const decoded = await post('/codec/decode', { payloads: [json(sealed!), json(plain()), { data: null }] });
  expect(decoded.json()).toEqual({ payloads: [json(plain()), json(plain()), { metadata: {}, data: '' }] });
  const encoded = (await post('/codec/encode', { payloads: [json(plain())] })).json();
  expect(encoded.payloads[0]).not.toEqual(json(plain()));
  expect((await post('/codec/decode', encoded)).json()).toEqual({ payloads: [json(plain())] });
  expect(
    (await server({}).inject({ method: 'POST', url: '/codec/decode', payload: encoded, headers: { host: 'localhost' } })).json(),
  ).toEqual(encoded);
});

test.each<[string, Record<string, string>, string, number]>([
  ['this machine', {}, '127.0.0.1', 200],
  ['a page of this machine', { origin: 'http://localhost:8233' }, '127.0.0.1', 200],
  ['a page of the configured UI', { origin: UI }, '127.0.0.1', 200],
  ['any other page', { origin: 'https://evil.example' }, '127.0.0.1', 401],
  ['a sandboxed page', { origin: 'null' }, '127.0.0.1', 401],
  ['the configured UI on another machine', { origin: UI }, '203.0.113.9', 401],
  ['the same with the token', { origin: UI, authorization: `Bearer ${TOKEN}` }, '203.0.113.9', 200],
  ['a wrong token', { authorization: 'Bearer wrong' }, '127.0.0.1', 401],
  ['a name that was rebound', { host: 'evil.example' }, '127.0.0.1', 401],
])('%s', async (_, headers, remoteAddress, status) => {
  const response = await post('/codec/decode', { payloads: [] }, headers, remoteAddress);
  expect(response.statusCode).toBe(status);
  expect(response.headers['access-control-allow-origin']).toBe(status === 200 ? headers.origin : undefined);
});

test('a page of a codec origin may do nothing else', async () => {
  const response = await server().inject({ url: '/api/campaigns', remoteAddress: '127.0.0.1', headers: { host: 'localhost', origin: UI } });
  expect(response.statusCode).toBe(401);
});

test('a browser is told which origins may ask', async () => {
  const preflight = (origin: string) =>
    server().inject({
      method: 'OPTIONS',
      url: '/codec/decode',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,x-namespace' },
      remoteAddress: '203.0.113.9',
    });
  const allowed = await preflight(UI);
  expect({ status: allowed.statusCode, ...allowed.headers }).toMatchObject({
    status: 204,
    'access-control-allow-origin': UI,
    'access-control-allow-headers': expect.stringContaining('x-namespace'),
  });
  const refused = await preflight('https://evil.example');
  expect(refused.statusCode).toBe(401);
  expect(refused.headers['access-control-allow-origin']).toBeUndefined();
});

test('what is no payload, was changed, or is too much is refused with a code', async () => {
  const [sealed] = await encryptionCodec(KEY).encode([plain()]);
  sealed!.data![20]! ^= 1;
  for (const [payload, status] of [
    [{ payloads: 'x' }, 400],
    [{ payloads: [{ data: 'not base64!' }] }, 400],
    [{ payloads: [json(sealed!)] }, 400],
    [{ payloads: [{ data: 'A'.repeat(9_000_000) }] }, 413],
  ] as const) {
    const response = await post('/codec/decode', payload);
    expect({ status: response.statusCode, code: response.json().code }).toEqual({ status, code: 'PATTER_REQUEST_INVALID' });
  }
});
