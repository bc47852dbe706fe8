import { type AddressInfo, connect, createServer } from 'node:net';
import type { ApplicationFailure } from '@temporalio/activity';
import { Webhook } from 'standardwebhooks';
import { createActivities } from '../../activities';
import { createDeliverCallWebhook } from '../../activities/post-call/deliver-webhook';
import type { CallSettlement } from '../../contracts/activities';
import { GuardedFetch } from '../../runtime/guarded-fetch';
import { callOf } from '../../store/call-of';
import { openStore } from '../../store/open';
import type { ContactRow } from '../../store/store';
import { allowUnlessInUse, campaignWith, claimOne, done, intentFor, later, NOW, retryAt, settlementFor } from '../store/fixtures';
import { openTestActivities, type TestActivities } from './context';
import { type HttpReceiver, startReceiver } from './http-receiver';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;
const TURNS: CallSettlement['turns'] = [
  { role: 'assistant', text: 'Hi Ann, does Tuesday suit you?', at: 1, interrupted: true },
  { role: 'user', text: 'Yes, Tuesday at nine.', at: 2 },
];
const SCHEMA = {
  type: 'object',
  properties: { confirmed: { type: 'boolean' }, time: { type: 'string' } },
  required: ['confirmed', 'time'],
  additionalProperties: false,
};

let t: TestActivities;
let receiver: HttpReceiver;
let openai: HttpReceiver;
let statuses: number[] = [];
let answers: { status: number; body: unknown; headers?: Record<string, string> }[] = [];

const completion = (content: string) => ({
  status: 200,
  body: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content, refusal: null } }],
    usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100, prompt_tokens_details: { cached_tokens: 400 } },
  },
});

