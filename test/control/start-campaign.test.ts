import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { campaignWorkflowId } from '../../contracts/call-id';
import { systemClock } from '../../contracts/clock';
import { controlCampaign } from '../../control/campaigns/control-campaign';
import { type StartOptions, startCampaign } from '../../control/campaigns/start-campaign';
import type { ControlContext } from '../../control/context';
import { createControlServer } from '../../control/server';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { connectTo } from '../../runtime/temporal';
import type { Store } from '../../store/store';
import { campaignFile, openTestStore, type TestStore } from '../store/fixtures';
import { startTestTemporal } from '../support/temporal';

let test_: TestStore;
let ctx: ControlContext;
let folder: string;
let contactsFile: string;
const started: string[] = [];

beforeAll(async () => {
  test_ = await openTestStore();
  folder = await mkdtemp(join(tmpdir(), 'patter-start-'));
  contactsFile = join(folder, 'contacts.csv');
  await writeFile(contactsFile, 'phone,first_name\n+12125550101,Ada\n212 555 0101,Ada\n+12125550102,Ben\n');
  const server = await startTestTemporal();
  const connection = await connectTo(server.address);
  const config = {
    ...loadConfig({ PATTER_HOME: folder, PATTER_TASK_QUEUE: server.taskQueue }, folder),
    TEMPORAL_NAMESPACE: server.namespace,
  };
  ctx = {
    config,
    store: test_.store,
    temporal: new Client({ connection, namespace: server.namespace }),
    clock: systemClock,
    log: createLogger('test', 'silent'),
  };
}, 180_000);
afterAll(async () => {
  for (const name of started)
    await handleOf(name)
      .terminate('test')
      .catch(() => undefined);
  await ctx?.temporal.connection.close();
  await test_.close();
  await rm(folder, { recursive: true, force: true });
});

const handleOf = (name: string) => ctx.temporal.workflow.getHandle(campaignWorkflowId('default', name));
/** No worker polls the queue: the workflows stay where they are. */
function start(spec: StartOptions['spec'], over: Partial<ControlContext> = {}): ReturnType<typeof startCampaign> {
  started.push(spec.name);
  return startCampaign({ ...ctx, ...over }, { spec, contactsFile });
}
/** A store whose campaigns break at one step: what a kill between two lines leaves behind. */
function dyingAt(step: keyof Store['campaigns']): Store {
  const campaigns = new Proxy(ctx.store.campaigns, {
    get: (target, name) =>
      name === step
        ? () => Promise.reject(new Error('killed'))
        : (Reflect.get(target, name) as (...args: unknown[]) => unknown).bind(target),
  });
  return new Proxy(ctx.store, { get: (target, name) => (name === 'campaigns' ? campaigns : Reflect.get(target, name)) });
}

test('a start imports, fixes the end and starts one workflow that carries ids only', async () => {
  const spec = campaignFile({ until: '1h' });
  const { campaign, how, imported } = await start(spec);
  expect(how).toBe('started');
  expect(imported).toMatchObject({ total: 3, imported: 2, duplicates: 1 });
  expect((campaign.endsAt as Date).getTime() - (campaign.startedAt as Date).getTime()).toBe(3_600_000);
  const description = await handleOf(spec.name).describe();
  expect(description).toMatchObject({ type: 'campaign', status: { name: 'RUNNING' }, memo: { campaignId: campaign.campaignId } });
});

test('run again, it attaches: same campaign, same workflow run, same end, nothing imported', async () => {
  const spec = campaignFile({ until: '1h' });
  const first = await start(spec);
  const run = (await handleOf(spec.name).describe()).runId;
  const second = await start(spec);
  expect(second).toEqual({ how: 'attached', notes: [], campaign: first.campaign });
  expect((await handleOf(spec.name).describe()).runId).toBe(run);
});

