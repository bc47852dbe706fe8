import { CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { startCall } from '../../activities/campaign/start-call';
import type { DispatchCursor } from '../../contracts/activities';
import { estimateCallMicros } from '../../policy/cost';
import { callOf } from '../../store/call-of';
import type { CampaignRow } from '../../store/store';
import { campaignFile, campaignWith } from '../store/fixtures';
import { openTestActivities, registerGateway, type TestActivities, until } from './context';

let t: TestActivities;
beforeAll(async () => {
  t = await openTestActivities({});
  await registerGateway(t.ctx);
});
afterAll(() => t.close());

let nextNumber = 3_000_000;
const phones = (n: number) => Array.from({ length: n }, () => `+1500${nextNumber++}`);
const campaignOf = (n: number, dialing: object) => campaignWith(t.ctx.store, phones(n), { dialing });
const dispatch = (campaign: CampaignRow, env?: MockActivityEnvironment) =>
  t.inActivity(() => t.activities.dispatch({ tenantId: 'default', campaignId: campaign.campaignId, generation: 0 }), env);
const active = async (campaign: CampaignRow) => (await t.ctx.store.campaigns.slots(campaign.campaignId)).active;
const contactsOf = (campaign: CampaignRow) => t.ctx.store.contacts.page(campaign.campaignId, 0, 1_000);

test('as many calls as there are slots are started, each under the id of its attempt, and no more until one ends', async () => {
  const campaign = await campaignOf(5, { cps: 50, maxConcurrent: 3 });
  const env = new MockActivityEnvironment();
  const cursors: DispatchCursor[] = [];
  env.on('heartbeat', (cursor: DispatchCursor) => cursors.push(cursor));
  const running = dispatch(campaign, env);
  running.catch(() => {});
  await until(async () => (await active(campaign)) === 3);
  const seen = cursors.length;
  await until(async () => cursors.length > seen + 2);
  expect(await active(campaign)).toBe(3);
  env.cancel();
  await expect(running).rejects.toThrow(CancelledFailure);
  const started = (await contactsOf(campaign)).filter((contact) => contact.status === 'active');
  expect(started).toHaveLength(3);
  for (const contact of started) {
    const call = await t.ctx.temporal.workflow.getHandle(callOf(contact)).describe();
    expect(call.type).toBe('call');
    expect(call.searchAttributes.PatterCampaignId).toEqual([campaign.campaignId]);
  }
  expect(cursors.at(-1)!.started).toBe(3);
});

test('what a dead dispatcher claimed, and perhaps started, is started once', async () => {
  const campaign = await campaignOf(2, { cps: 50, maxConcurrent: 2 });
  const [claimed, started] = await t.ctx.store.contacts.claimDue(campaign.campaignId, 2, new Date());
  await startCall(t.ctx, started!);
  const before = await t.ctx.temporal.workflow.getHandle(callOf(started!)).describe();
  const env = new MockActivityEnvironment();
  const running = dispatch(campaign, env);
  running.catch(() => {});
  await until(async () => (await active(campaign)) === 2);
  env.cancel();
  await expect(running).rejects.toThrow(CancelledFailure);
  const after = await t.ctx.temporal.workflow.getHandle(callOf(started!)).describe();
  expect(after.runId).toBe(before.runId);
  expect((await contactsOf(campaign)).map((contact) => contact.sequence)).toEqual([1, 1]);
  expect((await t.ctx.temporal.workflow.getHandle(callOf(claimed!)).describe()).status.name).toBe('RUNNING');
});

test('a pause in Postgres stops a dispatch that nobody cancelled, with nothing left in its hands', async () => {
  const campaign = await campaignOf(400, { cps: 20, maxConcurrent: 400 });
  const running = dispatch(campaign);
  await until(async () => (await active(campaign)) > 0);
  await t.ctx.store.campaigns.setState(campaign.campaignId, 'paused', 'lunch');
  expect(await running).toMatchObject({ kind: 'stopped' });
  const contacts = await contactsOf(campaign);
  expect(contacts.filter((contact) => contact.status === 'claimed')).toEqual([]);
  expect(contacts.filter((contact) => contact.status === 'active').length).toBeLessThan(400);
});

test('nobody is dialled after the campaign’s end, whatever its workflow believes', async () => {
  const campaign = await campaignOf(1, {});
  await t.ctx.store.campaigns.markStarted(campaign.campaignId, new Date(Date.now() - 2_000), new Date(Date.now() - 1_000));
  expect(await dispatch(campaign)).toEqual({ kind: 'stopped', active: 0, started: 0 });
});

test('with everybody waiting for later it is idle until the first is due; with nobody left it is finished', async () => {
  const campaign = await campaignOf(1, {});
  const [contact] = await t.ctx.store.contacts.claimDue(campaign.campaignId, 1, new Date());
  const dueAt = new Date(Date.now() + 3_600_000);
  await t.ctx.store.contacts.putBack(contact!.contactId, contact!.sequence, dueAt, 'later');
  expect(await dispatch(campaign)).toEqual({ kind: 'idle', nextDueAt: dueAt.getTime(), active: 0, started: 0 });
  await t.ctx.store.contacts.closeRemaining(campaign.campaignId, 'expired', new Date());
  expect(await dispatch(campaign)).toEqual({ kind: 'finished', active: 0, started: 0 });
});

test('a worker that drains lets go of the campaign at once', async () => {
  const draining = new AbortController();
  const other = await openTestActivities({ draining: draining.signal });
  const campaign = await campaignWith(other.ctx.store, phones(3), { dialing: { cps: 1, maxConcurrent: 1 } });
  await registerGateway(other.ctx);
  const running = other.inActivity(() =>
    other.activities.dispatch({ tenantId: 'default', campaignId: campaign.campaignId, generation: 0 }),
  );
  await until(async () => (await other.ctx.store.campaigns.slots(campaign.campaignId)).active === 1);
  draining.abort();
  // How many are active is as old as its last look, which may be from before that call was.
  expect(await running).toMatchObject({ kind: 'renew', started: 1 });
  await other.close();
});

test('those whose window is closed cost no start: whoever may be called now does not wait behind them', async () => {
  const hour = (offset: number) => `${String((new Date().getUTCHours() + 24 + offset) % 24).padStart(2, '0')}:00`;
  // Twelve hours away it is night.
  const window = { start: hour(-1), end: hour(3) };
  const campaign = await campaignWith(t.ctx.store, [], { window, dialing: { cps: 0.1, maxConcurrent: 10 } });
  const row = (phone: string, timezone: string, line: number) => ({ line, phone, timezones: [timezone], variables: { first_name: 'Ada' } });
  const waiting = { dueAt: new Date(Date.now() - 1_000), waitReason: null };
  const asleep = phones(5).map((phone, i) => ({ ...row(phone, 'Etc/GMT+12', i + 2), ...waiting }));
  const [awake] = phones(1).map((phone) => ({ ...row(phone, 'Etc/UTC', 10), ...waiting }));
  await t.ctx.store.contacts.import(campaign, [...asleep, awake!]);
  const env = new MockActivityEnvironment();
  const running = dispatch(campaign, env);
  running.catch(() => {});
  await until(async () => (await active(campaign)) > 0);
  env.cancel();
  await expect(running).rejects.toThrow(CancelledFailure);
  const contacts = await contactsOf(campaign);
  expect(contacts.filter(({ status }) => status === 'active').map(({ phone }) => phone)).toEqual([awake!.phone]);
  const night = contacts.filter(({ timezones }) => timezones[0] === 'Etc/GMT+12');
  expect(night.map(({ status }) => status)).toEqual(Array(5).fill('waiting'));
  for (const { dueAt, waitReason } of night) {
    expect(dueAt.getTime()).toBeGreaterThan(Date.now() + 3_600_000);
    expect(waitReason).toContain('outside the window');
  }
  // Nor does the next look find them due.
  expect(await t.ctx.store.contacts.claimDue(campaign.campaignId, 10, new Date())).toEqual([]);
});

test('nobody is started whom the calls under way may leave no budget for: the contacts wait unclaimed until a cost is known', async () => {
  const estimate = estimateCallMicros(campaignFile());
  const budget = { total: (2.5 * estimate) / 1_000_000 };
  const campaign = await campaignWith(t.ctx.store, phones(6), { budget, dialing: { cps: 50, maxConcurrent: 6 } });
  const env = new MockActivityEnvironment();
  let heartbeats = 0;
  env.on('heartbeat', () => {
    heartbeats++;
  });
  const running = dispatch(campaign, env);
  running.catch(() => {});
  await until(async () => (await active(campaign)) === 3);
  const seen = heartbeats;
  await until(async () => heartbeats > seen + 3);
  env.cancel();
  await expect(running).rejects.toThrow(CancelledFailure);
  expect((await contactsOf(campaign)).map(({ sequence }) => sequence)).toEqual([1, 1, 1, 0, 0, 0]);
});

test('no gateway with room: contacts stay unclaimed, and their workflows are not started in vain', async () => {
  const campaign = await campaignOf(2, { cps: 50 });
  await t.ctx.store.gateways.remove('gw-test');
  const env = new MockActivityEnvironment();
  let heartbeats = 0;
  env.on('heartbeat', () => {
    heartbeats++;
  });
  const running = dispatch(campaign, env);
  running.catch(() => {});
  await until(async () => heartbeats >= 3);
  env.cancel();
  await expect(running).rejects.toThrow(CancelledFailure);
  expect((await contactsOf(campaign)).map((contact) => contact.sequence)).toEqual([0, 0]);
  await registerGateway(t.ctx);
});
