/** After whatever was done to a campaign: one sentence for every promise that was broken. */
import type { CampaignReport } from '../../contracts/report';
import { compareReportWithLedger } from '../../lab/compare-report';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import type { RealtimeEntry } from '../../lab/openai/ledger-entry';
import { until } from './until';
import type { ChaosWorld } from './world';

export interface VerifyOptions {
  /** What is said once a call and never again. */
  onceACall: readonly string[];
}

const GARBLED_LETTERS = 4;
/** From the end of a sentence to its checkpoint in Temporal: the mark's way back, the request, and what a busy machine adds. */
const CHECKPOINT_MS = 250;
/** How long what is being closed may take after the campaign's end. */
const CLOSED_WITHIN_MS = 60_000;

export async function verifyCampaign(
  world: ChaosWorld,
  campaignId: string,
  report: CampaignReport,
  options: VerifyOptions,
): Promise<string[]> {
  const problems: string[] = [];
  await closed(world, campaignId).catch((error: Error) => problems.push(error.message, String(error.cause)));
  const ledger = ledgerOf(report, await world.ledger());
  for (const problem of compareReportWithLedger(report, ledger)) {
    // A call that nobody could hold any more counts as failed, whoever had answered it.
    if (problem.endsWith(': reported as failed, and a machine answered')) continue;
    // Twilio's ids and Telnyx' alike.
    const told = /(\S+): the person never heard "(.*)", but \[/s.exec(problem);
    const call = told && ledger.calls.find((entry) => entry.callSid === told[1]);
    if (!told || !call) problems.push(problem);
    else if (!heardWithGap(call, told[2] as string)) problems.push(problem);
  }
  if (ledger.webhooks.length === 0 && report.results.some((result) => result.calls.length > 0)) problems.push('no webhook arrived');
  for (const result of report.results) {
    if (result.outcome === null) problems.push(`${result.phone}: no final outcome`);
    for (const call of result.calls) {
      if (!ledger.webhooks.some((webhook) => webhook.id === `${call.callId}-0`)) problems.push(`${call.callId}: its webhook never arrived`);
    }
  }
  for (const call of ledger.calls) problems.push(...checkCall(call, ledger, options));
  return problems;
}

/** The part of the ledger that belongs to the report's contacts. */
export function ledgerOf(report: CampaignReport, ledger: LedgerSnapshot): LedgerSnapshot {
  const phones = new Set(report.results.map((result) => result.phone));
  const own = new Set(ledger.calls.filter((call) => !call.parentCallSid && phones.has(call.to)).map((call) => call.callSid));
  return {
    ...ledger,
    calls: ledger.calls.filter((call) => own.has(call.parentCallSid ?? call.callSid)),
    webhooks: ledger.webhooks.filter(
      (webhook) => (webhook.body as { data?: { campaignId?: string } }).data?.campaignId === report.campaignId,
    ),
  };
}

function* checkCall(call: CallEntry, ledger: LedgerSnapshot, { onceACall }: VerifyOptions): Generator<string> {
  if (call.rings.length > 1) yield `${call.callSid} rang ${call.rings.length} times`;
  if (call.finalStatus === undefined) yield `${call.callSid} never ended`;
  const humans = ledger.calls.filter((child) => child.parentCallSid === call.callSid && child.answeredAt !== undefined);
  if (humans.length > 1) yield `${call.callSid} was transferred to ${humans.length} people`;
  const streams = [...call.streams].sort((a, b) => a.startedAt - b.startedAt);
  for (const [index, stream] of streams.entries()) {
    const next = streams[index + 1];
    if (next && next.startedAt < (stream.endedAt ?? Number.POSITIVE_INFINITY)) yield `${call.callSid} had two streams at once`;
  }
  const heard = heardText(call);
  // What a mailbox heard before its beep is said to it again.
  if (call.voicemail !== undefined) return;
  for (const text of onceACall) {
    const times = heard.split(squash(text)).length - 1;
    if (times > 1 + call.heard.filter((segment) => diedUntold(call, segment, text)).length) {
      yield `${call.callSid} heard "${text}" ${times} times: ${JSON.stringify(call.heard)} ${JSON.stringify(call.streams)}`;
    }
  }
}

/**
 * The text was the last that was heard of a stream that broke before anybody can have been told of it: it is said again, because nobody knows that it was
 * heard to its end, and the law wants a disclosure whole.
 */
function diedUntold(call: CallEntry, segment: CallEntry['heard'][number], text: string): boolean {
  const stream = call.streams.find((entry) => entry.streamSid === segment.streamSid);
  if (!stream?.endedAt || segment.lastHeardAt === undefined || !squash(segment.text).endsWith(squash(text))) return false;
  return stream.endedAt - segment.lastHeardAt < CHECKPOINT_MS;
}

/** Nothing is left open in the store, in Temporal, at the AI vendor and on the phone network. */
async function closed(world: ChaosWorld, campaignId: string): Promise<void> {
  let open: string[] = [];
  const ask = async () => {
    open = await openThings(world, campaignId);
    return open.length === 0;
  };
  await until(ask, { withinMs: CLOSED_WITHIN_MS, what: 'nothing is left open', everyMs: 200 }).catch((error: Error) => {
    throw new Error(`left open: ${open.join(', ')}`, { cause: error.cause });
  });
}

async function openThings(world: ChaosWorld, campaignId: string): Promise<string[]> {
  const { store, temporal } = world.ctx;
  const open: string[] = [];
  const progress = await store.campaigns.progress(campaignId);
  if (progress.active > 0) open.push(`${progress.active} slots`);
  if (progress.waiting > 0) open.push(`${progress.waiting} contacts without an outcome`);
  if (progress.postCallOpen > 0) open.push(`${progress.postCallOpen} post-call steps`);
  const attempts = await store.attempts.open(campaignId);
  if (attempts.length > 0) open.push(`${attempts.length} attempts`);
  const leases = await world.sql('select call_id from leases where campaign_id = $1', [campaignId]);
  if (leases.length > 0) open.push(`${leases.length} leases`);
  for await (const workflow of temporal.workflow.list({ query: `ExecutionStatus = 'Running' AND PatterCampaignId = '${campaignId}'` })) {
    open.push(`workflow ${workflow.workflowId}`);
  }
  const ledger = await world.ledger();
  const sessions = ((ledger.notes.realtime ?? []) as RealtimeEntry[]).filter((session) => session.closedAt === undefined);
  if (sessions.length > 0) open.push(`${sessions.length} sessions of the AI vendor`);
  const calls = ledger.calls.filter((call) => call.finalStatus === undefined);
  if (calls.length > 0) open.push(`calls ${calls.map((call) => call.callSid).join(' ')}`);
  return open;
}

/**
 * A gateway, or a lab, that is late in the middle of a word garbles that word and goes on with the next: of the utterance all but a few letters in one
 * place were heard, and what was heard as garbled may have been any letter.
 */
function heardWithGap(call: CallEntry, text: string): boolean {
  const heard = heardText(call);
  const wanted = [...squash(text)];
  const occurs = (letters: readonly string[]) =>
    new RegExp(letters.map((letter) => `[\\u{${letter.codePointAt(0)?.toString(16)}}\uFFFD]`).join(''), 'u').test(heard);
  let head = 0;
  while (head < wanted.length && occurs(wanted.slice(0, head + 1))) head++;
  let tail = 0;
  while (tail < wanted.length - head && occurs(wanted.slice(wanted.length - tail - 1))) tail++;
  return head + tail >= wanted.length - GARBLED_LETTERS;
}

/** All that the agent said on streams, as it reached the ear, without white space. */
export function heardText(call: CallEntry): string {
  return squash(
    call.heard
      .filter((segment) => segment.via === 'stream')
      .map((segment) => segment.text)
      .join('|'),
  );
}

function squash(text: string): string {
  return text.replace(/\s+/g, '');
}
