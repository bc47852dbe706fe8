/** A campaign over Telnyx, with what that carrier does wrong and differently: the report tells what the phone network saw. */
import { usdToMicros } from '../../contracts/money';
import type { Outcome } from '../../contracts/outcomes';
import { buildReport } from '../../control/campaigns/campaign-report';
import { compareReportWithLedger } from '../../lab/compare-report';
import type { FaultInput } from '../../lab/faults';
import type { AttemptRow, CampaignRow } from '../../store/store';
import { phoneOf, startWorld, type World } from './world';

interface Case {
  what: string;
  persona: string;
  outcome: Outcome;
  fault?: Omit<FaultInput, 'to'>;
  alaw?: true;
}

const CASES: (Case & { phone: string })[] = (
  [
    { what: 'a person who confirms', persona: 'confirms', outcome: 'completed' },
    { what: 'a person who interrupts', persona: 'interrupts', outcome: 'completed' },
    { what: 'an A-law leg', persona: 'confirms', outcome: 'completed', alaw: true },
    { what: 'frames out of order', persona: 'confirms', outcome: 'completed', fault: { kind: 'frames_reordered' } },
    { what: 'a voicemail', persona: 'voicemail', outcome: 'voicemail' },
    { what: 'a voicemail without a beep', persona: 'voicemail-no-beep', outcome: 'voicemail' },
    { what: 'busy', persona: 'busy', outcome: 'busy' },
    { what: 'nobody', persona: 'no-answer', outcome: 'no_answer' },
    { what: 'a person who declines', persona: 'rejects', outcome: 'rejected' },
    { what: 'a number that nobody has', persona: 'unallocated', outcome: 'invalid_number' },
    { what: 'a number that is none', persona: 'invalid', outcome: 'invalid_number' },
    { what: 'a dial without an answer', persona: 'confirms', outcome: 'completed', fault: { kind: 'create_hang', count: 1 } },
    { what: 'a dial that is answered with 500', persona: 'confirms', outcome: 'completed', fault: { kind: 'create_500', count: 1 } },
    { what: 'a dial above the rate', persona: 'confirms', outcome: 'completed', fault: { kind: 'create_429', count: 1 } },
    {
      what: 'no word of the answer',
      persona: 'confirms',
      outcome: 'completed',
      fault: { kind: 'callback_missing', event: 'call.answered' },
    },
    { what: 'no word of the end', persona: 'confirms', outcome: 'completed', fault: { kind: 'callback_missing', event: 'call.hangup' } },
    { what: 'webhooks twice', persona: 'confirms', outcome: 'completed', fault: { kind: 'callback_duplicate' } },
    { what: 'webhooks out of order', persona: 'voicemail', outcome: 'voicemail', fault: { kind: 'callback_reorder' } },
    { what: 'a socket that is cut without stop', persona: 'confirms', outcome: 'completed', fault: { kind: 'stream_closed_without_stop' } },
  ] satisfies Case[]
).map((one, index) => ({ ...one, phone: phoneOf(index) }));

let world: World;
let told: Awaited<ReturnType<World['end']>>;

beforeAll(async () => {
  world = await startWorld({
    people: Object.fromEntries(CASES.map(({ phone, persona }) => [phone, persona])),
    telnyx: { callCostInWebhooks: true, codecs: Object.fromEntries(CASES.filter(({ alaw }) => alaw).map(({ phone }) => [phone, 'PCMA'])) },
  });
  await world.addFaults(CASES.flatMap(({ fault, phone }) => (fault ? [{ ...fault, to: phone }] : [])));
  const campaign = await world.start(
    { name: 'telnyx', carrier: 'telnyx' },
    CASES.map(({ phone }) => phone),
  );
  const { ledger } = await world.end(campaign);
  // Telnyx tells what a call cost after its end. Then nothing changes any more.
  const { store } = world.ctx;
  while ((await store.campaigns.progress(campaign)).estimatedCalls > 0) await new Promise((resolve) => setTimeout(resolve, 200));
  told = { ledger, report: await buildReport(store, (await store.campaigns.get(campaign)) as CampaignRow) };
}, 600_000);
afterAll(() => world?.stop(), 60_000);

test.each(CASES)('$what: $outcome, and one ring at most', ({ phone, outcome }) => {
  const result = told.report.results.find((one) => one.phone === phone);
  const calls = told.ledger.calls.filter((call) => call.to === phone);
  expect({ outcome: result?.outcome, reason: result?.reason }).toMatchObject({ outcome });
  expect(calls.every(({ carrier }) => carrier === 'telnyx')).toBe(true);
  expect(calls.flatMap((call) => call.rings).length).toBeLessThanOrEqual(1);
});

test('the report agrees with the ledger contact by contact', () => {
  expect(compareReportWithLedger(told.report, told.ledger)).toEqual([]);
});

test('nobody was hung up on without need, and no stream was opened twice', () => {
  const answered = told.ledger.calls.filter(({ answeredAt, to }) => answeredAt && !CASES.find(({ phone, fault }) => phone === to && fault));
  expect(answered.length).toBeGreaterThan(0);
  for (const { streams, to } of answered) expect({ to, streams: streams.length }).toEqual({ to, streams: 1 });
});

test('who answered is paid for as Telnyx has billed it, also where its webhooks came twice, or late', async () => {
  const answered = told.report.results.flatMap(({ calls }) => calls).filter(({ answeredAt }) => answeredAt !== null);
  expect(answered.length).toBeGreaterThan(0);
  for (const { callId, carrierPrice, costEstimated, costUsd } of answered) {
    // A started minute at the lab's price; what it does not bill stays as we reckon it.
    expect({ costEstimated, carrierPrice }).toMatchObject({
      costEstimated: undefined,
      carrierPrice: { state: 'final', amount: 0.014, currency: 'USD' },
    });
    const { costLines } = (await world.ctx.store.attempts.get(callId)) as AttemptRow;
    expect(costLines).toContainEqual({ label: 'Telnyx call, as billed', micros: 14_000 });
    expect(costLines.reduce((sum, { micros }) => sum + micros, 0)).toBe(usdToMicros(costUsd));
  }
  expect(told.report.estimatedCalls).toBeUndefined();
  expect(await world.ctx.store.campaigns.spentMicros(told.report.campaignId)).toBe(usdToMicros(told.report.costUsd));
});
