import { Pool } from 'pg';
import type { CallSettlement } from '../../contracts/activities';
import type { LegPrice } from '../../contracts/carrier-price';
import { callOf } from '../../store/call-of';
import { openStore } from '../../store/open';
import type { CampaignRow, ContactRow } from '../../store/store';
import { allowUnlessInUse, campaignWith, claimOne, intentFor, later, openTestStore, settlementFor, type TestStore } from './fixtures';

const MINUTES = { label: 'Twilio outbound minutes', micros: 14_000 };
const DETECTION = { label: 'Twilio answering machine detection', micros: 7_500 };
const TRANSFER = { provider: 'twilio', service: 'voice', item: 'transfer', unit: 'second', quantity: 20 } as const;
const BILLED = 'Twilio call, as billed';

let t: TestStore;
let n = 0;
beforeAll(async () => {
  t = await openTestStore();
});
afterAll(() => t.close());

interface Ended {
  campaign: CampaignRow;
  contact: ContactRow;
  callId: string;
  /** The carrier's id of the call's own leg. */
  leg: string;
}

async function dialled(): Promise<Ended> {
  const campaign = await campaignWith(t.store, [`+1212555${String(1000 + n++)}`]);
  const contact = await claimOne(t.store, campaign);
  await t.store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  const callId = callOf(contact);
  const leg = `CA-${callId}`;
  await t.store.attempts.markPlaced(callId, leg);
  return { campaign, contact, callId, leg };
}

async function settled(call: Ended, overrides: Partial<CallSettlement> = {}): Promise<void> {
  await t.store.attempts.settle(
    settlementFor(call.contact, { carrierCallId: call.leg, answeredAt: later(2_000).getTime(), ...overrides }),
    () => ({
      next: { kind: 'done', outcome: 'completed' },
      costMicros: MINUTES.micros + DETECTION.micros,
      costLines: [MINUTES, DETECTION],
      carrierEstimate: [MINUTES],
      priceDueAt: later(60_000),
    }),
    later(10_000),
  );
}

async function ended(overrides?: Partial<CallSettlement>): Promise<Ended> {
  const call = await dialled();
  await settled(call, overrides);
  return call;
}

const usd = (carrierCallId: string, micros: number): LegPrice => ({ carrierCallId, micros, currency: 'USD' });
const row = async ({ callId }: Ended) => (await t.store.attempts.get(callId))!;
const spent = ({ campaign }: Ended) => t.store.campaigns.spentMicros(campaign.campaignId);
const told = (call: Ended, ...legs: LegPrice[]) => t.store.prices.record(call.callId, legs, later(70_000));

test('the carrier’s own price takes the estimate’s place in the cost and in what the campaign has spent, and the estimate stays beside it', async () => {
  const call = await ended();
  expect(await row(call)).toMatchObject({ priceState: 'waiting', costMicros: 21_500, priceMicros: null });
  expect(await t.store.campaigns.progress(call.campaign.campaignId)).toMatchObject({ costMicros: 21_500, estimatedCalls: 1 });
  expect(await told(call, usd(call.leg, 26_000))).toBe('final');
  expect(await row(call)).toMatchObject({
    ...{ priceState: 'final', priceMicros: 26_000, priceCurrency: 'USD', priceToldAt: later(70_000), priceDueAt: null },
    ...{ costMicros: 33_500, costLines: [{ label: BILLED, micros: 26_000 }, DETECTION], carrierEstimate: [MINUTES] },
  });
  expect(await spent(call)).toBe(33_500);
  expect(await t.store.campaigns.progress(call.campaign.campaignId)).toMatchObject({ costMicros: 33_500, estimatedCalls: 0 });
});

test('a price that is told twice, or at once from several sides, counts once', async () => {
  const call = await ended();
  const other = openStore(t.url);
  try {
    const leg = usd(call.leg, 26_000);
    await Promise.all([1, 2, 3].flatMap(() => [told(call, leg), other.prices.record(call.callId, [leg], later(70_000))]));
    await told(call, usd(call.leg, 99_000));
  } finally {
    await other.close();
  }
  expect(await t.store.prices.legs(call.callId)).toEqual([usd(call.leg, 26_000)]);
  expect([(await row(call)).costMicros, await spent(call)]).toEqual([33_500, 33_500]);
});

test('a price that comes before the call is settled is in its cost from the settlement on', async () => {
  const call = await dialled();
  expect(await told(call, usd(call.leg, 9_000))).toBe('none');
  expect(await spent(call)).toBe(0);
  await settled(call);
  expect(await row(call)).toMatchObject({ priceState: 'final', costMicros: 16_500 });
  expect(await spent(call)).toBe(16_500);
});

