import { WorkflowNotFoundError } from '@temporalio/client';
import { startCall } from '../../activities/campaign/start-call';
import { postCallWorkflowId } from '../../contracts/call-id';
import { isTerminalCarrierStatus } from '../../contracts/carrier';
import { callOf } from '../../store/call-of';
import type { CampaignRow, ContactRow } from '../../store/store';
import { allowUnlessInUse, campaignWith, done, intentFor, settlementFor } from '../store/fixtures';
import { openTestActivities, registerGateway, type TestActivities } from './context';

let t: TestActivities;
beforeAll(async () => {
  t = await openTestActivities({ scenario: { default: 'no-answer' } });
  await registerGateway(t.ctx);
});
afterAll(() => t.close());

let nextNumber = 4_000_000;
const phone = () => `+1500${nextNumber++}`;
const ago = (ms: number) => new Date(Date.now() - ms);
const MINUTE = 60_000;

const sweep = (campaign: CampaignRow) => t.inActivity(() => t.activities.sweepCampaign({ campaignId: campaign.campaignId }));
const contactOf = async (contact: ContactRow) => (await t.ctx.store.contacts.get(contact.contactId))!;

async function claimed(claimedAt: Date, overrides: object = {}): Promise<{ campaign: CampaignRow; contact: ContactRow }> {
  const campaign = await campaignWith(t.ctx.store, [phone()], { ...overrides });
  // Due since before the claim.
  const [due] = await t.ctx.store.contacts.page(campaign.campaignId, 0, 1);
  const [contact] = await t.ctx.store.contacts.claimDue(
    campaign.campaignId,
    1,
    new Date(Math.max(claimedAt.getTime(), due!.dueAt.getTime())),
  );
  return { campaign, contact: contact! };
}

async function dialled(at: Date, overrides: object = {}): Promise<{ campaign: CampaignRow; contact: ContactRow }> {
  const { campaign, contact } = await claimed(at, overrides);
  await t.ctx.store.attempts.openIntent(intentFor(contact, at), allowUnlessInUse);
  return { campaign, contact };
}

/** The workflow was there, and somebody terminated it. */
async function terminated(contact: ContactRow): Promise<void> {
  await startCall(t.ctx, contact);
  await t.ctx.temporal.workflow.getHandle(callOf(contact)).terminate('lost');
}

async function placeAtCarrier(contact: ContactRow): Promise<string> {
  const placed = await t.ctx.carriers.get('twilio')!.placeCall({
    callId: callOf(contact),
    to: contact.phone,
    from: '+15005550006',
    gatewayUrl: 'http://127.0.0.1:9',
    fallbackGatewayUrl: 'http://127.0.0.1:9',
    token: 'token',
    ringTimeoutMs: 600_000,
    timeLimitMs: 600_000,
    machineDetection: false,
  });
  if (placed.kind !== 'accepted') throw new Error(placed.message);
  return placed.carrierCallId;
}

test('a claim whose workflow was never started waits again, with no attempt spent', async () => {
  const { campaign, contact } = await claimed(ago(MINUTE));
  expect(await sweep(campaign)).toEqual({ settled: 1 });
  expect(await contactOf(contact)).toMatchObject({ status: 'waiting', attempts: 0, sequence: 1 });
  expect(await sweep(campaign)).toEqual({ settled: 0 });
});

test('a claim of this moment is left to its dispatcher', async () => {
  const { campaign } = await claimed(ago(1_000));
  expect(await sweep(campaign)).toEqual({ settled: 0 });
});

test('a call whose workflow runs is left alone, however old', async () => {
  const { campaign, contact } = await dialled(ago(60 * MINUTE));
  await startCall(t.ctx, contact);
  expect(await sweep(campaign)).toEqual({ settled: 0 });
  expect((await t.ctx.store.attempts.get(callOf(contact)))!.state).toBe('intent');
});

test('a placed call without its workflow is hung up at the carrier, recorded as failed, and its post-call work started', async () => {
  const { campaign, contact } = await dialled(ago(MINUTE), { postCall: { summary: true } });
  await terminated(contact);
  const carrierCallId = await placeAtCarrier(contact);
  await t.ctx.store.attempts.markPlaced(callOf(contact), carrierCallId);
  expect(await sweep(campaign)).toEqual({ settled: 1 });
  const call = await t.ctx.carriers.get('twilio')!.fetchCall(carrierCallId);
  expect(isTerminalCarrierStatus(call!.status)).toBe(true);
  expect(await t.ctx.store.attempts.get(callOf(contact))).toMatchObject({ state: 'ended', outcome: 'failed', attempt: 1 });
  expect(await contactOf(contact)).toMatchObject({ status: 'waiting', attempts: 1, waitReason: 'retry after a failed call' });
  const postCall = await t.ctx.temporal.workflow.getHandle(postCallWorkflowId(callOf(contact))).describe();
  expect(postCall.type).toBe('postCall');
});

