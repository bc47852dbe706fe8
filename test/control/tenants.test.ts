/** Two tenants on one backend: whatever one's key opens, it shows and changes nothing of the other's. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { WebSocket } from 'ws';
import { createCarriers } from '../../carriers';
import { systemClock } from '../../contracts/clock';
import { lineFileSchema } from '../../contracts/line';
import { placeCallSchema } from '../../contracts/single-call';
import { placeCall } from '../../control/calls/place-call';
import { startCampaign } from '../../control/campaigns/start-campaign';
import type { ControlContext } from '../../control/context';
import { createApiKey, listApiKeys, revokeApiKey } from '../../control/keys/api-keys';
import { setLine } from '../../control/lines/lines';
import { deleteSchedule, makeSchedule, scheduleInfo } from '../../control/schedules/schedules';
import { createControlServer } from '../../control/server';
import { loadConfig } from '../../runtime/config';
import { CredentialVault } from '../../runtime/credential-vault';
import { createLogger } from '../../runtime/log';
import { connectTo } from '../../runtime/temporal';
import { allowUnlessInUse, campaignFile, done, intentFor, openTestStore, settlementFor, type TestStore } from '../store/fixtures';
import { startTestTemporal } from '../support/temporal';

const TOKEN = 'a-token-of-sixteen-or-more';
const FROM = '203.0.113.9';
/** In everything that the other tenant has. */
const MARK = 'zebra';
/** On a server that other tests use too. */
const SCHEDULE = `${MARK}-${randomBytes(4).toString('hex')}`;

let test_: TestStore;
let ctx: ControlContext;
let folder: string;
let app: FastifyInstance;
const routes: RouteOptions[] = [];
const workflows: string[] = [];
let mine: string;
let theirs: string;
let victim: { campaignId: string; campaign: string; callId: string; endedId: string; number: string };
let carrier: Server;
/** Of a Twilio account that has one number, and may call from another that is its holder's elsewhere. */
const OWN_ACCOUNT = { sid: `AC${'7'.repeat(32)}`, number: '+15005550055', verified: '+15005550054' };
/** At the carrier: too many requests, so many more times. */
let tooMany = 0;
/** PATTER_PHONE_NUMBER. */
const OPERATORS = '+15005550088';

beforeAll(async () => {
  test_ = await openTestStore();
  folder = await mkdtemp(join(tmpdir(), 'patter-tenants-'));
  const server = await startTestTemporal();
  const connection = await connectTo(server.address);
  carrier = createServer((request, response) => {
    const url = new URL(request.url as string, 'http://localhost');
    if (tooMany > 0) {
      tooMany--;
      const body = { code: 20_429, message: 'Too many requests', status: 429 };
      response.writeHead(429, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      return;
    }
    const [list, number] = url.pathname.includes('/OutgoingCallerIds')
      ? ['outgoing_caller_ids', OWN_ACCOUNT.verified]
      : ['incoming_phone_numbers', OWN_ACCOUNT.number];
    const has = url.pathname.includes(OWN_ACCOUNT.sid) && url.searchParams.get('PhoneNumber') === number;
    const found = has ? [{ sid: `PN${'7'.repeat(32)}`, phone_number: number, account_sid: OWN_ACCOUNT.sid }] : [];
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ [list as string]: found, next_page_uri: null }));
  });
  await new Promise<void>((resolve) => carrier.listen(0, '127.0.0.1', resolve));
  const env = {
    PATTER_HOME: folder,
    PATTER_PHONE_NUMBER: OPERATORS,
    TWILIO_BASE_URL: `http://127.0.0.1:${(carrier.address() as AddressInfo).port}`,
    PATTER_TASK_QUEUE: server.taskQueue,
    PATTER_CONTROL_TOKEN: TOKEN,
    PATTER_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  };
  ctx = {
    config: { ...loadConfig(env, folder), TEMPORAL_NAMESPACE: server.namespace },
    store: test_.store,
    temporal: new Client({ connection, namespace: server.namespace }),
    clock: systemClock,
    log: createLogger('test', 'silent'),
  };
  const backend = { carriersOf: createCarriers };
  app = createControlServer(ctx, async () => [], {
    backend,
    prepare: (made) => made.addHook('onRoute', (route) => void routes.push(route)),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  mine = (await createApiKey(ctx, { tenantId: 'acme' })).secret;
  theirs = (await createApiKey(ctx, { tenantId: 'other', name: MARK })).secret;
  victim = await populate();
}, 180_000);

