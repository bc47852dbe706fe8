import { createActivities } from '../../activities';
import { createPriceActivities } from '../../activities/prices';
import { createCarriers } from '../../carriers';
import { twilioClient } from '../../carriers/twilio/client';
import type { UsageLine } from '../../contracts/call';
import { systemClock } from '../../contracts/clock';
import type { FaultInput } from '../../lab/faults';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { callOf } from '../../store/call-of';
import type { AttemptRow } from '../../store/store';
import { allowUnlessInUse, campaignWith, claimOne, intentFor, NOW, settlementFor } from '../store/fixtures';
import { openTestActivities, type TestActivities } from './context';

const MINUTE_MS = 60_000;
const PERSON = '+15005550019';
const FROM = '+15005550006';

let t: TestActivities;
let n = 0;
beforeAll(async () => {
  t = await openTestActivities({ scenario: { default: { kind: 'human', answerAfterMs: 20, steps: [] } } });
});
afterAll(() => t.close());

const lab = async (path: string, body: object) => {
  const response = await fetch(`${t.labUrl}${path}`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    signal: AbortSignal.timeout(10_000),
  });
  expect(response.ok).toBe(true);
};

interface Ended {
  callId: string;
  campaignId: string;
  phone: string;
}

/** A call that the lab's phone company made and billed, and that ended just now. @param twiml what the callee hears, or who else is dialled */
async function ended(twiml = '<Response><Say>Hi</Say><Hangup/></Response>', fault?: Omit<FaultInput, 'to'>): Promise<Ended> {
  const { store } = t.ctx;
  const phone = `+1212555${String(2000 + n++)}`;
  if (fault) await lab('/lab/faults', { ...fault, to: phone });
  const access = { accountSid: LAB_ACCOUNT.sid, authToken: LAB_ACCOUNT.authToken, baseUrl: t.labUrl };
  const twilio = twilioClient(access);
  const { sid } = await twilio.calls.create({ to: phone, from: FROM, twiml });
  while ((await twilio.calls(sid).fetch()).status !== 'completed') await new Promise((resolve) => setTimeout(resolve, 20));
  const campaign = await campaignWith(store, [phone], { dialing: { machineDetection: false } });
  const contact = await claimOne(store, campaign);
  await store.attempts.openIntent({ ...intentFor(contact), now: NOW }, allowUnlessInUse);
  const callId = callOf(contact);
  await store.attempts.markPlaced(callId, sid);
  if (twiml.includes('Dial')) {
    await store.attempts.recordTransfer({ tenantId: 'default', callId, transferNumber: 1, toNumber: PERSON, now: NOW });
  }
  const [item, quantity] = twiml.includes('Dial') ? ['transfer', 1] : ['media_stream', 61];
  const usage: UsageLine[] = [{ provider: 'twilio', service: 'voice', item: item as string, unit: 'second', quantity: quantity as number }];
  await t.inActivity(() =>
    t.activities.settleCall(
      settlementFor(contact, { usage, carrierCallId: sid, answeredAt: Date.now() - 61_000, endedAt: Date.now(), durationS: 61 }),
    ),
  );
  return { callId, campaignId: campaign.campaignId, phone };
}

/** The activity as a worker runs it so long from now. */
const asked = (ms: number, ctx: Partial<TestActivities['ctx']> = {}) =>
  t.inActivity(() => createPriceActivities({ ...t.ctx, ...ctx, clock: { ...systemClock, now: () => Date.now() + ms } }).reconcilePrices());
const row = async ({ callId }: Ended): Promise<AttemptRow> => (await t.ctx.store.attempts.get(callId))!;
const spent = ({ campaignId }: Ended) => t.ctx.store.campaigns.spentMicros(campaignId);

test('an ended call is asked for when it is due, again when Twilio does not know yet, and then costs what Twilio says', async () => {
  // The first look is that of `ended`.
  const call = await ended(undefined, { kind: 'price_late', count: 2 });
  expect(await row(call)).toMatchObject({ priceState: 'waiting', costMicros: 28_000 + 8_000, carrierEstimate: [{ micros: 28_000 }] });
  expect(await asked(MINUTE_MS)).toEqual({ asked: 0, reconciled: 0 });
  expect(await asked(3 * MINUTE_MS)).toEqual({ asked: 1, reconciled: 0 });
  expect(await asked(3 * MINUTE_MS)).toEqual({ asked: 0, reconciled: 0 });
  expect(await row(call)).toMatchObject({ priceState: 'waiting', costMicros: 36_000 });
  expect(await asked(10 * MINUTE_MS)).toEqual({ asked: 1, reconciled: 1 });
  // One started minute, as the lab billed it, and the two of the media stream by the list.
  expect(await row(call)).toMatchObject({ priceState: 'final', priceMicros: 14_000, priceCurrency: 'USD', costMicros: 14_000 + 8_000 });
  expect(await spent(call)).toBe(22_000);
  expect(await asked(7 * 24 * 60 * MINUTE_MS)).toEqual({ asked: 0, reconciled: 0 });
});

