/** Who sees the dashboard, what it is told, and what leaves with an export. */

import type { Client } from '@temporalio/client';
import { type FastifyInstance, fastify, type InjectOptions } from 'fastify';
import { systemClock } from '../../contracts/clock';
import type { ControlContext } from '../../control/context';
import { type DashboardOptions, registerDashboard } from '../../control/dashboard';
import { csvCell } from '../../control/dashboard/export';
import type { PageFile } from '../../control/dashboard/pages';
import { createApiKey, revokeApiKey } from '../../control/keys/api-keys';
import { createControlServer } from '../../control/server';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { allowUnlessInUse, campaignWith, claimOne, intentFor, openTestStore, settlementFor, type TestStore } from '../store/fixtures';
import { testHome } from '../support/test-home';

const TOKEN = 'a-token-of-the-dashboard';
const PAGE = new Map<string, PageFile>([
  ['index.html', { type: 'text/html; charset=utf-8', body: Buffer.from('<title>the page</title>') }],
  ['assets/index-abc.js', { type: 'text/javascript; charset=utf-8', body: Buffer.from('started()') }],
]);
const START = Date.now() - 60_000;

let store: TestStore;
let ctx: ControlContext;
let callId: string;
const apps: FastifyInstance[] = [];

beforeAll(async () => {
  store = await openTestStore();
  ctx = {
    config: loadConfig(
      { PATTER_HOME: testHome(), PATTER_CONTROL_TOKEN: TOKEN, PATTER_SECRET_KEY: 'signs-the-cookies-of-this-test' },
      testHome(),
    ),
    store: store.store,
    // Only calls under way are asked for there.
    temporal: {} as Client,
    clock: systemClock,
    log: createLogger('test', 'silent'),
  };
  const campaign = await campaignWith(store.store, ['+12125550101']);
  const contact = await claimOne(store.store, campaign);
  const intent = intentFor(contact, new Date(START));
  callId = intent.callId;
  await store.store.attempts.openIntent(intent, allowUnlessInUse);
  const settlement = settlementFor(contact, {
    answeredAt: START + 5_000,
    endedAt: START + 35_000,
    turns: [
      { role: 'assistant', text: 'Hello, "Ada".', at: START + 5_000 },
      { role: 'user', text: '=HYPERLINK("http://evil.example")', at: START + 9_000 },
    ],
  });
  const decide = () => ({
    next: { kind: 'done' as const, outcome: 'completed' as const },
    costMicros: 12_345,
    costLines: [{ label: 'call', micros: 12_345 }],
  });
  await store.store.attempts.settle(settlement, decide, new Date(START + 35_000));
}, 120_000);
afterAll(async () => {
  for (const app of apps) await app.close();
  await store.close();
});

/** As `serve()` has it: on a server whose other routes answer everybody. */
function served(options: Partial<DashboardOptions> = {}): FastifyInstance {
  const app = fastify();
  app.get('/healthz', async () => ({ ok: true }));
  registerDashboard(app, ctx, { page: PAGE, loopback: true, keys: false, ...options });
  apps.push(app);
  return app;
}
const withToken = () => served({ token: TOKEN, loopback: false });
const get = (app: FastifyInstance, url: string, more: InjectOptions = {}) =>
  app.inject({ method: 'GET', url, ...more, headers: { host: '127.0.0.1:8000', ...more.headers } });