test('under its key a start is one campaign, killed, changed before anybody was called, and after its end', async () => {
  const spec = campaignFile();
  started.push(spec.name);
  const keyed = (over: object = {}, context: Partial<ControlContext> = {}) =>
    startCampaign({ ...ctx, ...context }, { spec: { ...spec, ...over }, contactsFile, importKey: `june ${spec.name}` });
  await expect(keyed({}, { store: dyingAt('markStarted') })).rejects.toThrow('killed');
  // Nobody was called: what has changed holds, under the same key.
  const first = await keyed({ dialing: { ...spec.dialing, cps: 9 } });
  expect(first).toMatchObject({ how: 'started', campaign: { importKey: `june ${spec.name}`, cps: '9' } });
  await ctx.store.campaigns.finish(first.campaign.campaignId, 'completed', new Date());
  expect(await keyed()).toMatchObject({ how: 'attached', campaign: { campaignId: first.campaign.campaignId, state: 'completed' } });
  await expect(keyed({ name: `${spec.name}-2` })).rejects.toMatchObject({ code: 'PATTER_IDEMPOTENCY_CONFLICT' });
});

test('a file that has changed meanwhile is said to have no effect', async () => {
  const spec = campaignFile();
  await start(spec);
  const again = await start({ ...spec, dialing: { ...spec.dialing, cps: 9 } });
  expect(again).toMatchObject({ how: 'attached', notes: [expect.stringContaining('changed')] });
});

test.each(['recordImport', 'markStarted'] as const)('killed before %s, the next run finishes the same campaign', async (step) => {
  const spec = campaignFile();
  await expect(start(spec, { store: dyingAt(step) })).rejects.toThrow('killed');
  const left = await ctx.store.campaigns.latestByName('default', spec.name);
  await expect(handleOf(spec.name).describe()).rejects.toThrow(WorkflowNotFoundError);
  const { campaign, how, imported } = await start(spec);
  expect(campaign.campaignId).toBe(left?.campaignId);
  expect({ how, imported }).toMatchObject({ how: 'started', imported: { total: 3, imported: 2, duplicates: 1 } });
  expect((await handleOf(spec.name).describe()).status.name).toBe('RUNNING');
});

test('killed between the row and the workflow, the next run starts the workflow with the end that was fixed', async () => {
  const spec = campaignFile({ until: '1h' });
  const { campaign } = await start(spec);
  await handleOf(spec.name).terminate('lost');
  const again = await start(spec);
  expect(again.campaign).toEqual(campaign);
  expect((await handleOf(spec.name).describe()).status.name).toBe('RUNNING');
});

test('two that start at once end with one campaign', async () => {
  const spec = campaignFile();
  const [one, two] = await Promise.all([start(spec), start(spec)]);
  expect(one.campaign.campaignId).toBe(two.campaign.campaignId);
  expect((await ctx.store.campaigns.progress(one.campaign.campaignId)).contacts).toBe(2);
});

test('an end that is over is refused before anything is written', async () => {
  const spec = campaignFile({ until: '2020-01-01T00:00:00Z' });
  await expect(start(spec)).rejects.toMatchObject({ code: 'PATTER_CAMPAIGN_FILE_INVALID' });
  expect(await ctx.store.campaigns.latestByName('default', spec.name)).toBeUndefined();
});

test('a rehearsal is refused where real phones could ring, and moves the window where they cannot', async () => {
  const PATTER_REHEARSE_AT = '2026-07-15T16:00:00Z';
  await expect(start(campaignFile(), { config: { ...ctx.config, PATTER_REHEARSE_AT } })).rejects.toMatchObject({
    code: 'PATTER_REHEARSAL_REFUSED',
  });
  const TWILIO_BASE_URL = 'http://127.0.0.1:1';
  const { campaign } = await start(campaignFile(), { config: { ...ctx.config, PATTER_REHEARSE_AT, TWILIO_BASE_URL } });
  const shown = campaign.createdAt.getTime() + campaign.windowOffsetMs;
  expect(Math.abs(shown - Date.parse(PATTER_REHEARSE_AT))).toBeLessThan(1_000);
});

test('a campaign whose workflow is gone can still be canceled: who waits gets that outcome', async () => {
  const spec = campaignFile();
  const { campaign } = await start(spec);
  await handleOf(spec.name).terminate('lost');
  expect(await controlCampaign(ctx, spec.name, { kind: 'cancel', reason: 'test' })).toMatchObject({
    state: 'canceled',
    endedAt: expect.any(Date),
  });
  expect((await ctx.store.campaigns.progress(campaign.campaignId)).outcomes).toEqual({ canceled: 2 });
  await expect(controlCampaign(ctx, spec.name, { kind: 'resume' })).rejects.toMatchObject({ code: 'PATTER_CAMPAIGN_STATE' });
  const next = await start(spec);
  expect(next.how).toBe('started');
  expect(next.campaign.campaignId).not.toBe(campaign.campaignId);
});