afterAll(async () => {
  await app?.close();
  await deleteSchedule(ctx, SCHEDULE, 'other').catch(() => undefined);
  await deleteSchedule(ctx, 'mine', 'acme').catch(() => undefined);
  for (const id of workflows)
    await ctx.temporal.workflow
      .getHandle(id)
      .terminate('test')
      .catch(() => undefined);
  await ctx?.temporal.connection.close();
  carrier?.close();
  await test_.close();
  await rm(folder, { recursive: true, force: true });
});

const AGENT = { engine: { type: 'openai-realtime' }, systemPrompt: MARK } as const;

/** One of everything that belongs to the other tenant. */
async function populate(): Promise<typeof victim> {
  const spec = campaignFile({ name: `${MARK}-campaign` });
  const contactsFile = join(folder, 'contacts.csv');
  const { writeFile } = await import('node:fs/promises');
  await writeFile(contactsFile, 'phone,first_name\n+12125550101,Ada\n');
  const { campaign } = await startCampaign(ctx, { spec, contactsFile, tenantId: 'other' });
  workflows.push(`campaign/other/${spec.name}`);
  const number = '+15005550009';
  await setLine(
    ctx,
    lineFileSchema.parse({ name: `${MARK}-line`, number, agent: { engine: { type: 'openai-realtime' }, systemPrompt: MARK } }),
    'other',
  );
  const call = await placeCall(ctx, {
    tenantId: 'other',
    to: '+12125550102',
    from: number,
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: MARK },
    metadata: { note: MARK },
  });
  workflows.push(call.callId);
  const { idempotencyKey: _, ...request } = placeCallSchema.parse({ to: '+12125550102', from: number, agent: AGENT });
  const definition = {
    times: { kind: 'cron', cron: '0 3 1 1 *', timezone: 'UTC' },
    graceMs: 1_000,
    work: { kind: 'call', request },
  } as const;
  await makeSchedule(ctx, { scheduleId: SCHEDULE, tenantId: 'other', definition, taskQueue: ctx.config.PATTER_TASK_QUEUE });
  await ctx.store.suppressions.add({ tenantId: 'other', phone: '+12125550109', source: 'api', reason: MARK, now: new Date() });
  await new CredentialVault(ctx.store.credentials, ctx.config, systemClock).set('other', 'openai', { OPENAI_API_KEY: MARK });
  // One that is over, with what was said.
  const ended = await placeCall(ctx, { tenantId: 'other', to: '+12125550104', from: number, agent: AGENT });
  workflows.push(ended.callId);
  const { contact } = (await ctx.store.singles.find(ended.callId))!;
  await ctx.store.attempts.openIntent({ ...intentFor(contact, new Date()), fromNumber: number }, allowUnlessInUse);
  const endedAt = Date.now();
  const turns = [{ role: 'assistant' as const, text: `${MARK} speaking`, at: endedAt }];
  await ctx.store.attempts.settle(settlementFor(contact, { callId: ended.callId, turns, endedAt }), done(), new Date(endedAt));
  return { campaignId: campaign.campaignId, campaign: spec.name, callId: call.callId, endedId: ended.callId, number };
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const ask = (secret: string, method: string, url: string, payload?: object) =>
  app.inject({ method: method as 'GET', url, headers: bearer(secret), remoteAddress: FROM, ...(payload && { payload }) });