const login = (app: FastifyInstance, token: string, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/dashboard/login',
    payload: new URLSearchParams({ token }).toString(),
    headers: { host: '127.0.0.1:8000', 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
const PATHS = [
  '/dashboard',
  '/dashboard/',
  '/dashboard/assets/index-abc.js',
  '/dashboard/api/summary',
  '/dashboard/api/calls',
  '/dashboard/api/export',
];
const statuses = async (app: FastifyInstance, more: InjectOptions = {}) =>
  [...new Set((await Promise.all(PATHS.map((path) => get(app, path, more)))).map(({ statusCode }) => statusCode))].sort();

test.each<[string, InjectOptions]>([
  ['through a tunnel by its name', { headers: { host: 'acme.ngrok.app', 'x-forwarded-for': '203.0.113.9' } }],
  ['through a tunnel that writes the host anew', { headers: { 'x-forwarded-for': '203.0.113.9' } }],
  ['through a tunnel that only tells its protocol', { headers: { 'x-forwarded-proto': 'https' } }],
  ['through Cloudflare', { headers: { 'cf-connecting-ip': '203.0.113.9' } }],
  ['by a host name of another’s (DNS rebinding)', { headers: { host: 'rebound.example:8000' } }],
  ['from the network', { remoteAddress: '192.168.1.20' }],
  ['by a page of another site', { headers: { origin: 'https://evil.example' } }],
  ['by a script of another site', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } }],
  ['with a wrong token', { headers: { authorization: 'Bearer a-token-of-somebody' } }],
])('peer defect 13: without a credential nothing is shown %s, not even the page', async (_how, request) => {
  expect(await statuses(served(), request)).toEqual([401]);
  expect(await statuses(withToken(), request)).toEqual([401]);
  const control = createControlServer(ctx, async () => []);
  apps.push(control);
  expect(await statuses(control, request)).toEqual([401]);
});

test('what is served may change while it runs: nothing is there before, and who may see it is looked at each time', async () => {
  const access = { page: PAGE, loopback: true, keys: false, shown: false, token: undefined as string | undefined };
  const app = fastify();
  registerDashboard(app, ctx, access);
  apps.push(app);
  expect(await statuses(app)).toEqual([404]);
  access.shown = true;
  expect(await statuses(app)).toEqual([200]);
  Object.assign(access, { loopback: false, token: TOKEN });
  expect(await statuses(app)).toEqual([401]);
  expect(await statuses(app, { headers: { authorization: `Bearer ${TOKEN}` } })).toEqual([200]);
});

test('peer defect 13: a browser of this machine sees it without a credential, and with a token of serve() nobody does', async () => {
  expect(await statuses(served())).toEqual([200]);
  expect(await statuses(withToken())).toEqual([401]);
  // A link from elsewhere to the page is no attack.
  expect(await statuses(served(), { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } })).toEqual([200]);
});

test('the token opens it from anywhere: as a bearer, and by the form as a cookie that holds no secret', async () => {
  const app = withToken();
  const far = { host: 'acme.ngrok.app', 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
  expect(await statuses(app, { headers: { ...far, authorization: `Bearer ${TOKEN}` } })).toEqual([200]);

  const page = await get(app, '/dashboard', { headers: far });
  expect(page.body).toContain('<form method="post" action="/dashboard/login">');
  expect((await login(app, 'a-token-of-somebody', far)).statusCode).toBe(401);
  const signedIn = await login(app, TOKEN, { ...far, origin: 'https://acme.ngrok.app' });
  expect([signedIn.statusCode, signedIn.headers.location]).toEqual([303, '/dashboard']);
  const set = String(signedIn.headers['set-cookie']);
  expect(set).toMatch(/; Path=\/dashboard; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
  expect(set).not.toContain(TOKEN);
  const cookie = set.split(';')[0] as string;
  expect(await statuses(app, { headers: { ...far, cookie: `other=1; ${cookie}` } })).toEqual([200]);
  // Over HTTP a browser would not send one that is only for HTTPS.
  expect(String((await login(app, TOKEN)).headers['set-cookie'])).not.toContain('Secure');

  const longer = cookie.replace(/=(\d+)\./, (_, expires: string) => `=${Number(expires) + 1}.`);
  expect(await statuses(app, { headers: { ...far, cookie: longer } })).toEqual([401]);
  expect(await statuses(served({ token: 'another-token-than-before', loopback: false }), { headers: { ...far, cookie } })).toEqual([401]);
  const tomorrow = { ...systemClock, now: () => Date.now() + 24 * 3_600_000 };
  const later = fastify();
  apps.push(later);
  registerDashboard(later, { ...ctx, clock: tomorrow }, { page: PAGE, token: TOKEN, loopback: false, keys: false });
  expect(await statuses(later, { headers: { ...far, cookie } })).toEqual([401]);
});

test('nobody is signed in or out by another site', async () => {
  const app = withToken();
  const answer = await login(app, TOKEN, { origin: 'https://evil.example' });
  expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([401, undefined]);
});

test('an API key that may read signs in to the calls of its tenant, until it is revoked', async () => {
  const app = createControlServer(ctx, async () => []);
  apps.push(app);
  const reader = await createApiKey(ctx, { tenantId: 'acme', scopes: ['read'] });
  const caller = await createApiKey(ctx, { tenantId: 'acme', scopes: ['calls'] });
  const far = { host: 'patter.example.com', 'x-forwarded-for': '203.0.113.9' };
  expect((await login(app, caller.secret, far)).statusCode).toBe(401);
  const cookie = String((await login(app, reader.secret, far)).headers['set-cookie']).split(';')[0] as string;
  const calls = async (headers: Record<string, string>) =>
    (await get(app, '/dashboard/api/calls', { headers: { ...far, ...headers } })).json();
  expect(await calls({ cookie })).toEqual({ calls: [] });
  expect((await calls({ authorization: `Bearer ${TOKEN}` })).calls).toHaveLength(1);
  expect((await get(app, `/dashboard/api/calls/${callId}`, { headers: { ...far, cookie } })).statusCode).toBe(404);
  await revokeApiKey(ctx, reader.key.keyId, 'acme');
  expect(await calls({ cookie })).toMatchObject({ code: 'PATTER_UNAUTHORIZED' });
});

test('every answer keeps others out of it: no frames, no scripts but its own, no copies', async () => {
  const app = withToken();
  const bearer = { authorization: `Bearer ${TOKEN}` };
  const answers = await Promise.all([
    ...PATHS.map((path) => get(app, path, { headers: bearer })),
    get(app, '/dashboard'),
    login(app, 'wrong'),
  ]);
  for (const { headers } of answers) {
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|http|\*/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'same-origin' });
  }
  expect(answers.filter(({ headers }) => headers['cache-control'] !== 'no-store')).toHaveLength(1);
  expect((await get(app, '/healthz')).headers['content-security-policy']).toBeUndefined();
});

