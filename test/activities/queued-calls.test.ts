import { createActivities } from '../../activities';
import { startCall } from '../../activities/campaign/start-call';
import { createCarriers } from '../../carriers';
import { callOf } from '../../store/call-of';
import type { ContactRow } from '../../store/store';
import { allowUnlessInUse, campaignWith, claimOne, intentFor } from '../store/fixtures';
import { openTestActivities, registerGateway, type TestActivities, until } from './context';

let t: TestActivities;
beforeAll(async () => {
  // One call a minute: the second one stays in the carrier's queue.
  t = await openTestActivities({ scenario: { default: 'no-answer' }, twilioCps: 1 / 60 });
  await registerGateway(t.ctx);
});
afterAll(() => t.close());

async function place(contact: ContactRow): Promise<string> {
  await t.ctx.store.attempts.openIntent(intentFor(contact, new Date()), allowUnlessInUse);
  await startCall(t.ctx, contact);
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
  await t.ctx.store.attempts.markPlaced(callOf(contact), placed.carrierCallId);
  return placed.carrierCallId;
}

test('a pause cancels what the carrier still queues and leaves a phone that rings alone; asked again, nothing is left to cancel', async () => {
  const campaign = await campaignWith(t.ctx.store, ['+15005000001', '+15005000002', '+15005000003']);
  const [ringing, queued, unsent] = [
    await claimOne(t.ctx.store, campaign, new Date()),
    await claimOne(t.ctx.store, campaign, new Date()),
    await claimOne(t.ctx.store, campaign, new Date()),
  ];
  const carrier = t.ctx.carriers.get('twilio')!;
  const ringingId = await place(ringing);
  await until(async () => (await carrier.fetchCall(ringingId))?.status === 'ringing');
  const queuedId = await place(queued);
  await t.ctx.store.attempts.openIntent(intentFor(unsent, new Date()), allowUnlessInUse);
  await startCall(t.ctx, unsent);

  await t.inActivity(() => t.activities.setCampaignState({ campaignId: campaign.campaignId, state: 'paused', reason: 'lunch' }));

  expect((await t.ctx.store.campaigns.get(campaign.campaignId))!.state).toBe('paused');
  expect((await carrier.fetchCall(queuedId))!.status).toBe('canceled');
  expect((await carrier.fetchCall(ringingId))!.status).toBe('ringing');
  // A request on its way: its workflow is told.
  for (const [contact, told] of [
    [unsent, true],
    [queued, true],
    [ringing, false],
  ] as const) {
    const { events } = await t.ctx.temporal.workflow.getHandle(callOf(contact)).fetchHistory();
    const signals = events!.filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'stopCall');
    expect(signals.length > 0).toBe(told);
  }
  expect(await t.inActivity(() => t.activities.cancelQueuedCalls({ campaignId: campaign.campaignId }))).toEqual({ canceled: 0 });
});

test('a pause is in force although the carrier refuses to tell what it queues: the calls’ own workflows see to it', async () => {
  const campaign = await campaignWith(t.ctx.store, ['+15005000004']);
  const contact = await claimOne(t.ctx.store, campaign, new Date());
  await place(contact);
  // The account's token has been changed.
  const carriers = createCarriers({ ...t.ctx.config, TWILIO_AUTH_TOKEN: 'of yesterday' });
  const activities = createActivities({ ...t.ctx, carriers });
  await t.inActivity(() => activities.setCampaignState({ campaignId: campaign.campaignId, state: 'paused', reason: 'lunch' }));
  expect((await t.ctx.store.campaigns.get(campaign.campaignId))!.state).toBe('paused');
  const { events } = await t.ctx.temporal.workflow.getHandle(callOf(contact)).fetchHistory();
  expect(events!.map((event) => event.workflowExecutionSignaledEventAttributes?.signalName)).toContain('stopCall');
});