/** What may stand for a route's `:parameters`; a new parameter needs an entry. */
function urlsOf(route: string): string[] {
  const values: Record<string, string[]> = { id: [victim.campaignId, victim.campaign, victim.callId, victim.endedId, SCHEDULE] };
  const [parameter] = /:(\w+)/.exec(route)?.slice(1) ?? [];
  if (parameter === undefined) return [route];
  const candidates = values[parameter];
  if (!candidates) throw new Error(`${route}: say here which of the other tenant's ids may stand for :${parameter}`);
  return candidates.map((value) => route.replace(`:${parameter}`, encodeURIComponent(value)));
}

const BODIES: object[] = [
  {},
  { reason: 'mine' },
  { cps: 1 },
  { text: 'hello' },
  { number: '+12125550103' },
  { phone: '+12125550109' },
  { to: '+12125550103', from: '+15005550009', firstMessage: 'hi' },
];

/** What only one route takes. */
const BODIES_OF: Readonly<Record<string, object[]>> = {
  '/api/campaigns/open': [
    { key: 'mine', campaign: { name: `${MARK}-campaign` } },
    { key: 'mine', campaign: { name: `${MARK}-campaign`, from: ['+15005550009'] } },
  ],
  '/api/campaigns/:id/contacts': [{ key: 'mine', rows: [{ line: 1, phone: '+12125550103' }] }],
  '/api/campaigns/:id/start': [{ key: 'mine', rows: 1 }],
  '/api/schedules': [
    {
      ...{ id: 'mine', times: { kind: 'cron', cron: '0 3 1 1 *' } },
      work: { kind: 'call', call: { to: '+12125550103', from: '+15005550009', agent: { ...AGENT, systemPrompt: 'x' } } },
    },
    { id: 'mine', times: { kind: 'cron', cron: '0 3 1 1 *' }, work: { kind: 'call', call: { to: '+12125550103', from: '+15005550009' } } },
  ],
};

async function stateOfVictim() {
  const campaign = await ctx.store.campaigns.get(victim.campaignId);
  const line = await ctx.store.lines.get('other', victim.number);
  return {
    campaign,
    line,
    calls: await ctx.store.attempts.recent({ tenantId: 'other', limit: 10 } as never),
    suppressed: await ctx.store.suppressions.check('other', '+12125550109'),
    schedule: await scheduleInfo(ctx, SCHEDULE, 'other'),
    keys: await listApiKeys(ctx, 'other'),
  };
}

test('every route: a key of one tenant sees and changes nothing of another’s', async () => {
  const before = await stateOfVictim();
  const tried: string[] = [];
  for (const { method, url, config } of routes) {
    for (const verb of [method].flat()) {
      // The dashboard's API is open to the server's guard, and has one of its own.
      const open = (config as { open?: boolean } | undefined)?.open && !url.startsWith('/dashboard/api/');
      if (verb === 'HEAD' || verb === 'OPTIONS' || open) continue;
      for (const target of urlsOf(url)) {
        for (const body of verb === 'GET' ? [undefined] : [...BODIES, ...(BODIES_OF[url] ?? [])]) {
          const response = await ask(mine, verb, target, body);
          // It may come back in an error that repeats the question.
          const shown = response.body.replaceAll(victim.campaign, '').replaceAll(SCHEDULE, '');
          const leaks =
            shown.includes(MARK) || (target === url && [victim.campaignId, victim.callId, victim.endedId].some((id) => shown.includes(id)));
          expect({ verb, target, body, leaks }).toMatchObject({ leaks: false });
          if (url.includes(':')) expect([400, 403, 404]).toContain(response.statusCode);
        }
      }
      tried.push(`${verb} ${url}`);
    }
  }
  expect(tried).toEqual(
    expect.arrayContaining([
      'GET /api/campaigns',
      'POST /api/campaigns/:id/cancel',
      'POST /api/campaigns/open',
      'POST /api/campaigns/:id/contacts',
      'POST /api/campaigns/:id/start',
      'GET /api/calls/:id',
      'POST /api/dnc/check',
      'POST /api/dnc/remove',
      'POST /api/privacy/erase',
      'POST /api/schedules',
      'GET /api/schedules/:id',
      'POST /api/schedules/:id/delete',
      'POST /v1/calls',
      'GET /dashboard/api/summary',
      'GET /dashboard/api/calls',
      'GET /dashboard/api/calls/:id',
      'GET /dashboard/api/calls/:id/events',
      'GET /dashboard/api/export',
      'GET /metrics',
    ]),
  );
  const { keys, ...after } = await stateOfVictim();
  const { keys: keysBefore, ...rest } = before;
  expect(after).toEqual(rest);
  expect(keys.map(({ keyId, revokedAt }) => [keyId, revokedAt])).toEqual(keysBefore.map(({ keyId, revokedAt }) => [keyId, revokedAt]));
});