beforeAll(async () => {
  receiver = await startReceiver(() => ({ status: statuses.shift() ?? 200, headers: { location: 'http://127.0.0.1:9/elsewhere' } }));
  openai = await startReceiver(() => answers.shift() ?? { status: 500, body: { error: { message: 'no answer was prepared' } } });
  t = await openTestActivities({ env: { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${openai.url}/v1` } });
});
afterAll(async () => {
  await t.close();
  await receiver.close();
  await openai.close();
});
beforeEach(() => {
  statuses = [];
  answers = [];
  receiver.requests.length = 0;
  openai.requests.length = 0;
});

let nextNumber = 5_000_000;

async function endedCall(
  options: { postCall?: object; settlement?: Partial<CallSettlement>; again?: boolean } = {},
): Promise<{ contact: ContactRow; input: { tenantId: string; campaignId: string; contactId: string; callId: string } }> {
  const { store } = t.ctx;
  const campaign = await campaignWith(store, [`+1500${nextNumber++}`], {
    postCall: options.postCall ?? { summary: true, extract: SCHEMA, webhooks: [{ url: `${receiver.url}/crm?token=t`, secret: SECRET }] },
  });
  const contact = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  await store.attempts.settle(
    settlementFor(contact, { turns: TURNS, answeredAt: later(2_000).getTime(), ...options.settlement }),
    options.again ? retryAt(later(60_000), 5_000) : done('completed', 5_000),
    later(10_000),
  );
  const { tenantId, campaignId, contactId } = contact;
  return { contact, input: { tenantId, campaignId, contactId, callId: callOf(contact) } };
}

const failureOf = async (promise: Promise<unknown>): Promise<ApplicationFailure> =>
  promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (error) => error,
  );

describe('plan', () => {
  test('a conversation is summarised, extracted and told; a voicemail is only told', async () => {
    const talked = await endedCall();
    expect(await t.activities.planPostCall(talked.input)).toEqual({ summary: true, extract: true, webhooks: [0] });
    const machine = await endedCall({ settlement: { outcome: 'voicemail' } });
    expect(await t.activities.planPostCall(machine.input)).toEqual({ summary: false, extract: false, webhooks: [0] });
    const silent = await endedCall({ settlement: { turns: TURNS.slice(0, 1) } });
    expect(await t.activities.planPostCall(silent.input)).toEqual({ summary: false, extract: false, webhooks: [0] });
  });

  test('a call that was taken back before it rang is nobody’s business', async () => {
    const { input } = await endedCall({ settlement: { outcome: 'canceled', consumed: false, turns: [] }, again: true });
    expect(await t.activities.planPostCall(input)).toEqual({ summary: false, extract: false, webhooks: [] });
  });
});

describe('summary and extraction', () => {
  test('both are saved and paid for once, however often the steps are repeated', async () => {
    const { input } = await endedCall();
    answers = [completion(' Ann confirmed Tuesday at nine. '), completion('{"confirmed":true,"time":"Tuesday 9:00"}')];
    for (let run = 0; run < 2; run++) {
      await t.inActivity(() => t.activities.summarizeCall(input));
      await t.inActivity(() => t.activities.extractFromCall(input));
    }
    const call = (await t.ctx.store.attempts.get(input.callId))!;
    expect(call.summary).toBe('Ann confirmed Tuesday at nine.');
    expect(call.extraction).toEqual({ confirmed: true, time: 'Tuesday 9:00' });
    // 600 tokens at $0.15, 400 cached at $0.075 and 100 at $0.60 a million: 180 micro-dollars each.
    expect(call.costMicros).toBe(5_000 + 2 * 180);
    expect(await t.ctx.store.campaigns.spentMicros(input.campaignId)).toBe(call.costMicros);
    const [summary, extraction] = openai.requests.map((request) => JSON.parse(request.body));
    expect(openai.requests).toHaveLength(2);
    expect(summary.messages[1].content).toBe('Agent: Hi Ann, does Tuesday suit you? [interrupted]\nCallee: Yes, Tuesday at nine.');
    expect(extraction.response_format).toEqual({ type: 'json_schema', json_schema: { name: 'extraction', schema: SCHEMA, strict: true } });
  });

  test('a step that died after the model answered pays once when it is repeated', async () => {
    const { input } = await endedCall();
    answers = [completion('first'), completion('second')];
    // The first run's answer was paid for, and its process died before the summary was saved.
    const { saveSummary } = t.ctx.store.attempts;
    t.ctx.store.attempts.saveSummary = async () => {
      throw new Error('killed');
    };
    await expect(t.inActivity(() => t.activities.summarizeCall(input))).rejects.toThrow('killed');
    t.ctx.store.attempts.saveSummary = saveSummary;
    await t.inActivity(() => t.activities.summarizeCall(input));
    expect(await t.ctx.store.attempts.get(input.callId)).toMatchObject({ summary: 'second', costMicros: 5_180 });
  });

  test.each([
    [429, false],
    [500, false],
    [401, true],
    [400, true],
  ])('the vendor’s %i is given up at once: %s', async (status, final) => {
    const { input } = await endedCall();
    answers = [{ status, body: { error: { message: 'no', type: 't', code: 'c', param: null } } }];
    const failure = await failureOf(t.inActivity(() => t.activities.summarizeCall(input)));
    expect(failure).toMatchObject({ type: 'PATTER_PROVIDER_FAILED', nonRetryable: final });
    // No retry of its own: Temporal's is the only one.
    expect(openai.requests).toHaveLength(1);
  });

  test.each([
    ['not JSON', 'confirmed'],
    ['no object', '[true]'],
    ['not what the schema says', '{"confirmed":"perhaps","time":"9"}'],
  ])('an extraction that is %s is asked for again, not stored', async (_, text) => {
    const { input } = await endedCall();
    answers = [completion(text)];
    const failure = await failureOf(t.inActivity(() => t.activities.extractFromCall(input)));
    expect(failure).toMatchObject({ type: 'PATTER_PROVIDER_FAILED', nonRetryable: false });
    expect((await t.ctx.store.attempts.get(input.callId))!.extraction).toBeNull();
  });
});

describe('call.ended', () => {
  const deliver = (input: Parameters<typeof t.activities.planPostCall>[0]) =>
    t.inActivity(() => t.activities.deliverCallWebhook({ ...input, webhook: 0 }));

  test('is signed by Standard Webhooks, tells the call and its contact’s outcome, and has the same id and body at every try', async () => {
    const { contact, input } = await endedCall();
    await t.ctx.store.attempts.saveSummary(input.callId, 'Ann confirmed.');
    statuses = [503, 200];
    expect(await failureOf(deliver(input))).toMatchObject({ code: 'PATTER_WEBHOOK_FAILED' });
    await deliver(input);
    const [first, second] = receiver.requests;
    const verified = new Webhook(SECRET).verify(second!.body, second!.headers as Record<string, string>);
    expect(verified).toEqual({
      type: 'call.ended',
      timestamp: later(10_000).toISOString(),
      data: {
        campaignId: contact.campaignId,
        campaign: expect.any(String),
        contactId: contact.contactId,
        phone: contact.phone,
        variables: contact.variables,
        direction: 'outbound',
        callId: input.callId,
        carrierCallId: null,
        attempt: 1,
        outcome: 'completed',
        answeredBy: 'human',
        startedAt: NOW.toISOString(),
        answeredAt: later(2_000).toISOString(),
        endedAt: later(10_000).toISOString(),
        transcript: [
          { role: 'assistant', text: 'Hi Ann, does Tuesday suit you?', interrupted: true },
          { role: 'user', text: 'Yes, Tuesday at nine.' },
        ],
        summary: 'Ann confirmed.',
        costUsd: 0.005,
        costEstimated: false,
        contactOutcome: 'completed',
        nextAttemptAt: null,
      },
    });
    expect(first!.headers['webhook-id']).toBe(second!.headers['webhook-id']);
    expect(first!.body).toBe(second!.body);
    expect(second!.path).toBe('/crm?token=t');
  });

  test('of a call that will be repeated says when, and gives no outcome of the contact', async () => {
    const { input } = await endedCall({ settlement: { outcome: 'busy' }, again: true });
    await deliver(input);
    expect(JSON.parse(receiver.requests[0]!.body).data).toMatchObject({
      outcome: 'busy',
      contactOutcome: null,
      nextAttemptAt: later(60_000).toISOString(),
    });
  });

  test('without a secret is sent unsigned', async () => {
    const { input } = await endedCall({ postCall: { webhooks: [{ url: receiver.url }] } });
    await deliver(input);
    expect(receiver.requests[0]!.headers).not.toHaveProperty('webhook-signature');
  });

  test.each([400, 401, 404, 410, 422, 302])('answered with %i is not sent again', async (status) => {
    const { input } = await endedCall();
    statuses = [status];
    const failure = await failureOf(deliver(input));
    expect(failure).toMatchObject({ type: 'PATTER_WEBHOOK_FAILED', nonRetryable: true });
    expect(failure.message).not.toContain('token');
    expect(receiver.requests).toHaveLength(1);
  });

  test.each([408, 409, 425, 429, 500, 502, 503])('answered with %i is sent again', async (status) => {
    const { input } = await endedCall();
    statuses = [status];
    const failure = await failureOf(deliver(input));
    expect(failure).not.toHaveProperty('nonRetryable', true);
    expect(failure).toMatchObject({ code: 'PATTER_WEBHOOK_FAILED', details: { status } });
  });

  test('that reaches nobody is sent again', async () => {
    const gone = await startReceiver(() => ({ status: 200 }));
    await gone.close();
    const { input } = await endedCall({ postCall: { webhooks: [{ url: gone.url }] } });
    expect(await failureOf(deliver(input))).toMatchObject({ code: 'PATTER_WEBHOOK_FAILED' });
  });

  test('to an address that is not allowed is given up, and nobody is asked', async () => {
    const strict = createActivities({ ...t.ctx, config: { ...t.ctx.config, PATTER_ALLOW_PRIVATE_WEBHOOKS: false } });
    const { input } = await endedCall();
    const failure = await failureOf(t.inActivity(() => strict.deliverCallWebhook({ ...input, webhook: 0 })));
    expect(failure).toMatchObject({ type: 'PATTER_URL_FORBIDDEN', nonRetryable: true });
    expect(receiver.requests).toEqual([]);
  });

  test('bug: a database that was away for half a minute made a receiver wait for its webhook as if it had been down itself', async () => {
    const { input } = await endedCall();
    const url = new URL(t.databaseUrl);
    const real = { host: url.hostname, port: Number(url.port) };
    const way = createServer((near) => {
      const far = connect(real);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on('error', () => undefined);
        from.on('close', () => to.destroy());
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
    const { port } = way.address() as AddressInfo;
    await new Promise((resolve) => way.close(resolve));
    Object.assign(url, { hostname: '127.0.0.1', port: String(port) });
    const store = openStore(url.href);
    const fetch = new GuardedFetch({ allowPrivate: true });
    try {
      const impatient = createDeliverCallWebhook({ ...t.ctx, store }, fetch, 0);
      expect(await failureOf(t.inActivity(() => impatient({ ...input, webhook: 0 })))).toMatchObject({
        type: 'PATTER_POSTGRES_UNAVAILABLE',
        nextRetryDelay: '1s',
      });
      const delivering = t.inActivity(() => createDeliverCallWebhook({ ...t.ctx, store }, fetch)({ ...input, webhook: 0 }));
      await new Promise<void>((resolve) => way.listen(port, '127.0.0.1', resolve));
      await delivering;
      expect(receiver.requests).toHaveLength(1);
    } finally {
      await store.close();
      way.close();
    }
  }, 40_000);

  test('of a call that is not there is given up', async () => {
    const { input } = await endedCall();
    expect(await failureOf(deliver({ ...input, callId: 'call_none' }))).toMatchObject({
      type: 'PATTER_CALL_NOT_FOUND',
      nonRetryable: true,
    });
  });
});

describe('contact.ended', () => {
  test('tells of contacts that no call could tell of, once, and goes on after a failure where it stopped', async () => {
    const { store } = t.ctx;
    const campaign = await campaignWith(
      store,
      Array.from({ length: 5 }, () => `+1500${nextNumber++}`),
      { postCall: { webhooks: [{ url: receiver.url, secret: SECRET }] } },
    );
    const skipped = await claimOne(store, campaign);
    await store.attempts.openIntent(intentFor(skipped), () => ({
      verdict: { decision: 'skip', rule: 'suppressed', reason: 'on the list' },
    }));
    const called = await claimOne(store, campaign);
    await store.attempts.openIntent(intentFor(called), allowUnlessInUse);
    await store.attempts.settle(settlementFor(called), done(), later(1));
    await store.contacts.closeRemaining(campaign.campaignId, 'expired', later(2));

    statuses = [200, 500];
    const deliver = () => t.inActivity(() => t.activities.deliverContactOutcomes({ campaignId: campaign.campaignId }));
    await expect(deliver()).rejects.toMatchObject({ code: 'PATTER_WEBHOOK_FAILED' });
    expect(await deliver()).toEqual({ delivered: 1 });
    expect(await deliver()).toEqual({ delivered: 0 });

    const events = receiver.requests.map((request) => new Webhook(SECRET).verify(request.body, request.headers as Record<string, string>));
    const told = new Map(events.map((event) => [(event as { data: { contactId: string } }).data.contactId, event]));
    expect(told.size).toBe(4);
    expect(told.has(called.contactId)).toBe(false);
    expect(told.get(skipped.contactId)).toMatchObject({
      type: 'contact.ended',
      data: { outcome: 'skipped', reason: 'suppressed', attempts: 0 },
    });
    const ids = receiver.requests.map((request) => request.headers['webhook-id']);
    expect(new Set(ids).size).toBe(4);
    expect(ids).toHaveLength(5);
  });

  test('a receiver that refuses one outcome for good does not hold up the others', async () => {
    const { store } = t.ctx;
    const campaign = await campaignWith(store, [`+1500${nextNumber++}`, `+1500${nextNumber++}`], {
      postCall: { webhooks: [{ url: receiver.url }] },
    });
    await store.contacts.closeRemaining(campaign.campaignId, 'canceled', later(2));
    statuses = [410];
    expect(await t.inActivity(() => t.activities.deliverContactOutcomes({ campaignId: campaign.campaignId }))).toEqual({ delivered: 2 });
  });
});
