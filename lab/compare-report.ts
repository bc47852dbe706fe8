/**
 * Holds the product's story (a campaign report) against the truth (the lab's ledger), contact by contact.
 * Returns one sentence per disagreement; none: they tell the same story.
 */
import type { CampaignReport, ReportCall } from '../contracts/report';
import { wasHeard } from './heard';
import type { CallEntry, LedgerSnapshot } from './ledger';

type Result = CampaignReport['results'][number];

const ANSWERED = new Set(['completed', 'transferred', 'opted_out', 'callback_requested', 'voicemail']);
const NEVER_DIALED = new Set(['skipped', 'expired', 'canceled', 'invalid_number']);

export function compareReportWithLedger(report: CampaignReport, ledger: LedgerSnapshot): string[] {
  const problems: string[] = [];
  const outbound = ledger.calls.filter((call) => call.parentCallSid === undefined && call.direction === 'outbound');
  const known = new Set<string>();

  for (const result of report.results) {
    const truth = outbound.filter((call) => call.to === result.phone);
    for (const problem of compareContact(result, truth, ledger)) problems.push(`${result.phone}: ${problem}`);
    for (const call of truth) known.add(call.callSid);
  }
  for (const call of outbound) {
    if (!known.has(call.callSid)) problems.push(`${call.to}: the phone network saw a call (${call.callSid}) that the report does not know`);
  }
  problems.push(...compareTotals(report), ...compareWebhooks(report, ledger));
  return problems;
}

function* compareContact(result: Result, truth: CallEntry[], ledger: LedgerSnapshot): Generator<string> {
  const dialed = truth.filter((call) => call.rings.length > 0 || (call.finalStatus !== undefined && call.finalStatus !== 'canceled'));
  const reported = result.calls.filter((call) => call.carrierCallId !== null);
  const refused = result.calls.filter((call) => call.carrierCallId === null);
  if (reported.length !== dialed.length) yield `${reported.length} calls in the report, ${dialed.length} on the phone network`;
  if (result.attempts !== reported.length + refused.length)
    yield `${result.attempts} attempts in the report, ${result.calls.length} calls listed`;

  for (const call of truth) {
    if (call.rings.length > 1) yield `${call.callSid} rang ${call.rings.length} times`;
    for (const other of truth) {
      if (other !== call && overlap(call, other)) yield `${call.callSid} and ${other.callSid} were on the phone at once`;
    }
  }
  for (const call of reported) {
    const entry = truth.find((candidate) => candidate.callSid === call.carrierCallId);
    if (!entry) yield `the report's call ${call.carrierCallId} never took place`;
    else for (const problem of compareCall(call, entry, ledger)) yield `${call.carrierCallId}: ${problem}`;
  }
  if (result.outcome === null) yield 'no outcome';
  const last = result.calls.at(-1);
  if (last && result.outcome !== 'expired' && result.outcome !== 'canceled' && last.outcome !== result.outcome) {
    yield `the last call's outcome is ${last.outcome}, the contact's ${result.outcome}`;
  }
  if (result.outcome && NEVER_DIALED.has(result.outcome) && result.calls.length === 0 && dialed.length > 0) {
    yield `reported as ${result.outcome}, but dialled`;
  }
}

function* compareCall(call: ReportCall, entry: CallEntry, ledger: LedgerSnapshot): Generator<string> {
  const expected = outcomeOf(entry);
  if (expected && expected !== call.outcome) yield `reported as ${call.outcome}; the phone network says ${expected}`;
  if (ANSWERED.has(call.outcome) && entry.answeredAt === undefined) yield `reported as ${call.outcome}, but nobody answered`;
  if (entry.answeredAt !== undefined && call.answeredAt === null) yield 'answered, but the report has no answeredAt';
  if (entry.answeredAt !== undefined && call.costUsd <= 0) yield 'answered, but the report says that it cost nothing';
  const isMachine = entry.personaKind === 'voicemail';
  if (isMachine !== (call.outcome === 'voicemail'))
    yield `reported as ${call.outcome}, and ${isMachine ? 'a machine' : 'no machine'} answered`;

  // On Telnyx somebody may answer, hear what it is about, and decline: then the two were never connected.
  const humanLeg = ledger.calls.find(
    (child) =>
      child.parentCallSid === entry.callSid &&
      child.answeredAt !== undefined &&
      (child.carrier === 'twilio' || child.bridgedAt !== undefined),
  );
  if (humanLeg?.to !== call.transferredTo)
    yield `transferred to ${call.transferredTo ?? 'nobody'}; the phone network says ${humanLeg?.to ?? 'nobody'}`;

  const heard = squash(entry.heard.map((segment) => segment.text).join(''));
  for (const turn of call.transcript) {
    // Of an utterance that was cut off, the last word may have been heard in part.
    const text = squash(turn.interrupted ? turn.text.replace(/\s*\S+$/, '') : turn.text);
    if (turn.role === 'assistant' && !wasHeard(heard, text))
      yield `the person never heard "${turn.text}", but ${JSON.stringify(entry.heard)}`;
  }
  if (isMachine) return;
  const said = squash(entry.said.map((words) => words.text).join(''));
  for (const turn of call.transcript) {
    if (turn.role !== 'user' || turn.text.startsWith('[DTMF')) continue;
    // A recogniser that came in within a word has one garbled character in its place.
    if (
      !squash(turn.text)
        .split('\uFFFD')
        .every((part) => said.includes(part))
    )
      yield `the person never said "${turn.text}"`;
  }
}

