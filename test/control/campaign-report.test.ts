import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderReport } from '../../cli/render-report';
import { readReportView, reportViewOf } from '../../cli/report-view';
import { systemClock } from '../../contracts/clock';
import { campaignReportSchema } from '../../contracts/report';
import { buildReport, reportJson, writeReport } from '../../control/campaigns/campaign-report';
import { followCampaign } from '../../control/campaigns/follow';
import type { CampaignRow } from '../../store/store';
import {
  allowUnlessInUse,
  campaignWith,
  claimOne,
  done,
  intentFor,
  later,
  NOW,
  openTestStore,
  retryAt,
  settlementFor,
  type TestStore,
} from '../store/fixtures';

let test_: TestStore;
beforeAll(async () => {
  test_ = await openTestStore();
});
afterAll(() => test_.close());

const turns = [
  { role: 'assistant' as const, text: 'Hi Ada, does Tuesday suit you?', at: 1, interrupted: true },
  { role: 'user' as const, text: 'Yes, it does.', at: 2 },
];

/** One talked to, one busy and then on the do-not-call list, one still waiting. */
async function campaignUnderWay(): Promise<CampaignRow> {
  const { store } = test_;
  const campaign = await campaignWith(store, ['+12125550101', '+12125550102', '+12125550103']);
  await store.campaigns.recordImport(campaign.campaignId, { total: 5, rejected: 1, duplicates: 1 });
  await store.contacts.importRejected(campaign, [
    { line: 5, phone: 'nonsense', code: 'PATTER_CONTACT_PHONE_INVALID', reason: 'this is not a phone number' },
  ]);
  await store.campaigns.markStarted(campaign.campaignId, NOW, null);

  const talked = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(talked), allowUnlessInUse);
  const callId = intentFor(talked).callId;
  await store.attempts.markPlaced(callId, `CA-${callId}`);
  await store.attempts.settle(
    settlementFor(talked, { turns, answeredAt: later(2_000).getTime(), carrierCallId: `CA-${callId}`, transferredTo: '+15005550009' }),
    done('completed', 123_400),
    later(10_000),
  );
  await store.attempts.saveSummary(callId, 'Tuesday is confirmed.');

  const busy = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(busy), allowUnlessInUse);
  await store.attempts.settle(settlementFor(busy, { outcome: 'busy', answeredBy: 'unknown' }), retryAt(later(20_000)), later(11_000));
  const [again] = (await store.contacts.claimDue(campaign.campaignId, 5, later(30_000))).filter((row) => row.phone === '+12125550102');
  await store.contacts.markActive(again!.contactId, again!.sequence);
  await store.attempts.openIntent(intentFor(again!, later(30_000)), () => ({
    verdict: { decision: 'skip', rule: 'suppressed', reason: 'on the do-not-call list' },
  }));
  return (await store.campaigns.get(campaign.campaignId)) as CampaignRow;
}

test('the report has every contact once, the calls that counted, and money in dollars', async () => {
  const report = await buildReport(test_.store, await campaignUnderWay());
  expect(campaignReportSchema.parse(report)).toEqual(report);
  expect(report).toMatchObject({
    contacts: { total: 5, imported: 3, rejected: 1, duplicates: 1 },
    outcomes: { completed: 1, skipped: 1 },
    attempts: 2,
    costUsd: 0.1234,
    rejected: [{ line: 5, phone: 'nonsense', reason: 'this is not a phone number' }],
  });
  expect(report.results.map(({ phone, outcome, attempts }) => [phone, outcome, attempts])).toEqual([
    ['+12125550101', 'completed', 1],
    ['+12125550102', 'skipped', 1],
    ['+12125550103', null, 0],
  ]);
  const [talked, skipped] = report.results;
  expect(talked?.calls).toMatchObject([
    {
      carrierCallId: expect.stringMatching(/^CA-call_/),
      attempt: 1,
      transferredTo: '+15005550009',
      summary: 'Tuesday is confirmed.',
      transcript: [
        { role: 'assistant', text: 'Hi Ada, does Tuesday suit you?', interrupted: true },
        { role: 'user', text: 'Yes, it does.' },
      ],
    },
  ]);
  expect(skipped).toMatchObject({ reason: 'suppressed', calls: [{ attempt: 1, outcome: 'busy' }] });
});