test('the sums are of the span that was asked for', async () => {
  const app = served();
  const sums = async (hours: number) => (await get(app, `/dashboard/api/summary?hours=${hours}`)).json();
  expect(await sums(24)).toEqual({ calls: 1, live: 0, answered: 1, talkMs: 30_000, costUsd: 0.012345, signedIn: false });
  expect((await get(app, '/dashboard/api/summary?hours=0')).statusCode).toBe(400);
  const nextWeek = fastify();
  apps.push(nextWeek);
  const clock = { ...systemClock, now: () => Date.now() + 7 * 24 * 3_600_000 };
  registerDashboard(nextWeek, { ...ctx, clock }, { page: PAGE, loopback: true, keys: false });
  expect((await get(nextWeek, '/dashboard/api/summary?hours=24')).json()).toMatchObject({ calls: 0, costUsd: 0 });
  expect((await get(nextWeek, '/dashboard/api/export?format=json&hours=24')).json()).toEqual([]);
});

test('an export has every call, and nothing in it is a formula of whoever opens it', async () => {
  const app = served();
  const json = await get(app, '/dashboard/api/export?format=json');
  expect(json.json()).toEqual([(await get(app, `/dashboard/api/calls/${callId}`)).json()]);
  const csv = await get(app, '/dashboard/api/export?format=csv');
  expect(csv.headers['content-disposition']).toMatch(/^attachment; filename="calls-\d{4}-\d\d-\d\d\.csv"$/);
  const [head, row, ...rest] = csv.body.split('\r\n');
  expect(head).toMatch(/^\uFEFFcall_id,direction,/);
  expect(row).toContain(`${callId},outbound,ended,completed,,+15005550006,+12125550101,`);
  expect(row).toContain('"assistant: Hello, ""Ada"".\nuser: =HYPERLINK(""http://evil.example"")"');
  expect(rest).toEqual(['']);
  expect(['=1+1', '@x', '-2', '+49151234567', 'a,b', 7, null].map(csvCell)).toEqual([
    "'=1+1",
    "'@x",
    "'-2",
    '+49151234567',
    '"a,b"',
    '7',
    '',
  ]);
});

test('a package that was not built says so', async () => {
  const app = served({ page: new Map() });
  const answer = await get(app, '/dashboard');
  expect([answer.statusCode, answer.body]).toEqual([503, expect.stringContaining('npm run build')]);
});
