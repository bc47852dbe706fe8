/** Campaigns and schedules in cloud mode, against a backend's API without anybody who dials: what arrives there, however often it is said. The lab has the rest (cloud.test.ts). */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { campaignWorkflowId } from '../../contracts/call-id';
import { systemClock } from '../../contracts/clock';
import { lineFileSchema } from '../../contracts/line';
import type { ControlContext } from '../../control/context';
import { createApiKey } from '../../control/keys/api-keys';
import { setLine } from '../../control/lines/lines';
import { createScheduleActivities } from '../../control/schedules/fire-schedule';
import { deleteSchedule } from '../../control/schedules/schedules';
import { createControlServer } from '../../control/server';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { connectTo } from '../../runtime/temporal';
import { Patter } from '../../sdk';
import { openTestStore, type TestStore } from '../store/fixtures';
import { startTestTemporal } from '../support/temporal';

const DESK = '+15005550006';
const ALL_DAY = { start: '00:00', end: '24:00' };

let store: TestStore;
let ctx: ControlContext;
let app: FastifyInstance;
let url: string;
let phone: Patter;
/** Requests whose answer gets lost, once each, and those that came. */
let lost: RegExp[] = [];
let asked: string[] = [];
const phones: Patter[] = [];
const folder = mkdtempSync(join(tmpdir(), 'patter-cloud-campaign-'));
const names: string[] = [];
const schedules: string[] = [];
const started: string[] = [];

beforeAll(async () => {
  store = await openTestStore();
  const server = await startTestTemporal();
  const connection = await connectTo(server.address);
  ctx = {
    ...{ store: store.store, clock: systemClock, log: createLogger('test', 'silent') },
    temporal: new Client({ connection, namespace: server.namespace }),
    config: loadConfig({ PATTER_HOME: folder, PATTER_TASK_QUEUE: server.taskQueue }, folder),
  };
  const prepare = (made: FastifyInstance) =>
    made.addHook('onSend', async (request, reply, payload) => {
      asked.push(`${request.method} ${request.url}`);
      const index = lost.findIndex((one) => one.test(request.url));
      if (index === -1) return payload;
      lost.splice(index, 1);
      reply.raw.destroy();
      return payload;
    });
  app = createControlServer(ctx, async () => [], { prepare });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  phone = await program('acme');
  await setLine(ctx, lineFileSchema.parse({ name: 'desk', number: DESK, carrier: 'telnyx', agent: agentOf('The desk.') }), 'acme');
}, 120_000);

beforeEach(() => {
  lost = [];
  asked = [];
});