test('the owner’s key does see it: the routes are not just closed', async () => {
  expect((await ask(theirs, 'GET', `/api/campaigns/${victim.campaign}`)).json()).toMatchObject({ campaignId: victim.campaignId });
  expect((await ask(theirs, 'GET', '/api/campaigns')).body).toContain(MARK);
  expect((await ask(theirs, 'GET', '/api/schedules')).body).toContain(SCHEDULE);
  for (const url of ['/api/calls', '/dashboard/api/calls', '/dashboard/api/export'])
    expect((await ask(theirs, 'GET', url)).body).toContain(victim.endedId);
  for (const url of [
    `/api/calls/${victim.endedId}`,
    `/dashboard/api/calls/${victim.endedId}`,
    `/dashboard/api/calls/${victim.endedId}/events`,
  ])
    expect((await ask(theirs, 'GET', url)).body).toContain(`${MARK} speaking`);
  expect((await ask(theirs, 'GET', '/dashboard/api/summary')).json()).not.toEqual(
    (await ask(mine, 'GET', '/dashboard/api/summary')).json(),
  );
});

/** Each with all that it needs. */
const dialling = (from: string, name: string): [string, object][] => {
  const call = { to: '+12125550103', from, agent: AGENT };
  const campaign = { name, from: [from], agent: AGENT, window: { start: '00:00', end: '00:01' } };
  const times = { kind: 'cron', cron: '0 3 1 1 *' };
  return [
    ['/api/calls', call],
    ['/v1/calls', call],
    ['/api/campaigns', { campaign, contacts: [{ phone: '+12125550103' }] }],
    ['/api/campaigns/open', { key: name, campaign: { ...campaign, name: `${name}-open` } }],
    ['/api/schedules', { id: `${name}-call`, times, work: { kind: 'call', call } }],
    ['/api/schedules', { id: `${name}-campaign`, times, work: { kind: 'campaign', campaign, contacts: [] } }],
  ];
};

test('nobody calls from a number of another tenant or of the operator, by any route; its own tenant does', async () => {
  const name = `own-${randomBytes(4).toString('hex')}`;
  for (const [url, body] of dialling(victim.number, name)) {
    const refused = await ask(mine, 'POST', url, body);
    expect({ url, status: refused.statusCode, code: refused.json().code }).toEqual({ url, status: 403, code: 'PATTER_NUMBER_TAKEN' });
    expect(refused.json().message).toContain('patter numbers set');
  }
  const [[url, body] = ['', {}]] = dialling(OPERATORS, name);
  expect((await ask(mine, 'POST', url, body)).json()).toMatchObject({ code: 'PATTER_NUMBER_TAKEN' });
  for (const [url, body] of dialling(victim.number, name)) {
    const taken = await ask(theirs, 'POST', url, body);
    expect({ url, status: taken.statusCode }).toEqual({ url, status: 201 });
    const { callId, scheduleId } = taken.json() as { callId?: string; scheduleId?: string };
    if (callId !== undefined) workflows.push(callId);
    if (scheduleId !== undefined) await deleteSchedule(ctx, scheduleId, 'other');
  }
  workflows.push(`campaign/other/${name}`);
  // The operator's word.
  const { secret } = await createApiKey(ctx, { tenantId: 'acme', number: OPERATORS });
  const given = await ask(secret, 'POST', url, body);
  expect(given.statusCode).toBe(201);
  workflows.push(given.json().callId);
});

