import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { microsToUsd } from '../../contracts/money';
import type { CampaignReport, ReportCall, ReportRecording } from '../../contracts/report';
import { reportedPrice } from '../../policy/price-view';
import { recordingView } from '../../policy/recording-view';
import type { AttemptRow, CampaignRow, ContactRow, Store } from '../../store/store';

export type ReportResult = CampaignReport['results'][number];
/** All of a report but its long lists. */
export type ReportHead = Omit<CampaignReport, 'results' | 'rejected'>;

const PAGE = 500;

export async function reportHead(store: Store, campaign: CampaignRow): Promise<ReportHead> {
  const progress = await store.campaigns.progress(campaign.campaignId);
  return {
    campaignId: campaign.campaignId,
    name: campaign.name,
    state: campaign.state,
    startedAt: iso(campaign.startedAt),
    endedAt: iso(campaign.endedAt),
    contacts: {
      total: campaign.rowsTotal,
      imported: progress.contacts,
      rejected: campaign.rowsRejected,
      duplicates: campaign.rowsDuplicate,
    },
    outcomes: progress.outcomes,
    attempts: progress.attempts,
    costUsd: microsToUsd(progress.costMicros),
    ...(progress.estimatedCalls > 0 && { estimatedCalls: progress.estimatedCalls }),
  };
}

/** Every imported contact once, in the order of the file, read in pages. */
export async function* reportResults(store: Store, campaignId: string): AsyncGenerator<ReportResult> {
  let afterLine = 0;
  const recorded = (await store.campaigns.get(campaignId))?.spec.recording !== undefined;
  for (;;) {
    const contacts = await store.contacts.page(campaignId, afterLine, PAGE);
    const last = contacts.at(-1);
    if (!last) return;
    const attempts = await store.attempts.byContact(contacts.map((contact) => contact.contactId));
    const recordings = new Map(
      recorded ? (await store.recordings.byCalls(attempts.map(({ callId }) => callId))).map((row) => [row.callId, row]) : [],
    );
    const calls = new Map<string, RecordedAttempt[]>();
    for (const attempt of attempts) {
      const known = { ...attempt, recording: recordingView(recordings.get(attempt.callId), attempt.state === 'ended') };
      calls.set(attempt.contactId, [...(calls.get(attempt.contactId) ?? []), known]);
    }
    for (const contact of contacts) yield toResult(contact, calls.get(contact.contactId) ?? []);
    if (contacts.length < PAGE) return;
    afterLine = last.line;
  }
}

export async function reportRejected(store: Store, campaignId: string): Promise<CampaignReport['rejected']> {
  return (await store.contacts.rejected(campaignId)).map(({ line, phone, reason }) => ({ line, phone, reason }));
}

/** The whole report in memory: for campaigns that a person looks at. `writeReport` has no such limit. */
export async function buildReport(store: Store, campaign: CampaignRow): Promise<CampaignReport> {
  const results: ReportResult[] = [];
  for await (const result of reportResults(store, campaign.campaignId)) results.push(result);
  return { ...(await reportHead(store, campaign)), results, rejected: await reportRejected(store, campaign.campaignId) };
}

/** The report as JSON text, piece by piece. */
export async function* reportJson(store: Store, campaign: CampaignRow): AsyncGenerator<string> {
  const head = JSON.stringify(await reportHead(store, campaign), null, 2);
  yield `${head.slice(0, head.lastIndexOf('\n}'))},\n  "results": [`;
  let separator = '\n    ';
  for await (const result of reportResults(store, campaign.campaignId)) {
    yield separator + JSON.stringify(result);
    separator = ',\n    ';
  }
  yield `${separator === '\n    ' ? '' : '\n  '}],\n  "rejected": ${JSON.stringify(await reportRejected(store, campaign.campaignId))}\n}\n`;
}

/** Writes the report to a file, which appears when it is complete. Mode 0600: it holds numbers and transcripts. */
export async function writeReport(store: Store, campaign: CampaignRow, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  const handle = await open(partial, 'w', 0o600);
  try {
    for await (const text of reportJson(store, campaign)) await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}

type RecordedAttempt = AttemptRow & { recording: ReportRecording | undefined };

function toResult(contact: ContactRow, attempts: RecordedAttempt[]): ReportResult {
  const calls = attempts.flatMap(toCall).sort((a, b) => a.attempt - b.attempt);
  const reason = contact.outcome === null ? contact.waitReason : contact.outcomeReason;
  return {
    contactId: contact.contactId,
    phone: contact.phone,
    outcome: contact.outcome,
    attempts: contact.attempts,
    ...(reason && { reason }),
    calls,
  };
}

/** None for an attempt that the gate stopped, that was given back, or that is still under way. */
function toCall(row: RecordedAttempt): ReportCall[] {
  if (row.attempt === null || row.outcome === null) return [];
  return [
    {
      callId: row.callId,
      carrierCallId: row.carrierCallId,
      attempt: row.attempt,
      outcome: row.outcome,
      ...(row.reason !== null && { reason: row.reason }),
      answeredBy: row.answeredBy,
      startedAt: iso(row.createdAt),
      answeredAt: iso(row.answeredAt),
      endedAt: iso(row.endedAt),
      ...(row.transferredTo !== null && { transferredTo: row.transferredTo }),
      transcript: row.turns.map(({ role, text, interrupted }) => ({ role, text, ...(interrupted && { interrupted }) })),
      ...(row.summary !== null && { summary: row.summary }),
      ...(row.extraction !== null && { extraction: row.extraction }),
      ...(row.recording && { recording: row.recording }),
      costUsd: microsToUsd(row.costMicros),
      ...reportedPrice(row),
    },
  ];
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
