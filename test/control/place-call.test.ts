/** Placing a call, killed between any two lines and repeated: real Postgres, real Temporal, no worker, so that every workflow stays where it is. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import type { CallOrder } from '../../contracts/call';
import { systemClock } from '../../contracts/clock';
import { commandCall } from '../../control/calls/command-call';
import { getCall } from '../../control/calls/get-call';
import { listCalls } from '../../control/calls/list-calls';
import { checkedCall, type PlaceCallRequest, placeCall } from '../../control/calls/place-call';
import { callResult } from '../../control/calls/watch-call';
import type { ControlContext } from '../../control/context';
import { createControlServer } from '../../control/server';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { connectTo } from '../../runtime/temporal';
import type { Store } from '../../store/store';
import { openTestStore, type TestStore } from '../store/fixtures';
import { startTestTemporal } from '../support/temporal';

let test_: TestStore;
let ctx: ControlContext;
let folder: string;
const placed = new Set<string>();
let lastKey = 0;
/** The server is shared by the test files of a run, and ids follow from the keys. */
const RUN = randomUUID();

beforeAll(async () => {
  test_ = await openTestStore();
  folder = await mkdtemp(join(tmpdir(), 'patter-place-'));
  const server = await startTestTemporal();
  const connection = await connectTo(server.address);
  ctx = {
    config: {
      ...loadConfig(
        { PATTER_HOME: folder, PATTER_TASK_QUEUE: server.taskQueue, PATTER_CONTROL_TOKEN: 'a-secret-token-for-the-test' },
        folder,
      ),
      TEMPORAL_NAMESPACE: server.namespace,
    },
    store: test_.store,
    temporal: new Client({ connection, namespace: server.namespace }),
    clock: systemClock,
    log: createLogger('test', 'silent'),
  };
}, 180_000);
afterAll(async () => {
  for (const callId of placed)
    await handleOf(callId)
      .terminate('test')
      .catch(() => undefined);
  await ctx?.temporal.connection.close();
  await test_.close();
  await rm(folder, { recursive: true, force: true });
});

const handleOf = (callId: string) => ctx.temporal.workflow.getHandle(callId);
const request = (over: Partial<PlaceCallRequest> = {}): PlaceCallRequest => ({
  to: '+12125550101',
  from: '+15005550006',
  agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You call about a secret diagnosis.' },
  idempotencyKey: `${RUN}-${++lastKey}`,
  ...over,
});
async function place(over: PlaceCallRequest, context: Partial<ControlContext> = {}) {
  const result = await placeCall({ ...ctx, ...context }, over);
  placed.add(result.callId);
  return result;
}

type Step = { when: string; context(): Partial<ControlContext> };
const killed = () => Promise.reject(new Error('killed'));
const withSingles = (over: Partial<Store['singles']>): Partial<ControlContext> => ({
  store: { ...ctx.store, singles: { ...ctx.store.singles, ...over } },
});
let leaps = 0;
const withTemporal = (name: 'workflow', over: object): Partial<ControlContext> => ({
  // A killed process does not try again: its time is up at once.
  clock: { ...systemClock, monotonic: () => 60_000 * ++leaps },
  temporal: new Proxy(ctx.temporal, {
    get: (target, key) => {
      const value = Reflect.get(target, key) as object;
      if (key === name) return new Proxy(value, { get: (part, method) => Reflect.get({ ...over }, method) ?? Reflect.get(part, method) });
      return typeof value === 'function' ? (value as CallableFunction).bind(target) : value;
    },
  }),
});

const STEPS: Step[] = [
  { when: 'before anything is written', context: () => withSingles({ create: killed }) },
  {
    when: 'after the rows, whose commit is not heard of',
    context: () => withSingles({ create: (call) => ctx.store.singles.create(call).then(killed) }),
  },
  { when: 'before the workflow is started', context: () => withTemporal('workflow', { start: killed }) },
  {
    when: 'after the workflow has started, without an answer',
    context: () =>
      withTemporal('workflow', {
        start: async (type: string, options: never) => {
          await ctx.temporal.workflow.start(type, options);
          return killed();
        },
      }),
  },
];