test('the report that is written piece by piece is the same as the one in memory', async () => {
  const { store } = test_;
  const campaign = await campaignUnderWay();
  const folder = await mkdtemp(join(tmpdir(), 'patter-report-'));
  try {
    const file = join(folder, 'deep', 'report.json');
    await writeReport(store, campaign, file);
    const written = JSON.parse(await readFile(file, 'utf8'));
    expect(written).toEqual(await buildReport(store, campaign));
    let text = '';
    for await (const piece of reportJson(store, campaign)) text += piece;
    expect(JSON.parse(text)).toEqual(written);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a campaign without contacts has a report too', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, []);
  let text = '';
  for await (const piece of reportJson(store, campaign)) text += piece;
  expect(campaignReportSchema.parse(JSON.parse(text))).toMatchObject({ results: [], rejected: [], outcomes: {}, startedAt: null });
});

test('a report of more contacts than a page has each of them once', async () => {
  const { store } = test_;
  const phones = Array.from({ length: 1_201 }, (_, index) => `+1312555${String(index).padStart(4, '0')}`);
  const report = await buildReport(store, await campaignWith(store, phones));
  expect(report.results.map((result) => result.phone)).toEqual(phones);
});

test('for a person: outcomes, numbers, a conversation, what was left out and why', async () => {
  const { store } = test_;
  const campaign = await campaignUnderWay();
  const view = await readReportView(store, campaign);
  expect(view).toEqual(reportViewOf(await buildReport(store, campaign)));
  const text = renderReport(view, { color: false, columns: 80, where: [{ what: 'Report', place: '/tmp/report.json' }] });
  for (const words of [
    'completed',
    '3 of 5 rows (1 duplicates merged, 1 rejected)',
    '2 calls that counted',
    '$0.1234',
    'Hi Ada, does Tuesday suit you? — (cut off)',
    'caller  Yes, it does.',
    'Tuesday is confirmed.',
    'suppressed',
    'line 5',
    '/tmp/report.json',
  ]) {
    expect(text).toContain(words);
  }
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  expect(text).not.toContain('\u001b');
});

test('whoever follows a campaign sees its end, and waits for the work after the last call', async () => {
  const { store } = test_;
  const campaign = await campaignUnderWay();
  const seen: boolean[] = [];
  for await (const { final, progress } of followCampaign({ store, clock: systemClock }, campaign.campaignId, { intervalMs: 5 })) {
    seen.push(final);
    if (seen.length === 1) {
      await store.contacts.closeRemaining(campaign.campaignId, 'canceled', later(40_000));
      await store.campaigns.finish(campaign.campaignId, 'canceled', later(40_000));
    } else if (seen.length === 2) {
      expect(progress.postCallOpen).toBeGreaterThan(0);
      for (const row of await store.attempts.byContact(
        (await store.contacts.page(campaign.campaignId, 0, 10)).map((one) => one.contactId),
      )) {
        await store.attempts.finishPostCall(row.callId, []);
      }
    }
  }
  expect(seen).toEqual([false, false, true]);
});

test('following ends at once when it is told to', async () => {
  const { store } = test_;
  const campaign = await campaignUnderWay();
  const detach = new AbortController();
  let snapshots = 0;
  for await (const { final } of followCampaign({ store, clock: systemClock }, campaign.campaignId, {
    signal: detach.signal,
    intervalMs: 60_000,
  })) {
    expect(final).toBe(false);
    snapshots += 1;
    setImmediate(() => detach.abort());
  }
  expect(snapshots).toBe(1);
});