test('a name that is not there is refused with the names that are', async () => {
  await expect(controlCampaign(ctx, 'nobody', { kind: 'resume' })).rejects.toMatchObject({ code: 'PATTER_CAMPAIGN_NOT_FOUND' });
});

describe('REST', () => {
  const token = 'a-token-of-sixteen-or-more';
  const servers: FastifyInstance[] = [];
  const server = (problems: string[] = []) => {
    const app = createControlServer({ ...ctx, config: { ...ctx.config, PATTER_CONTROL_TOKEN: token } }, async () => problems);
    servers.push(app);
    return app;
  };
  afterAll(() => Promise.all(servers.map((app) => app.close())));
  const bearer = { authorization: `Bearer ${token}` };

  test.each([
    ['from another machine', { remoteAddress: '203.0.113.9' }, {}, 401],
    ['from another machine with the token', { remoteAddress: '203.0.113.9' }, bearer, 200],
    ['with a wrong token', { remoteAddress: '127.0.0.1' }, { authorization: 'Bearer wrong' }, 401],
    ['from this machine', { remoteAddress: '127.0.0.1' }, {}, 200],
    ['through a proxy on this machine', { remoteAddress: '127.0.0.1' }, { 'x-forwarded-for': '203.0.113.9' }, 401],
    ['from a page in a browser on this machine', { remoteAddress: '127.0.0.1' }, { origin: 'https://evil.example' }, 401],
    ['by a host name that was rebound to this machine', { remoteAddress: '127.0.0.1' }, { host: 'evil.example' }, 401],
  ])('a request %s', async (_who, from, headers, status) => {
    const response = await server().inject({ method: 'GET', url: '/api/campaigns', ...from, headers: { host: 'localhost', ...headers } });
    expect(response.statusCode).toBe(status);
    if (status === 401) expect(response.json()).toMatchObject({ code: 'PATTER_UNAUTHORIZED' });
  });

  test('campaigns, one of them, and its report, without prompts and secrets', async () => {
    const spec = campaignFile({ postCall: { webhooks: [{ url: 'https://example.com', secret: 'whsec_topsecret' }] } });
    const { campaign } = await start(spec);
    const app = server();
    const get = (url: string) => app.inject({ method: 'GET', url, headers: bearer });
    const list = await get('/api/campaigns');
    expect(list.json().campaigns.map((row: { name: string }) => row.name)).toContain(spec.name);
    expect(list.body).not.toContain('topsecret');
    expect((await get(`/api/campaigns/${spec.name}`)).json()).toMatchObject({
      campaignId: campaign.campaignId,
      progress: { contacts: 2, waiting: 2 },
    });
    expect((await get(`/api/campaigns/${campaign.campaignId}/report`)).json()).toMatchObject({
      name: spec.name,
      contacts: { imported: 2 },
    });
    expect((await get('/api/campaigns/nobody')).statusCode).toBe(404);
    expect((await get('/metrics')).body).toContain(`patter_campaign_contacts{campaign="${campaign.campaignId}",state="waiting"} 2`);
  });

  test('an edit with a wrong field is refused with its name', async () => {
    const response = await server().inject({ method: 'POST', url: '/api/campaigns/x/edit', headers: bearer, payload: { cps: -1 } });
    expect(response.statusCode).toBe(400);
    expect(response.json().message).toContain('cps');
  });

  test('health is open to everybody, readiness names the problems', async () => {
    const from = { remoteAddress: '203.0.113.9' };
    expect((await server().inject({ method: 'GET', url: '/healthz', ...from })).statusCode).toBe(200);
    const ready = await server(['Postgres: gone']).inject({ method: 'GET', url: '/readyz', ...from });
    expect(ready.statusCode).toBe(503);
    expect(ready.json()).toEqual({ ok: false, problems: ['Postgres: gone'] });
  });
});