test('a worker that is killed between the answer and the record leaves a repetition of the question, and nothing else', async () => {
  const call = await ended();
  const { record } = t.ctx.store.prices;
  t.ctx.store.prices.record = async () => {
    throw new Error('killed');
  };
  await expect(asked(3 * MINUTE_MS)).rejects.toThrow('killed');
  t.ctx.store.prices.record = record;
  expect(await spent(call)).toBe(36_000);
  expect(await asked(10 * MINUTE_MS)).toEqual({ asked: 1, reconciled: 1 });
  expect(await spent(call)).toBe(22_000);
});

test('a person’s leg is on the bill too', async () => {
  const call = await ended(`<Response><Dial timeLimit="1"><Number>${PERSON}</Number></Dial></Response>`);
  expect(await row(call)).toMatchObject({ carrierEstimate: [{ micros: 14_000 }, { micros: 28_000 }] });
  expect(await asked(3 * MINUTE_MS)).toEqual({ asked: 1, reconciled: 1 });
  expect((await t.ctx.store.prices.legs(call.callId)).map(({ micros }) => micros)).toEqual([14_000, 14_000]);
  expect(await row(call)).toMatchObject({ priceMicros: 28_000, costMicros: 28_000 });
  expect(await spent(call)).toBe(28_000);
});

test('euros are no dollars: they are written down, and the estimate stays', async () => {
  const call = await ended(undefined, { kind: 'price_foreign' });
  expect(await asked(3 * MINUTE_MS)).toEqual({ asked: 1, reconciled: 0 });
  expect(await row(call)).toMatchObject({ priceState: 'foreign', priceMicros: 14_000, priceCurrency: 'EUR', costMicros: 36_000 });
  expect(await spent(call)).toBe(36_000);
  expect(await asked(10 * MINUTE_MS)).toEqual({ asked: 0, reconciled: 0 });
});

test('after its time a price is not waited for any more; one that comes all the same counts', async () => {
  const call = await ended(undefined, { kind: 'price_late' });
  expect(await asked(73 * 60 * MINUTE_MS)).toEqual({ asked: 1, reconciled: 0 });
  expect(await row(call)).toMatchObject({ priceState: 'unknown', priceDueAt: null, costMicros: 36_000 });
  const leg = { carrierCallId: (await row(call)).carrierCallId as string, micros: 9_000, currency: 'USD' };
  for (let time = 0; time < 2; time++) await t.inActivity(() => t.activities.recordPrice({ callId: call.callId, leg }));
  expect(await row(call)).toMatchObject({ priceState: 'final', costMicros: 9_000 + 8_000 });
  await t.inActivity(() => t.activities.recordPrice({ callId: 'call_of_nobody', leg }));
});

test('a carrier that does not answer fails no round, and is asked for the same calls later', async () => {
  const calls = [await ended(), await ended(), await ended()];
  const carriers = createCarriers({ ...t.ctx.config, TWILIO_BASE_URL: 'http://127.0.0.1:9' });
  expect(await asked(3 * MINUTE_MS, { carriers })).toMatchObject({ reconciled: 0 });
  expect((await Promise.all(calls.map(row))).map(({ priceState }) => priceState)).toEqual(['waiting', 'waiting', 'waiting']);
  expect(await asked(10 * MINUTE_MS)).toEqual({ asked: 3, reconciled: 3 });
});

test('with PATTER_PRICE_WAIT=0s nobody is asked, and the cost says that it is an estimate', async () => {
  const { settleCall } = createActivities({ ...t.ctx, config: { ...t.ctx.config, PATTER_PRICE_WAIT: '0s' } });
  const usual = t.activities.settleCall;
  t.activities.settleCall = settleCall;
  const call = await ended();
  t.activities.settleCall = usual;
  expect(await row(call)).toMatchObject({ priceState: 'unknown', priceDueAt: null });
  expect(await asked(73 * 60 * MINUTE_MS)).toEqual({ asked: 0, reconciled: 0 });
});