test('a call of a campaign that asks for nothing after it starts no workflow, and leaves nothing open', async () => {
  const { campaign, contact } = await dialled(ago(MINUTE));
  await t.ctx.store.attempts.markPlaced(callOf(contact), await placeAtCarrier(contact));
  expect(await sweep(campaign)).toEqual({ settled: 1 });
  const postCall = t.ctx.temporal.workflow.getHandle(postCallWorkflowId(callOf(contact)));
  await expect(postCall.describe()).rejects.toThrow(WorkflowNotFoundError);
  expect((await t.ctx.store.campaigns.progress(campaign.campaignId)).postCallOpen).toBe(0);
});

test('an intent without an answer: too early to be sure, then not found, and no attempt is lost', async () => {
  const early = await dialled(ago(20_000));
  expect(await sweep(early.campaign)).toEqual({ settled: 0 });
  const { campaign, contact } = await dialled(ago(2 * MINUTE));
  expect(await sweep(campaign)).toEqual({ settled: 1 });
  expect(await contactOf(contact)).toMatchObject({ status: 'waiting', attempts: 0 });
  expect(await t.ctx.store.attempts.mayStillDial(callOf(contact), new Date(0))).toBe(false);
});

test('an intent without an answer whose call did ring is found by its number, ended and counted', async () => {
  const { campaign, contact } = await dialled(ago(MINUTE));
  const carrierCallId = await placeAtCarrier(contact);
  expect(await sweep(campaign)).toEqual({ settled: 1 });
  const call = await t.ctx.carriers.get('twilio')!.fetchCall(carrierCallId);
  expect(isTerminalCarrierStatus(call!.status)).toBe(true);
  expect(await t.ctx.store.attempts.get(callOf(contact))).toMatchObject({ carrierCallId, attempt: 1, outcome: 'failed' });
});

test('an overdue lease of a campaign that nobody sweeps any more is settled by the next campaign’s sweeper', async () => {
  const gone = await dialled(ago(60 * MINUTE));
  await t.ctx.store.campaigns.finish(gone.campaign.campaignId, 'canceled', new Date());
  const other = await campaignWith(t.ctx.store, [phone()]);
  await sweep(other);
  const [again] = await t.ctx.store.contacts.claimDue((await campaignWith(t.ctx.store, [gone.contact.phone])).campaignId, 1, new Date());
  expect((await t.ctx.store.attempts.openIntent(intentFor(again!, new Date()), allowUnlessInUse)).verdict).toEqual({ decision: 'allow' });
});

test('a settlement whose process died before it started the post-call work gets it started', async () => {
  const { campaign, contact } = await dialled(ago(2 * MINUTE));
  await t.ctx.store.attempts.settle(settlementFor(contact, { endedAt: ago(MINUTE).getTime() }), done('completed'), ago(MINUTE));
  const postCall = t.ctx.temporal.workflow.getHandle(postCallWorkflowId(callOf(contact)));
  await expect(postCall.describe()).rejects.toThrow(WorkflowNotFoundError);
  await sweep(campaign);
  expect((await postCall.describe()).status.name).toBe('RUNNING');
});

test('what is left to do after the last calls of a campaign is not lost with the campaign’s own sweeper', async () => {
  const { campaign, contact } = await dialled(ago(3 * MINUTE), { postCall: { summary: true } });
  await t.ctx.store.attempts.settle(settlementFor(contact, { endedAt: ago(2 * MINUTE).getTime() }), done('completed'), ago(2 * MINUTE));
  await t.ctx.store.campaigns.finish(campaign.campaignId, 'completed', ago(MINUTE));
  // Temporal has lost its data, or somebody terminated the workflow.
  expect(await t.ctx.store.singles.anyOpen()).toBe(true);
  await t.inActivity(() => t.activities.sweepLines());
  const postCall = t.ctx.temporal.workflow.getHandle(postCallWorkflowId(callOf(contact)));
  expect((await postCall.describe()).status.name).toBe('RUNNING');
});

test('a lost call of a campaign whose carrier’s credentials are gone keeps no other campaign from going on', async () => {
  const stuck = await claimed(ago(60 * MINUTE), { carrier: 'telnyx' });
  await t.ctx.store.attempts.openIntent({ ...intentFor(stuck.contact, ago(60 * MINUTE)), carrier: 'telnyx' }, allowUnlessInUse);
  await t.ctx.store.attempts.markPlaced(callOf(stuck.contact), 'v3:stuck');
  const { campaign, contact } = await claimed(ago(MINUTE));
  expect(await sweep(campaign)).toEqual({ settled: 1 });
  expect(await contactOf(contact)).toMatchObject({ status: 'waiting' });
  expect((await t.ctx.store.attempts.get(callOf(stuck.contact)))!.state).toBe('placed');
});