test('a call that was handed to a person has its price when both legs are told, whichever is first', async () => {
  const call = await ended({ usage: [TRANSFER] });
  expect(await told(call, usd('CA-person', 5_000))).toBe('waiting');
  expect(await spent(call)).toBe(21_500);
  expect(await told(call, usd(call.leg, 20_000))).toBe('final');
  expect(await row(call)).toMatchObject({ priceMicros: 25_000, costMicros: 32_500 });
  // One more that nobody had counted.
  expect(await told(call, usd('CA-second-person', 1_000))).toBe('final');
  expect([(await row(call)).costMicros, await spent(call)]).toEqual([33_500, 33_500]);
});

test('another currency is recorded as it is, and not mixed into dollars', async () => {
  const call = await ended();
  expect(await told(call, { carrierCallId: call.leg, micros: 12_000, currency: 'EUR' })).toBe('foreign');
  expect(await row(call)).toMatchObject({ priceMicros: 12_000, priceCurrency: 'EUR', priceDueAt: null, costLines: [MINUTES, DETECTION] });
  expect(await told(call, usd('CA-in-dollars', 1_000))).toBe('foreign');
  expect(await row(call)).toMatchObject({ priceMicros: null, priceCurrency: null, costMicros: 21_500 });
  expect(await spent(call)).toBe(21_500);
});

test('steps after the call, and its price, change the same cost in either order', async () => {
  const summary = { label: 'OpenAI gpt-4o-mini (summary)', micros: 180 };
  const first = await ended();
  await t.store.attempts.addUsageCost(first.callId, [summary]);
  await told(first, usd(first.leg, 26_000));
  const second = await ended();
  await told(second, usd(second.leg, 26_000));
  await t.store.attempts.addUsageCost(second.callId, [summary]);
  for (const call of [first, second]) {
    expect((await row(call)).costLines).toEqual([{ label: BILLED, micros: 26_000 }, DETECTION, summary]);
    expect([(await row(call)).costMicros, await spent(call)]).toEqual([33_680, 33_680]);
  }
});

describe('who is asked for', () => {
  const claim = (now: Date, limit = 100) => t.store.prices.claimDue(now, limit, () => later(7_200_000));
  const ids = (claimed: { attempt: { callId: string } }[]) => claimed.map(({ attempt }) => attempt.callId);

  test('a call is due once, is put off by being claimed, and is claimed by one of two', async () => {
    await claim(later(3_600_000));
    const calls = [await ended(), await ended(), await ended()];
    expect(await claim(later(59_000))).toEqual([]);
    const other = openStore(t.url);
    try {
      const two = await Promise.all([claim(later(61_000), 3), other.prices.claimDue(later(61_000), 3, () => later(7_200_000))]);
      expect(two.flatMap(ids).sort()).toEqual(calls.map(({ callId }) => callId).sort());
    } finally {
      await other.close();
    }
    expect(await claim(later(3_600_000))).toEqual([]);
    // Nobody has written an answer: it is asked again when it is due again.
    expect(ids(await claim(later(7_200_000)))).toEqual(expect.arrayContaining(calls.map(({ callId }) => callId)));
  });

  test('legs that we dialled for the call are named, given up is given up, and what is told all the same counts', async () => {
    const call = await ended();
    await t.store.attempts.recordTransfer({
      tenantId: 'default',
      callId: call.callId,
      transferNumber: 1,
      toNumber: '+15005550009',
      now: later(0),
    });
    await t.store.attempts.noteHumanLeg(call.callId, 1, `CA-human-${call.callId}`);
    const claimed = (await claim(later(3_600_000))).find(({ attempt }) => attempt.callId === call.callId);
    expect(claimed).toMatchObject({ transferred: true, humanCallIds: [`CA-human-${call.callId}`] });
    await t.store.prices.giveUp(call.callId);
    expect(await row(call)).toMatchObject({ priceState: 'unknown', priceDueAt: null, costMicros: 21_500 });
    expect(await told(call, usd(call.leg, 26_000))).toBe('final');
    await t.store.prices.giveUp(call.callId);
    expect((await row(call)).priceState).toBe('final');
  });

  test('a call that was erased is not asked for and not told of any more; its cost stays', async () => {
    const call = await ended();
    await told(call, usd('CA-part-of-it', 1));
    await t.store.privacy.erasePerson({ tenantId: 'default', phone: call.contact.phone, now: later(100_000) });
    expect(await row(call)).toMatchObject({ priceState: 'unknown', priceDueAt: null, costMicros: 21_500 });
    expect(await told(call, usd(call.leg, 26_000))).toBeUndefined();
    expect(await t.store.prices.legs(call.callId)).toEqual([]);
    expect(await t.store.prices.record('call_of_nobody', [usd('CA-x', 1)], later(0))).toBeUndefined();
  });

  test('the claim has an index of those that are due, in which no other call is', async () => {
    const pool = new Pool({ connectionString: t.url });
    try {
      await pool.query('set enable_seqscan = off');
      const plan = await pool.query(
        `explain select * from attempts where price_due_at is not null and price_due_at <= now() order by price_due_at limit 80 for update skip locked`,
      );
      expect(plan.rows.map((line) => line['QUERY PLAN']).join('\n')).toContain('attempts_price_due');
    } finally {
      await pool.end();
    }
  });
});