test.each(STEPS)('killed $when, the repetition ends with one call', async ({ context }) => {
  const asked = request();
  await expect(place(asked, context())).rejects.toThrow();
  const { callId } = await place(asked);
  expect(await place(asked)).toEqual({ callId, existing: true, notes: [] });
  const description = await handleOf(callId).describe();
  expect(description).toMatchObject({ type: 'call', status: { name: 'RUNNING' } });
  const single = (await ctx.store.singles.find(callId))!;
  expect(single.contact).toMatchObject({ phone: asked.to, status: 'claimed', sequence: 1 });
  expect((await ctx.store.campaigns.progress(single.campaign.campaignId)).contacts).toBe(1);
});

test('asked for by many at once, it is one call', async () => {
  const asked = request();
  const all = await Promise.all(Array.from({ length: 8 }, () => place(asked)));
  expect(new Set(all.map(({ callId }) => callId)).size).toBe(1);
  expect(all.filter(({ existing }) => !existing)).toHaveLength(1);
});

test('the workflow is told ids alone', async () => {
  const { callId } = await place(request({ variables: { name: 'Ada' }, to: '+12125550123' }));
  const history = JSON.stringify(await handleOf(callId).fetchHistory(), (_key, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  );
  expect(history).toContain(callId);
  expect(history).not.toMatch(/2125550123|Ada|diagnosis/);
});

test('without a key nobody can ask again: a start that fails takes the call back, and a start that came through all the same calls nobody', async () => {
  const calls: string[] = [];
  const context = withTemporal('workflow', {
    start: async (type: string, options: { workflowId: string }) => {
      calls.push(options.workflowId);
      await ctx.temporal.workflow.start(type, options as never);
      return killed();
    },
  });
  await expect(place(request({ idempotencyKey: undefined }), context)).rejects.toMatchObject({ code: 'PATTER_TEMPORAL_UNAVAILABLE' });
  const [callId = ''] = calls;
  placed.add(callId);
  expect(await getCall(ctx, callId)).toMatchObject({ status: 'ended', outcome: 'canceled', turns: [] });
  const { contact } = (await ctx.store.singles.find(callId))!;
  const { tenantId, campaignId, contactId } = contact;
  const now = new Date();
  const intent = {
    tenantId,
    campaignId,
    contactId,
    callId,
    fromNumber: '+15005550006',
    carrier: 'twilio',
    now,
    dialBy: now,
    deadline: now,
  };
  const judge = jest.fn();
  expect((await ctx.store.attempts.openIntent(intent, judge)).attempt).toBeUndefined();
  expect(judge).not.toHaveBeenCalled();
});

test('one key for calls between other numbers is refused', async () => {
  const asked = request();
  await place(asked);
  await expect(place({ ...asked, to: '+12125550199' })).rejects.toMatchObject({ code: 'PATTER_IDEMPOTENCY_CONFLICT' });
});

test('a number is checked for its form and nothing else; every other problem is named', async () => {
  await expect(place(request({ to: '+1234567890' }))).resolves.toMatchObject({ existing: false });
  const wrong = request({ to: '2125550101', voicemailMessage: 7 as never });
  await expect(place(wrong)).rejects.toMatchObject({
    code: 'PATTER_REQUEST_INVALID',
    message: expect.stringMatching(/to: write the number in E\.164.*voicemailMessage/),
  });
});

const PLAIN = { engine: { type: 'openai-realtime' }, systemPrompt: 'x' } as const;

test.each<[string, Partial<PlaceCallRequest>]>([
  ['agent.systemPrompt', { agent: { ...PLAIN, systemPrompt: 'You call {nick}.' } }],
  ['agent.firstMessage', { agent: { ...PLAIN, firstMessage: 'Hi {nick}.' } }],
  ['agent.disclosure', { agent: { ...PLAIN, disclosure: 'An AI, {nick}.' } }],
  ['agent.turns.idle.prompts.0', { agent: { ...PLAIN, turns: { idle: { prompts: ['Are you there, {nick}?'] } } } }],
  ['agent.turns.idle.goodbye', { agent: { ...PLAIN, turns: { idle: { goodbye: 'Bye, {nick}.' } } } }],
  ['agent.turns.fillers.phrases.0', { agent: { ...PLAIN, turns: { fillers: { phrases: ['One moment, {nick}.'] } } } }],
  [
    'agent.guardrails.0.replacement',
    { agent: { ...PLAIN, guardrails: [{ name: 'g', blockedTerms: ['sue'], replacement: 'No, {nick}.' }] } },
  ],
  ['voicemailMessage', { voicemailMessage: 'Call back, {nick}.' }],
  ['answering.screening', { answering: { screening: 'For {nick}.' } }],
  ['recording.consent', { recording: { consent: 'Recorded, {nick}.' } }],
  ['transfer.whisper', { transfer: { to: ['+15005550009'], whisper: 'It is {nick}.' } }],
])('a placeholder of %s that nothing fills is told by its field before anything is written', (field, over) => {
  const asked = request(over);
  let told: unknown;
  try {
    checkedCall(asked);
  } catch (error) {
    told = error;
  }
  expect(told).toMatchObject({
    code: 'PATTER_REQUEST_INVALID',
    message: `The call cannot be placed: ${field}: {nick} has no value: give one in variables.`,
  });
  for (const filled of [{ variables: { nick: 'Jo' } }, { customParams: { nick: 'Jo' } }]) {
    expect(checkedCall({ ...asked, ...filled })).toMatchObject(filled);
  }
  expect(checkedCall({ ...asked, agent: { ...asked.agent, variables: { nick: 'Jo' } } }).to).toBe(asked.to);
});

test('a call that goes out may have the texts of those that come in, where their placeholders become nothing', () => {
  const agent = { ...PLAIN, systemPrompt: 'You talk to {caller}, who called {called}.' };
  const transfer = { to: ['+15005550009'], mode: 'warm' as const, whisper: '{caller_name} is on the line' };
  expect(checkedCall(request({ agent, transfer }))).toMatchObject({ agent, transfer });
});

test.each(['variables', 'customParams'] as const)('a value of %s has 500 characters at most', (field) => {
  const of = (length: number) => request({ [field]: { note: 'x'.repeat(length) } });
  expect(checkedCall(of(500))[field].note).toHaveLength(500);
  expect(() => checkedCall(of(501))).toThrow(`${field}.note: a variable has at most 500 characters`);
});

test('what a phone rings for, and who picks up, is as it was asked', async () => {
  const specOf = async (over: Partial<PlaceCallRequest>) => {
    const { callId } = await place(request(over));
    const { campaign } = (await ctx.store.singles.find(callId))!;
    return { ...campaign.spec.dialing, ...campaign.single };
  };
  expect(await specOf({})).toMatchObject({ ringTimeout: 25_000, carrierRingTimeout: false, machineDetection: false });
  expect(await specOf({ ringTimeoutMs: null })).toMatchObject({ ringTimeout: 60_000, carrierRingTimeout: true });
  expect(await specOf({ voicemailMessage: 'Call back.' })).toMatchObject({ machineDetection: true, voicemailMessage: 'Call back.' });
});

test('tenants share no keys and see nothing of each other', async () => {
  const asked = request();
  const ours = await place(asked);
  const theirs = await place({ ...asked, tenantId: 'other' });
  expect(theirs.callId).not.toBe(ours.callId);
  expect(await getCall(ctx, ours.callId, 'other')).toBeUndefined();
  await expect(commandCall(ctx, ours.callId, { kind: 'hangup' }, { tenantId: 'other' })).rejects.toMatchObject({
    code: 'PATTER_CALL_NOT_FOUND',
  });
  await expect(callResult(ctx, ours.callId, { tenantId: 'other' })).rejects.toMatchObject({ code: 'PATTER_CALL_NOT_FOUND' });
});

describe('over HTTP', () => {
  let app: FastifyInstance;
  beforeAll(() => {
    app = createControlServer(ctx, async () => []);
  });
  afterAll(() => app.close());
  const headers = { authorization: 'Bearer a-secret-token-for-the-test' };
  const inject = (method: 'GET' | 'POST', url: string, payload?: object, more = {}) =>
    app.inject({ method, url, payload, headers: { ...headers, ...more }, remoteAddress: '10.0.0.9' });

  test('a call is placed once for one Idempotency-Key, and can be looked at', async () => {
    const { idempotencyKey: _, ...body } = request();
    const first = await inject('POST', '/api/calls', body, { 'idempotency-key': 'http-1' });
    const again = await inject('POST', '/api/calls', body, { 'idempotency-key': 'http-1' });
    placed.add(first.json().callId);
    expect([first.statusCode, again.statusCode]).toEqual([201, 200]);
    expect(again.json()).toMatchObject({ callId: first.json().callId, existing: true });
  });

  test('a call whose texts have a placeholder without a value is refused by the field, and nothing is placed', async () => {
    const { idempotencyKey: key, ...body } = request({ voicemailMessage: 'Call back, {nick}.' });
    const refused = await inject('POST', '/api/calls', body, { 'idempotency-key': key });
    expect([refused.statusCode, refused.json().code]).toEqual([400, 'PATTER_REQUEST_INVALID']);
    expect(refused.json().message).toContain('voicemailMessage: {nick} has no value');
    const placedNow = await inject('POST', '/api/calls', { ...body, variables: { nick: 'Jo' } }, { 'idempotency-key': key });
    placed.add(placedNow.json().callId);
    expect([placedNow.statusCode, placedNow.json().existing]).toEqual([201, false]);
  });

  test('wrong requests and unknown calls are told apart', async () => {
    const unknown = `call_${'0'.repeat(32)}_1`;
    const answers = await Promise.all([
      inject('POST', '/api/calls', { to: '+12125550101' }),
      inject('GET', `/api/calls/${unknown}`),
      inject('GET', `/api/calls/${unknown}/events`),
      inject('POST', `/api/calls/${unknown}/say`, { text: 'Hello' }),
      inject('POST', `/api/calls/${unknown}/transfer`, { number: 'Bob' }),
      app.inject({ method: 'GET', url: '/api/calls', remoteAddress: '10.0.0.9' }),
    ]);
    expect(answers.map((answer) => [answer.statusCode, answer.json().code])).toEqual([
      [400, 'PATTER_REQUEST_INVALID'],
      [404, 'PATTER_CALL_NOT_FOUND'],
      [404, 'PATTER_CALL_NOT_FOUND'],
      [404, 'PATTER_CALL_NOT_FOUND'],
      [400, 'PATTER_REQUEST_INVALID'],
      [401, 'PATTER_UNAUTHORIZED'],
    ]);
  });
});

test('a list is read page by page, each call once', async () => {
  const judge = () => ({ verdict: { decision: 'skip', rule: 'suppressed', reason: 'test' } }) as const;
  const ended: string[] = [];
  const at = new Date();
  for (let index = 0; index < 5; index++) {
    const { callId } = await place(request({ tenantId: 'pages', to: `+1212555020${index}` }));
    const { contact } = (await ctx.store.singles.find(callId))!;
    const { tenantId, campaignId, contactId } = contact;
    const intent = {
      tenantId,
      campaignId,
      contactId,
      callId,
      fromNumber: '+15005550006',
      carrier: 'twilio',
      now: at,
      dialBy: at,
      deadline: at,
    };
    await ctx.store.attempts.openIntent(intent, judge);
    ended.push(callId);
  }
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await listCalls(ctx, { tenantId: 'pages', limit: 2, cursor });
    expect(page.calls.every(({ outcome, status }) => status === 'ended' && outcome === 'skipped')).toBe(true);
    seen.push(...page.calls.map(({ callId }) => callId));
    if (page.next === undefined) break;
    cursor = page.next;
  }
  expect(seen).toEqual(ended.sort().reverse());
});

test('an order that is none is refused, and one to a call that is over says so', async () => {
  const { callId } = await place(request({ to: '+12125550177' }));
  for (const wrong of [{ kind: 'say', text: ' ' }, { kind: 'transfer', number: 'Bob' }, { kind: 'dance' }]) {
    await expect(commandCall(ctx, callId, wrong as CallOrder)).rejects.toMatchObject({ code: 'PATTER_REQUEST_INVALID' });
  }
  const { contact } = (await ctx.store.singles.find(callId))!;
  await ctx.store.singles.withdraw(contact.contactId, 'test', new Date());
  await handleOf(callId).terminate('test');
  for (const order of [{ kind: 'hangup' }, { kind: 'say', text: 'Hello' }] as const) {
    await expect(commandCall(ctx, callId, order)).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
  }
  await expect(handleOf(`${callId}0`).describe()).rejects.toThrow(WorkflowNotFoundError);
});
