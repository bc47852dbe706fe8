/**
 * What carriers do wrong, against every way in which a phone is answered: the report must tell what the phone network saw, and no attempt may ring twice.
 * `npm test` takes each fault with some persona and each persona with some fault; `npm run test:full` takes all of them.
 */
import type { Outcome } from '../../contracts/outcomes';
import { compareReportWithLedger } from '../../lab/compare-report';
import type { FaultInput } from '../../lab/faults';
import { phoneOf, startWorld, type World } from './world';

const PERSONAS: Record<string, Outcome> = { confirms: 'completed', voicemail: 'voicemail', busy: 'busy', 'no-answer': 'no_answer' };

const FAULTS: Omit<FaultInput, 'to'>[] = [
  { kind: 'create_500', count: 1 },
  { kind: 'create_hang', count: 1 },
  { kind: 'create_429', count: 1 },
  ...(['initiated', 'ringing', 'answered', 'completed', 'amd'] as const).flatMap((event): Omit<FaultInput, 'to'>[] => [
    { kind: 'callback_late', event, delayMs: 2_500 },
    { kind: 'callback_duplicate', event },
    { kind: 'callback_reorder', event },
    { kind: 'callback_missing', event },
  ]),
  { kind: 'stream_closed_without_stop' },
  { kind: 'provider_drop', count: 1, afterMs: 400 },
];

interface Case {
  persona: string;
  fault: Omit<FaultInput, 'to'>;
  phone: string;
}

function cases(): Case[] {
  const names = Object.keys(PERSONAS);
  const all = FAULTS.flatMap((fault) => names.map((persona) => ({ persona, fault })));
  const full = process.env.PATTER_TEST_MATRIX === 'full';
  // Each row of the matrix once, shifted, so that every persona meets faults of every kind.
  const chosen = full
    ? all
    : FAULTS.map((fault, index) => ({ persona: names[(index + Math.floor(index / names.length)) % names.length]!, fault }));
  return chosen.map((one, index) => ({ ...one, phone: phoneOf(index) }));
}

const CASES = cases();
let world: World;
let told: Awaited<ReturnType<World['end']>>;

beforeAll(async () => {
  world = await startWorld({ people: Object.fromEntries(CASES.map(({ phone, persona }) => [phone, persona])) });
  // The AI vendor does not know whom its audio is for: its faults meet whoever speaks first.
  await world.addFaults(CASES.map(({ fault, phone }) => (fault.kind.startsWith('provider') ? fault : { ...fault, to: phone })));
  const campaign = await world.start(
    { name: 'faults' },
    CASES.map(({ phone }) => phone),
  );
  told = await world.end(campaign);
}, 600_000);
afterAll(() => world?.stop(), 60_000);

test.each(CASES)('$fault.kind $fault.event with $persona: one ring, the right outcome', ({ persona, phone }) => {
  const result = told.report.results.find((one) => one.phone === phone);
  const calls = told.ledger.calls.filter((call) => call.to === phone);
  expect({
    outcome: result?.outcome,
    reason: result?.reason,
    attempts: result?.attempts,
    rings: calls.flatMap((call) => call.rings).length,
  }).toMatchObject({
    outcome: PERSONAS[persona],
    attempts: 1,
    rings: persona === 'busy' ? expect.any(Number) : 1,
  });
  expect(calls).toHaveLength(1);
});

test('the report agrees with the ledger contact by contact', () => {
  expect(compareReportWithLedger(told.report, told.ledger)).toEqual([]);
});

test('the comparison fails when one row of the report is changed', () => {
  const { report, ledger } = told;
  const answered = report.results.findIndex((result) => result.outcome === 'completed');
  const changed = <T>(change: (copy: typeof report) => T) => {
    const copy = structuredClone(report);
    change(copy);
    return compareReportWithLedger(copy, ledger);
  };
  expect(changed((copy) => copy.results.splice(answered, 1))).not.toEqual([]);
  expect(
    changed((copy) => {
      copy.results[answered]!.outcome = 'voicemail';
    }),
  ).not.toEqual([]);
  expect(
    changed((copy) => {
      copy.results[answered]!.attempts = 2;
    }),
  ).not.toEqual([]);
  expect(
    changed((copy) => {
      copy.results[answered]!.calls[0]!.transcript[0]!.text += ' And more.';
    }),
  ).not.toEqual([]);
  expect(
    changed((copy) => {
      copy.results[answered]!.calls[0]!.carrierCallId = 'CA0';
    }),
  ).not.toEqual([]);
  expect(
    changed((copy) => {
      copy.results[answered]!.calls[0]!.transferredTo = '+15005550009';
    }),
  ).not.toEqual([]);
  expect(
    changed((copy) => {
      copy.costUsd += 1;
    }),
  ).not.toEqual([]);
});

test('nothing is left open: no lease, no slot, no call without an end', async () => {
  const progress = await world.ctx.store.campaigns.progress(told.report.campaignId);
  expect({ active: progress.active, waiting: progress.waiting, postCallOpen: progress.postCallOpen }).toEqual({
    active: 0,
    waiting: 0,
    postCallOpen: 0,
  });
  expect(await world.ctx.store.attempts.open(told.report.campaignId)).toEqual([]);
  expect(told.ledger.calls.filter((call) => call.endedAt === undefined && call.finalStatus === undefined)).toEqual([]);
});
