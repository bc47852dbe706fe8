/** POST /api/campaigns: what is refused, and to whom, before anybody is called. The rest of it is in test/e2e/dashboard-mcp.test.ts. */
import type { Client } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '../../contracts/clock';
import type { ControlContext } from '../../control/context';
import { createApiKey } from '../../control/keys/api-keys';
import { createControlServer } from '../../control/server';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { openTestStore, type TestStore } from '../store/fixtures';
import { testHome } from '../support/test-home';

let store: TestStore;
let ctx: ControlContext;
let app: FastifyInstance;

beforeAll(async () => {
  store = await openTestStore();
  // Nothing that is refused gets as far as Temporal.
  ctx = {
    ...{ store: store.store, temporal: {} as Client, clock: systemClock, log: createLogger('test', 'silent') },
    config: loadConfig({ PATTER_HOME: testHome() }, testHome()),
  };
  app = createControlServer(ctx, async () => []);
}, 120_000);
afterAll(async () => {
  await app?.close();
  await store.close();
});

const campaign = {
  ...{ name: 'reminders', from: ['+15005550006'] },
  agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You call.' },
};
const contacts = [{ phone: '+12125550101' }];
const post = async (scopes: string[], body: object) => {
  const { secret } = await createApiKey(ctx, { tenantId: 'acme', scopes });
  const headers = { authorization: `Bearer ${secret}` };
  const answer = await app.inject({ method: 'POST', url: '/api/campaigns', payload: body, headers });
  return [answer.statusCode, answer.json().code, answer.json().message];
};

test('a key that may only steer campaigns starts none', async () => {
  expect(await post(['read', 'campaigns'], { campaign, contacts })).toEqual([403, 'PATTER_FORBIDDEN', expect.stringContaining('"calls"')]);
});

test('an agent with code is the operator’s', async () => {
  const withCode = { ...campaign, agent: { ...campaign.agent, code: 'app/agent' } };
  expect(await post(['calls'], { campaign: withCode, contacts })).toEqual([403, 'PATTER_FORBIDDEN', expect.stringContaining('agent.code')]);
});

test('a campaign that is none is told field by field, and reads nothing of the server’s environment', async () => {
  const wrong = { ...campaign, retry: { maxAttempts: 'many' } };
  expect(await post(['calls'], { campaign: wrong, contacts })).toEqual([
    400,
    'PATTER_CAMPAIGN_FILE_INVALID',
    expect.stringContaining('retry.maxAttempts'),
  ]);
  const curious = { ...campaign, agent: { ...campaign.agent, systemPrompt: `Say \${HOME}.` } };
  expect(await post(['calls'], { campaign: curious, contacts })).toEqual([
    400,
    'PATTER_CAMPAIGN_FILE_INVALID',
    expect.stringContaining('HOME'),
  ]);
  expect(await post(['calls'], { campaign })).toEqual([400, 'PATTER_REQUEST_INVALID', expect.stringContaining('contacts')]);
  expect(await ctx.store.campaigns.list('acme')).toEqual([]);
});
