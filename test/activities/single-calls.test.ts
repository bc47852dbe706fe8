/** The dial, the settlement and the sweeper of calls that belong to no campaign. */
import { randomUUID } from 'node:crypto';
import { createActivities } from '../../activities';
import { agentSchema } from '../../contracts/agent';
import { callbacksWorkflowId } from '../../contracts/callbacks';
import { systemClock } from '../../contracts/clock';
import { lineFileSchema } from '../../contracts/line';
import { getCall } from '../../control/calls/get-call';
import { type PlaceCallRequest, placeCall } from '../../control/calls/place-call';
import type { ControlContext } from '../../control/context';
import { callOf } from '../../store/call-of';
import { settlementFor } from '../store/fixtures';
import { openTestActivities, registerGateway, type TestActivities } from './context';

const FROM = '+15005550006';
const PLAIN = agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'You call {first_name}.' });
/** What the prompt asks for. */
const NAMED = { first_name: 'Ada' };
let t: TestActivities;
let ctx: ControlContext;
let lastNumber = 0;

beforeAll(async () => {
  t = await openTestActivities({});
  ctx = t.ctx;
  await registerGateway(t.ctx);
}, 180_000);
afterAll(() => t.close());

async function place(over: Partial<PlaceCallRequest> = {}) {
  const to = `+1212555${1000 + ++lastNumber}`;
  const { callId } = await placeCall(ctx, { to, from: FROM, agent: PLAIN, variables: NAMED, ...over });
  const { campaign, contact } = (await ctx.store.singles.find(callId))!;
  const { tenantId, campaignId, contactId } = contact;
  return { callId, to: contact.phone, campaign, contact, input: { tenantId, campaignId, contactId, callId } };
}
const dial = (input: Awaited<ReturnType<typeof place>>['input']) => t.inActivity(() => t.activities.dial(input));
const stored = async (callId: string) => (await ctx.store.singles.find(callId))!;
const terminate = (callId: string) => ctx.temporal.workflow.getHandle(callId).terminate('lost');
test('a call is dialled with what was asked for, and its end closes everything', async () => {
  const { callId, contact, input, to } = await place({
    variables: { 'First Name': 'Ada' },
    customParams: { orderId: '77' },
    metadata: { crm: 'x1' },
  });
  const dialed = await dial(input);
  expect(dialed).toMatchObject({
    kind: 'placed',
    setup: { to, from: FROM, agent: { systemPrompt: 'You call Ada.' }, customParams: { orderId: '77' } },
  });
  await t.activities.settleCall(settlementFor(contact, { outcome: 'busy', callId }));
  expect((await stored(callId)).campaign).toMatchObject({ state: 'completed', endedAt: expect.any(Date) });
  expect(await getCall(ctx, callId)).toMatchObject({
    ...{ status: 'ended', outcome: 'busy', kind: 'single', to, from: FROM, postCallDone: true },
    ...{ customParams: { orderId: '77' }, metadata: { crm: 'x1' } },
  });
  await terminate(callId);
});

test('whoever is on the do-not-call list is not called, and the record says why', async () => {
  const { callId, input, to } = await place();
  await ctx.store.suppressions.add({ tenantId: 'default', phone: to, source: 'voice', reason: 'never again', now: new Date() });
  expect(await dial(input)).toMatchObject({ kind: 'refused', outcome: 'skipped', consumed: false });
  expect(await getCall(ctx, callId)).toMatchObject({
    status: 'ended',
    outcome: 'skipped',
    reason: expect.stringContaining('suppressed: on the do-not-call list'),
  });
  expect((await stored(callId)).campaign.endedAt).not.toBeNull();
  expect((await ctx.store.attempts.get(callId))?.verdict).toMatchObject({ decision: 'skip', rule: 'suppressed' });
  await terminate(callId);
});

test('a call from a number that became another tenant’s after it was placed rings nobody, and says why', async () => {
  const from = FROM;
  const agent = { ...PLAIN, systemPrompt: 'You call.' };
  const { callId, input } = await place({ tenantId: 'beta', from, agent });
  const line = lineFileSchema.parse({ name: 'taken', number: from, agent: PLAIN });
  await ctx.store.lines.set({ tenantId: 'alpha', line, now: new Date() });
  expect(await dial(input)).toMatchObject({ kind: 'refused', outcome: 'skipped', consumed: false });
  expect(await getCall(ctx, callId, 'beta')).toMatchObject({ status: 'ended', reason: expect.stringContaining('another tenant') });
  expect((await ctx.store.attempts.get(callId))?.verdict).toMatchObject({ decision: 'skip', rule: 'caller_id' });
  // Its owner calls from it, and so does the operator.
  for (const tenantId of ['alpha', 'default']) {
    const owned = await place({ tenantId, from, agent });
    expect(await dial(owned.input)).toMatchObject({ kind: 'placed' });
    await t.activities.settleCall(settlementFor(owned.contact, { callId: owned.callId }));
    await terminate(owned.callId);
  }
  await ctx.store.lines.remove('alpha', from, new Date());
  await terminate(callId);
});

test('a second call to a number that is on the phone is an outcome, and is not waited for', async () => {
  const first = await place();
  const second = await place({ to: first.to });
  await dial(first.input);
  expect(await dial(second.input)).toMatchObject({ kind: 'refused', outcome: 'skipped', reason: expect.stringContaining('number_in_use') });
  expect((await stored(first.callId)).campaign.endedAt).toBeNull();
  await t.activities.settleCall(settlementFor(first.contact));
  await Promise.all([terminate(first.callId), terminate(second.callId)]);
});