afterAll(async () => {
  for (const one of phones) await one.disconnect();
  await app?.close();
  for (const id of schedules) await deleteSchedule(ctx, id, 'acme').catch(() => undefined);
  for (const id of [...started, ...names.map((name) => campaignWorkflowId('acme', name))]) {
    await ctx.temporal.workflow
      .getHandle(id)
      .terminate('test')
      .catch(() => undefined);
  }
  await ctx?.temporal.connection.close();
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

const agentOf = (systemPrompt: string) => ({ engine: { type: 'openai-realtime' as const }, systemPrompt });

async function program(tenantId: string, scopes?: string[]): Promise<Patter> {
  const { secret } = await createApiKey(ctx, { tenantId, scopes });
  const made = new Patter({ apiKey: secret, backendUrl: url.replace('http', 'ws'), restUrl: url });
  phones.push(made);
  return made;
}

/** Dollars, in a program's text: in a file it would be the environment's. */
const LITERAL = `\${amount}`;

function greetings(name: string, over: object = {}) {
  names.push(name);
  const agent = phone.agent({
    systemPrompt: `You greet {first_name} for ${LITERAL} less.`,
    firstMessage: 'Is this {first_name}?',
    variables: { amount: '10' },
  });
  return phone.campaign({ name, agent, contacts: [], window: ALL_DAY, retry: { maxAttempts: 1 }, ...over });
}

const numbered = (n: number) => `+1212555${String(1_000 + n).slice(-4)}`;

test('contacts of an async iterable go part by part; answers that are lost on the way double nothing', async () => {
  async function* contacts() {
    for (let n = 0; n < 1_200; n++) yield { phone: numbered(n % 1_150), firstName: `N${n}` };
    yield { phone: 'nonsense', firstName: 'Nobody' };
    yield { phone: '+12125559999' };
    yield 7 as never;
  }
  lost = [/open$/, /contacts$/, /contacts$/, /start$/];
  const campaign = greetings('streamed', { contacts: () => contacts() });
  const started = await campaign.start();
  expect(lost).toEqual([]);
  expect(started).toMatchObject({
    how: 'started',
    runBy: 'workers',
    imported: { total: 1_203, imported: 1_150, rejected: 3, duplicates: 50 },
  });
  // Two parts, and each of the four requests twice or thrice.
  expect(asked.filter((one) => one.endsWith('/contacts'))).toHaveLength(4);
  expect((await phone.campaigns.list()).map(({ campaignId, name }) => [campaignId, name])).toEqual([[started.campaignId, 'streamed']]);
  const row = await ctx.store.campaigns.get(started.campaignId);
  expect(row).toMatchObject({ tenantId: 'acme', rowsTotal: 1_203, spec: { from: [DESK], carrier: 'telnyx' } });
  expect(row?.spec.agent.code).toBeUndefined();
  expect(row?.spec.agent.systemPrompt).toContain(LITERAL);
  expect(await campaign.progress()).toMatchObject({
    ...{ campaignId: started.campaignId, state: 'running', final: false },
    contacts: { total: 1_150, waiting: 1_150, active: 0, done: 0, rejected: 3, duplicates: 50 },
  });
  expect((await campaign.report()).rejected.map(({ line, reason }) => [line, reason])).toEqual([
    [1_201, 'this is not a phone number'],
    [1_202, '{first_name} has no value'],
    [1_203, 'the contact is not an object'],
  ]);
}, 120_000);

test('a CSV file keeps its line numbers; started again while it is under way it is attached to, and nothing is read', async () => {
  const file = join(folder, 'contacts.csv');
  writeFileSync(file, 'Phone Number,First Name\n(212) 555-0101,Ada\nwrong,Ben\n');
  const campaign = greetings('from-a-file', { contacts: file });
  const { campaignId } = await campaign.start();
  expect((await campaign.report()).rejected).toEqual([expect.objectContaining({ line: 3, phone: 'wrong' })]);
  asked = [];
  const again = await greetings('from-a-file', { contacts: file }).start();
  expect(again).toMatchObject({ how: 'attached', campaignId, imported: undefined });
  expect(asked.filter((one) => one.includes('/contacts'))).toEqual([]);
  writeFileSync(file, 'Phone Number\n+12125550101\n');
  await expect(greetings('no-column', { contacts: file }).start()).rejects.toMatchObject({ code: 'PATTER_CONTACTS_FILE_INVALID' });
  await expect(phone.campaigns.get('no-column').progress()).rejects.toMatchObject({ code: 'PATTER_CAMPAIGN_NOT_FOUND' });
}, 60_000);

test('with its idempotency key a start that is repeated after the campaign’s end calls nobody again; without one the name is free', async () => {
  const contacts = [{ phone: '+12125550101', first_name: 'Ada' }];
  const start = (over: object = {}) => greetings('short', { contacts, ...over }).start();
  const first = await start({ idempotencyKey: 'june' });
  await ctx.store.campaigns.finish(first.campaignId, 'completed', new Date());
  expect(await start({ idempotencyKey: 'june' })).toMatchObject({ how: 'attached', campaignId: first.campaignId });
  await expect(greetings('another', { contacts, idempotencyKey: 'june' }).start()).rejects.toMatchObject({
    code: 'PATTER_IDEMPOTENCY_CONFLICT',
  });
  // Its workflow would still be closing.
  await ctx.temporal.workflow.getHandle(campaignWorkflowId('acme', 'short')).terminate('test');
  expect(await start()).toMatchObject({ how: 'started' });
}, 60_000);

test('an iterable that throws calls nobody; the next start of the same campaign adds the rest', async () => {
  async function* broken() {
    for (let n = 0; n < 1_000; n++) yield { phone: numbered(n), first_name: 'Ada' };
    yield { phone: numbered(1_000), first_name: 'Ada' };
    throw new Error('the database is gone');
  }
  await expect(greetings('in-two', { contacts: broken() }).start()).rejects.toThrow('the database is gone');
  const standing = await phone.campaigns.get('in-two').progress();
  expect(standing).toMatchObject({ startedAt: undefined, contacts: { total: 1_000 } });
  const contacts = Array.from({ length: 1_002 }, (_, n) => ({ phone: numbered(n), first_name: 'Ada' }));
  expect(await greetings('in-two', { contacts }).start()).toMatchObject({
    ...{ how: 'started', campaignId: standing.campaignId },
    imported: { total: 1_002, imported: 1_002, duplicates: 0 },
  });
}, 60_000);

test('of two programs that start one name at once the later goes on, and the earlier is told so', async () => {
  const { secret } = await createApiKey(ctx, { tenantId: 'acme', scopes: ['calls'] });
  const campaign = { name: 'raced', agent: agentOf('x') };
  names.push('raced');
  const post = async (path: string, payload: object) => {
    const answer = await app.inject({ method: 'POST', url: path, payload, headers: { authorization: `Bearer ${secret}` } });
    return { status: answer.statusCode, ...answer.json() };
  };
  const rows = [{ line: 1, phone: '+12125550101' }];
  const { campaignId } = await post('/api/campaigns/open', { key: 'a', campaign });
  const at = `/api/campaigns/${campaignId}`;
  expect(await post(`${at}/contacts`, { key: 'a', rows })).toMatchObject({ status: 200, imported: 1, rejected: 0 });
  expect(await post('/api/campaigns/open', { key: 'b', campaign })).toMatchObject({ status: 201, campaignId, how: 'open' });
  expect(await post(`${at}/contacts`, { key: 'a', rows })).toMatchObject({
    status: 409,
    message: expect.stringContaining('another program'),
  });
  expect(await post(`${at}/start`, { key: 'a', rows: 1 })).toMatchObject({ status: 409, code: 'PATTER_CAMPAIGN_STATE' });
  expect(await post(`${at}/contacts`, { key: 'b', rows })).toMatchObject({ imported: 0 });
  const started = await post(`${at}/start`, { key: 'b', rows: 1 });
  expect(started).toMatchObject({ status: 200, imported: { total: 1, imported: 1, duplicates: 0 } });
  expect(await post(`${at}/start`, { key: 'b', rows: 1 })).toEqual(started);
  expect(await post(`${at}/contacts`, { key: 'b', rows })).toMatchObject({ status: 409, message: expect.stringContaining('has started') });
  expect(await post('/api/campaigns/open', { key: 'a', campaign })).toMatchObject({ status: 200, how: 'attached' });
  // One that is never finished can be closed, for good.
  const left = { key: 'c', campaign: { ...campaign, name: 'left' } };
  const { campaignId: leftId } = await post('/api/campaigns/open', left);
  await post(`/api/campaigns/${leftId}/contacts`, { key: 'c', rows });
  await phone.campaigns.get('left').cancel();
  expect(await phone.campaigns.get('left').progress()).toMatchObject({ state: 'canceled', final: true, outcomes: { canceled: 1 } });
  expect(await post(`/api/campaigns/${leftId}/start`, { key: 'c', rows: 1 })).toMatchObject({ status: 409 });
  expect(await post('/api/campaigns/open', left)).toMatchObject({
    status: 409,
    message: expect.stringContaining('before anybody was called'),
  });
}, 60_000);

test('without an agent the number’s program talks; a key needs its scope, and another tenant’s sees nothing', async () => {
  names.push('relayed');
  const contacts = [{ phone: '+12125550101' }];
  const { campaignId } = await phone.campaign({ name: 'relayed', contacts }).start();
  expect((await ctx.store.campaigns.get(campaignId))?.spec.agent.systemPrompt).toBe('The desk.');
  const other = await program('other');
  await expect(other.campaigns.get(campaignId).progress()).rejects.toMatchObject({ code: 'PATTER_CAMPAIGN_NOT_FOUND' });
  await expect(other.campaigns.get(campaignId).pause()).rejects.toMatchObject({ code: 'PATTER_CAMPAIGN_NOT_FOUND' });
  expect(await other.campaigns.list()).toEqual([]);
  await expect(other.campaign({ name: 'none', contacts }).start()).rejects.toMatchObject({ code: 'PATTER_LINE_NOT_FOUND' });
  const from = '+15005550007';
  await expect(other.campaign({ name: 'none', contacts, from }).start()).rejects.toMatchObject({ code: 'PATTER_CLIENT_NOT_CONNECTED' });
  const reader = await program('acme', ['read', 'campaigns']);
  await expect(reader.campaign({ name: 'read', contacts }).start()).rejects.toMatchObject({ code: 'PATTER_FORBIDDEN' });
  expect(await reader.campaigns.get('relayed').progress()).toMatchObject({ campaignId });
}, 60_000);

test('a schedule is made at the backend, changed, and fires for its tenant, whatever was lost on the way', async () => {
  const id = `nightly-${randomUUID().slice(0, 8)}`;
  schedules.push(id);
  lost = [/schedules$/, /pause$/, /resume$/];
  const nightly = await phone.schedule({ id, cron: '0 3 1 1 *', timezone: 'Europe/Berlin', call: { to: '+12125550171' } });
  expect(lost).toHaveLength(2);
  expect(await nightly.info()).toMatchObject({ id, kind: 'call', paused: false, times: { kind: 'cron', timezone: 'Europe/Berlin' } });
  const known = phone.schedules.get(id);
  await known.pause('holidays');
  expect(await known.info()).toMatchObject({ paused: true, note: 'holidays' });
  await known.resume();
  expect(lost).toEqual([]);
  const fire = (scheduledAt: string) => createScheduleActivities(ctx).fireSchedule({ tenantId: 'acme', scheduleId: id, scheduledAt });
  const now = () => new Date().toISOString();
  const call = await fire(now());
  if (call.kind !== 'call') throw new Error(`no call but ${JSON.stringify(call)}`);
  started.push(call.callId);
  const row = await ctx.store.singles.find(call.callId);
  expect(row?.campaign).toMatchObject({
    tenantId: 'acme',
    spec: { from: [DESK], carrier: 'telnyx', agent: { systemPrompt: 'The desk.' } },
  });

  names.push('weekly');
  const agent = phone.agent({ systemPrompt: 'You greet {first_name}.' });
  const contacts = [{ phone: '(212) 555-0172', firstName: 'Ada' }, { phone: 'nonsense' }];
  await phone.schedule({ id, every: '7d', campaign: { name: 'weekly', agent, contacts } });
  expect((await phone.schedules.list()).map((one) => [one.id, one.kind, one.times])).toEqual([
    [id, 'campaign', { kind: 'every', everyMs: 604_800_000 }],
  ]);
  const campaign = await fire(now());
  if (campaign.kind !== 'campaign') throw new Error(`no campaign but ${JSON.stringify(campaign)}`);
  const progress = await phone.campaigns.get(campaign.campaignId).progress();
  names.push(progress.name);
  expect(progress).toMatchObject({ name: expect.stringMatching(/^weekly-/), contacts: { total: 1, rejected: 1 } });

  const other = await program('other');
  await expect(other.schedules.get(id).info()).rejects.toMatchObject({ code: 'PATTER_SCHEDULE_NOT_FOUND' });
  expect(await other.schedules.list()).toEqual([]);
  await other.schedules.get(id).delete();
  await expect(phone.schedule({ id: 'late', at: new Date(0), call: { to: '+12125550171' } })).rejects.toMatchObject({
    code: 'PATTER_REQUEST_INVALID',
    message: expect.stringContaining('is over'),
  });
  await known.delete();
  await known.delete();
  await expect(known.info()).rejects.toMatchObject({ code: 'PATTER_SCHEDULE_NOT_FOUND' });
}, 60_000);

test('result() waits for the end over lost answers, and ends with disconnect()', async () => {
  const waiting = await program('acme');
  const campaign = waiting.campaigns.get('relayed');
  const { campaignId } = await campaign.progress();
  await expect(campaign.result({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'PATTER_RESULT_TIMEOUT' });
  lost = [/relayed$/, /report$/];
  const seen = jest.fn();
  const done = (async () => {
    for await (const { final } of campaign.watch({ intervalMs: 20 })) seen(final);
  })();
  const result = campaign.result();
  await ctx.store.contacts.closeRemaining(campaignId, 'canceled', new Date());
  await ctx.store.campaigns.finish(campaignId, 'canceled', new Date());
  await done;
  expect(seen).toHaveBeenLastCalledWith(true);
  expect(await result).toMatchObject({ campaignId, state: 'canceled', outcomes: { canceled: 1 } });
  expect(lost).toEqual([]);
  const never = waiting.campaigns.get('streamed').result();
  never.catch(() => undefined);
  await waiting.disconnect();
  await expect(never).rejects.toMatchObject({ name: 'PatterConnectionError' });
}, 60_000);