/** What the phone network's own record leaves no doubt about. */
function outcomeOf(entry: CallEntry): ReportCall['outcome'] | undefined {
  if (entry.answeredAt !== undefined) return undefined;
  switch (entry.finalStatus) {
    case 'busy':
      return entry.sipCode === 603 ? 'rejected' : 'busy';
    case 'no-answer':
      return 'no_answer';
    case 'failed':
      if (entry.sipCode === 404) return 'invalid_number';
      return entry.sipCode === 603 ? 'rejected' : 'failed';
    default:
      return undefined;
  }
}

function* compareTotals(report: CampaignReport): Generator<string> {
  const { contacts, results, rejected } = report;
  if (contacts.imported !== results.length) yield `${contacts.imported} contacts imported, ${results.length} in the results`;
  if (contacts.rejected !== rejected.length) yield `${contacts.rejected} rows rejected, ${rejected.length} listed`;
  if (contacts.total !== contacts.imported + contacts.rejected + contacts.duplicates) yield 'the row counts do not add up';
  if (new Set(results.map((result) => result.phone)).size !== results.length) yield 'a contact is listed twice';
  const counted = new Map<string, number>();
  for (const { outcome } of results) if (outcome) counted.set(outcome, (counted.get(outcome) ?? 0) + 1);
  for (const [outcome, n] of Object.entries(report.outcomes)) {
    if (n !== (counted.get(outcome) ?? 0)) yield `outcomes.${outcome} is ${n}, the results have ${counted.get(outcome) ?? 0}`;
  }
  const total = [...counted.values()].reduce((sum, n) => sum + n, 0);
  const claimed = Object.values(report.outcomes).reduce((sum, n) => sum + (n ?? 0), 0);
  if (total !== claimed) yield `${claimed} outcomes counted, the results have ${total}`;
  if (report.attempts !== results.reduce((sum, result) => sum + result.attempts, 0)) yield 'attempts do not add up';
  const cost = results.flatMap((result) => result.calls).reduce((sum, call) => sum + call.costUsd, 0);
  if (Math.abs(cost - report.costUsd) > 1e-6) yield `costUsd is ${report.costUsd}, the calls add up to ${cost}`;
}

/** Every outcome reached every webhook, once by its id, with a good signature. */
function* compareWebhooks(report: CampaignReport, ledger: LedgerSnapshot): Generator<string> {
  const names = new Set(ledger.webhooks.map((webhook) => webhook.name));
  for (const webhook of ledger.webhooks) {
    if (!webhook.verified) yield `webhook ${webhook.id}: the signature is wrong (${webhook.error ?? 'no reason'})`;
  }
  for (const name of names) {
    const received = ledger.webhooks.filter((webhook) => webhook.name === name);
    const told = new Map<string, number>();
    for (const webhook of received) {
      const { type, data } = webhook.body as { type?: string; data?: { contactId?: string; contactOutcome?: string | null } };
      if (data?.contactId && (data.contactOutcome || type === 'contact.ended'))
        told.set(data.contactId, (told.get(data.contactId) ?? 0) + 1);
    }
    for (const result of report.results) {
      const n = told.get(result.contactId) ?? 0;
      if (n !== 1) yield `${result.phone}: webhook ${name} was told the final outcome ${n} times`;
    }
  }
}

function overlap(a: CallEntry, b: CallEntry): boolean {
  const from = (call: CallEntry) => call.rings[0] ?? Number.POSITIVE_INFINITY;
  const to = (call: CallEntry) => call.endedAt ?? Number.POSITIVE_INFINITY;
  return from(a) < to(b) && from(b) < to(a);
}

/** Texts are compared without white space: where one utterance ends and the next begins is not a matter of audio. */
function squash(text: string): string {
  return text.replace(/\s+/g, '');
}