test('an app’s call goes to a gateway of that app, also when that one is only just starting', async () => {
  const agent = { ...PLAIN, code: 'shop/seller' };
  const { input, contact, callId } = await place({ agent });
  const dialing = dial(input);
  await ctx.store.gateways.renew(
    {
      gatewayId: 'shop-gw',
      publicUrl: 'http://127.0.0.1:8',
      internalUrl: 'http://127.0.0.1:8',
      maxCalls: 9,
      activeCalls: 0,
      draining: false,
      app: 'shop',
    },
    new Date(Date.now() + 3_600_000),
  );
  expect(await dialing).toMatchObject({ kind: 'placed', gatewayId: 'shop-gw' });
  await t.activities.settleCall(settlementFor(contact));
  await terminate(callId);
});

test('the sweeper starts what its caller could not, and settles what lost its workflow, dialling nobody', async () => {
  const ago = (ms: number) => ({ ...ctx, clock: { ...systemClock, now: () => Date.now() - ms } });
  const placeAgo = async (ms: number) => {
    const to = `+1212555${1000 + ++lastNumber}`;
    const { callId } = await placeCall(ago(ms), { to, from: FROM, agent: PLAIN, variables: NAMED });
    return callId;
  };
  const lostBeforeDial = await placeAgo(60_000);
  await terminate(lostBeforeDial);
  const alive = await placeAgo(60_000);
  const young = await place();
  await terminate(young.callId);

  expect(await t.inActivity(() => t.activities.sweepLines())).toEqual({ settled: 1 });
  expect(await getCall(ctx, lostBeforeDial)).toMatchObject({ status: 'ended', outcome: 'failed', reason: 'lost before it was dialled' });
  expect((await stored(lostBeforeDial)).campaign.state).toBe('completed');
  expect((await stored(alive)).campaign.endedAt).toBeNull();
  expect((await stored(young.callId)).campaign.endedAt).toBeNull();
  await terminate(alive);
});

test('rows whose process died before the start get their workflow from the sweeper; too old ones an outcome', async () => {
  const neverStarted = async (ms: number) => {
    const created = ctx.store.singles.create;
    const store = {
      ...ctx.store,
      singles: {
        ...ctx.store.singles,
        create: async (call: Parameters<typeof created>[0]) => {
          await created({ ...call, now: new Date(call.now.getTime() - ms) });
          throw new Error('killed');
        },
      },
    };
    // The server is shared by the test files of a run, and ids follow from the keys.
    const idempotencyKey = randomUUID();
    lastNumber++;
    const request = { to: `+1212555${1000 + lastNumber}`, from: FROM, agent: PLAIN, variables: NAMED, idempotencyKey };
    await expect(placeCall({ ...ctx, store }, request)).rejects.toThrow('killed');
    const [found] = (await ctx.store.singles.unfinished(new Date(Date.now() + 1), 500)).filter(
      ({ contact }) => contact.phone === request.to,
    );
    return { callId: callOf(found!.contact) };
  };
  const young = await neverStarted(20_000);
  const old = await neverStarted(3_600_000);
  await t.inActivity(() => t.activities.sweepLines());
  expect((await ctx.temporal.workflow.getHandle(young.callId).describe()).status.name).toBe('RUNNING');
  expect((await stored(young.callId)).contact.status).toBe('claimed');
  expect(await getCall(ctx, old.callId)).toMatchObject({ status: 'ended', outcome: 'failed' });
  await expect(ctx.temporal.workflow.getHandle(old.callId).describe()).rejects.toThrow();
  await terminate(young.callId);
});

test('a dial that waited too long for Postgres’ last word sends nothing: by then the call may have been given up and made anew', async () => {
  const { callId, input, to } = await place();
  let stalledMs = 0;
  const attempts = {
    ...ctx.store.attempts,
    // The answer is right, and comes when its time is over.
    mayStillDial: async (id: string, now: Date) => {
      const may = await t.ctx.store.attempts.mayStillDial(id, now);
      stalledMs = 6_000;
      return may;
    },
  };
  const clock = { ...systemClock, now: () => Date.now() + stalledMs };
  const activities = createActivities({ ...t.ctx, clock, store: { ...t.ctx.store, attempts } });
  expect(await t.inActivity(() => activities.dial(input))).toMatchObject({ kind: 'refused', outcome: 'canceled', consumed: false });
  expect(await t.ctx.carriers.get('twilio')!.listCalls({ to })).toEqual([]);
  expect((await ctx.store.attempts.get(callId))!.state).toBe('not_placed');
  await terminate(callId);
});

test('an app’s call that was settled by a process that died right then is told to the app all the same', async () => {
  const { callId, contact } = await place({ agent: { ...PLAIN, code: 'shop/seller' } });
  await terminate(callId);
  const endedAt = Date.now() - 60_000;
  const next = { kind: 'done', outcome: 'failed' } as const;
  await ctx.store.attempts.settle(settlementFor(contact, { endedAt }), () => ({ next, costMicros: 0, costLines: [] }), new Date(endedAt));
  await t.inActivity(() => t.activities.sweepLines());
  expect((await ctx.temporal.workflow.getHandle(callbacksWorkflowId(callId)).describe()).status.name).toBe('RUNNING');
});

test('an erased person is not in a single call’s row either', async () => {
  const { callId, contact, input, to } = await place({
    agent: { ...PLAIN, systemPrompt: 'Remind Ada Lovelace of her test results.' },
    metadata: { name: 'Ada' },
  });
  await dial(input);
  await t.activities.settleCall(settlementFor(contact));
  await ctx.store.privacy.erasePerson({ tenantId: 'default', phone: to, now: new Date() });
  const { campaign } = await stored(callId);
  expect(JSON.stringify(campaign)).not.toContain('Ada');
  expect(campaign.spec.agent.systemPrompt).toBe('erased');
  await terminate(callId);
});