test('a number that is nobody’s is claimed with an account that owns it, or by the operator’s word', async () => {
  const hello = (number: string, credentials: object = {}) => ({ type: 'hello', version: 1, clientId: 'c', number, credentials });
  const account = (sid: string) => ({ twilio: { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: 'x' } });
  const refused = { type: 'refused', code: 'PATTER_NUMBER_NOT_OWNED' };
  expect(await socketAnswer(mine, hello(OWN_ACCOUNT.number))).toMatchObject(refused);
  expect(await socketAnswer(mine, hello(OWN_ACCOUNT.number, account(`AC${'8'.repeat(32)}`)))).toMatchObject(refused);
  expect(await socketAnswer(mine, hello('+15005550056', account(OWN_ACCOUNT.sid)))).toMatchObject(refused);
  expect(await socketAnswer(mine, hello(OPERATORS, account(OWN_ACCOUNT.sid)))).toMatchObject({ code: 'PATTER_NUMBER_TAKEN' });
  // What did not convince has left nothing behind.
  expect(await new CredentialVault(ctx.store.credentials, ctx.config, systemClock).list('acme')).toEqual([]);
  expect(await ctx.store.lines.list('acme')).toEqual([]);

  expect(await socketAnswer(mine, hello(OWN_ACCOUNT.number, account(OWN_ACCOUNT.sid)))).toMatchObject({ type: 'welcome' });
  // It is its own from now on, also without them.
  expect(await socketAnswer(mine, hello(OWN_ACCOUNT.number))).toMatchObject({ type: 'welcome' });
  const { secret } = await createApiKey(ctx, { tenantId: 'acme', number: '+15005550057' });
  expect(await socketAnswer(secret, hello('+15005550057'))).toMatchObject({ type: 'welcome' });
  expect(await socketAnswer(theirs, hello('+15005550057'))).toMatchObject({ code: 'PATTER_NUMBER_TAKEN' });
});

test('a program connects with a verified caller id of its tenant’s own account', async () => {
  const { verified: number, sid } = OWN_ACCOUNT;
  const credentials = { twilio: { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: 'x' } };
  expect(await socketAnswer(mine, { type: 'hello', version: 1, clientId: 'c', number, credentials })).toMatchObject({
    type: 'welcome',
    number,
  });
  expect(await ctx.store.lines.tenantOf(number)).toBe('acme');
});

test('a carrier that is asked too often does not send a program away for good', async () => {
  const number = '+15005550053';
  const credentials = { twilio: { TWILIO_ACCOUNT_SID: OWN_ACCOUNT.sid, TWILIO_AUTH_TOKEN: 'x' } };
  const hello = { type: 'hello', version: 1, clientId: 'c', number, credentials };
  tooMany = 1;
  expect(await socketEnd(mine, hello)).toEqual({ code: 'PATTER_CARRIER_REFUSED', closed: 1013 });
  expect(await socketEnd(mine, hello)).toEqual({ code: 'PATTER_NUMBER_NOT_OWNED', closed: 4403 });
});

test('the do-not-call list over HTTP is the tenant’s own, and needs its scope', async () => {
  const phone = '+12125550119';
  expect((await ask(mine, 'POST', '/api/dnc/add', { phone: '(212) 555-0119', reason: 'asked' })).json()).toEqual({ phone, added: true });
  expect((await ask(mine, 'POST', '/api/dnc/add', { phone })).json()).toEqual({ phone, added: false });
  expect((await ask(mine, 'POST', '/api/dnc/check', { phone })).json()).toMatchObject({ listed: true, source: 'api', reason: 'asked' });
  expect((await ask(theirs, 'POST', '/api/dnc/check', { phone })).json()).toEqual({ phone, listed: false });
  expect((await ask(mine, 'POST', '/api/dnc/remove', { phone })).json()).toEqual({ phone, removed: true });
  expect((await ask(mine, 'POST', '/api/dnc/add', { phone: '12' })).json()).toMatchObject({ code: 'PATTER_CONTACT_PHONE_INVALID' });
  const { secret } = await createApiKey(ctx, { tenantId: 'acme', scopes: ['read', 'calls', 'campaigns', 'connect'] });
  expect((await ask(secret, 'POST', '/api/dnc/check', { phone })).statusCode).toBe(403);
  expect((await ask(secret, 'POST', '/api/privacy/erase', { phone })).statusCode).toBe(403);
});

test('a key opens what its scopes say, and nothing of the operator’s', async () => {
  const { secret } = await createApiKey(ctx, { tenantId: 'other', scopes: ['read'] });
  expect((await ask(secret, 'GET', '/api/campaigns')).statusCode).toBe(200);
  const refused = await ask(secret, 'POST', `/api/campaigns/${victim.campaign}/pause`, {});
  expect([refused.statusCode, refused.json().code]).toEqual([403, 'PATTER_FORBIDDEN']);
  expect((await ask(theirs, 'GET', '/metrics')).statusCode).toBe(403);
  expect((await ask(TOKEN, 'GET', '/metrics')).statusCode).toBe(200);
  const code = {
    to: '+12125550104',
    from: '+15005550009',
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'x', code: 'somebody/agent' },
  };
  expect((await ask(mine, 'POST', '/api/calls', code)).statusCode).toBe(403);
  await expect(createApiKey(ctx, { scopes: ['everything'] })).rejects.toThrow('not everything');
  await expect(createApiKey(ctx, { tenantId: 'Not/One' })).rejects.toMatchObject({ code: 'PATTER_CONFIG_INVALID' });
});

test('a secret is nowhere in the database; a revoked key opens nothing, also over its socket', async () => {
  const { key, secret } = await createApiKey(ctx, { tenantId: 'acme', number: '+15005550011' });
  expect(JSON.stringify(await ctx.store.apiKeys.list('acme'))).not.toContain(secret.slice(12));
  await expect(revokeApiKey(ctx, key.keyId, 'other')).rejects.toMatchObject({ code: 'PATTER_KEY_NOT_FOUND' });
  expect((await ask(secret, 'GET', '/api/campaigns')).statusCode).toBe(200);
  await revokeApiKey(ctx, key.prefix, 'acme');
  await revokeApiKey(ctx, key.keyId, 'acme');
  expect((await ask(secret, 'GET', '/api/campaigns')).statusCode).toBe(401);
  expect(await socketAnswer(secret)).toBe(401);
  expect(await socketAnswer('pt_nonsense')).toBe(401);
  const { secret: reader } = await createApiKey(ctx, { tenantId: 'acme', scopes: ['read'] });
  expect(await socketAnswer(reader)).toBe(403);
});

test('a program can’t connect to a number of another tenant', async () => {
  const hello = { type: 'hello', version: 1, clientId: 'c', number: victim.number, credentials: {} };
  expect(await socketAnswer(mine, hello)).toMatchObject({ type: 'refused', code: 'PATTER_NUMBER_TAKEN' });
  expect(await ctx.store.lines.tenantOf(victim.number)).toBe('other');
});

/** How a program is refused: a client does not come back after 4403. */
function socketEnd(secret: string, hello: object): Promise<{ code: string | undefined; closed: number }> {
  const { port } = app.server.address() as { port: number };
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/sdk`, { headers: bearer(secret) });
    let code: string | undefined;
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify(hello)));
    socket.on('message', (data) => (code = JSON.parse(String(data)).code));
    socket.on('close', (closed) => resolve({ code, closed }));
  });
}

/** The status of a refused upgrade, or the first message. */
function socketAnswer(secret: string, hello?: object): Promise<unknown> {
  const { port } = app.server.address() as { port: number };
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/sdk`, { headers: bearer(secret) });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode);
      socket.terminate();
    });
    socket.on('error', reject);
    socket.on('open', () => (hello ? socket.send(JSON.stringify(hello)) : resolve('open')));
    socket.on('message', (data) => {
      resolve(JSON.parse(String(data)));
      socket.close();
    });
  });
}
