/** After whatever was done to a campaign: one sentence for every promise that was broken. */
import { usdToMicros } from '../../contracts/money';
import type { CampaignReport } from '../../contracts/report';
import { compareReportWithLedger } from '../../lab/compare-report';
import type { ConvaiEntry } from '../../lab/elevenlabs/convai/ledger-entry';
import type { CallEntry, LedgerSnapshot, StreamEntry } from '../../lab/ledger';
import type { ChatEntry, RealtimeEntry, SpeechEntry } from '../../lab/openai/ledger-entry';
import type { Strike } from './chaos';
import { heardText, holds, squash } from './heard';
import { type Allowance, lostWithoutNeed } from './loss';
import { until } from './until';
import type { ChaosWorld } from './world';

export interface VerifyOptions {
  /** What is said once a call and never again. */
  onceACall: readonly string[];
  /** A call's workflow was lost, and what it knew of the talk. */
  lostWorkflow?: true;
}

/** From the end of a sentence to its checkpoint in Temporal: the mark's way back, the request, and what a busy machine adds. */
const CHECKPOINT_MS = 250;
/** How far ahead of the ear a gateway sends. */
const LEAD_MS = 400;
/** How long a server or a worker that was hit may be away, in all these tests, until whoever waited for it has been told. */
const AWAY_MS = 20_000;
/** From a stream's start to its attach, on a busy machine. */
const ATTACHED_MS = 2_000;
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
    else if (!holds(heardText(call), squash(told[2] as string))) problems.push(problem);
  }
  if (ledger.webhooks.length === 0 && report.results.some((result) => result.calls.length > 0)) problems.push('no webhook arrived');
  for (const result of report.results) {
    if (result.outcome === null) problems.push(`${result.phone}: no final outcome`);
    for (const call of result.calls) {
      if (!ledger.webhooks.some((webhook) => webhook.id === `${call.callId}-0`)) problems.push(`${call.callId}: its webhook never arrived`);
    }
  }
  for (const call of ledger.calls) problems.push(...checkCall(world, call, ledger, options));
  if (!options.lostWorkflow) problems.push(...checkTalks(world, report, ledger));
  problems.push(...(await checkMoney(world, report)), ...(await checkOptOuts(world, report, ledger)));
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

function* checkCall({ chaos }: ChaosWorld, call: CallEntry, ledger: LedgerSnapshot, { onceACall }: VerifyOptions): Generator<string> {
  if (call.rings.length > 1) yield `${call.callSid} rang ${call.rings.length} times`;
  if (call.finalStatus === undefined) yield `${call.callSid} never ended`;
  const humans = ledger.calls.filter((child) => child.parentCallSid === call.callSid && child.answeredAt !== undefined);
  if (humans.length > 1) yield `${call.callSid} was transferred to ${humans.length} people`;
  const rung = ledger.calls.filter((child) => child.parentCallSid === call.callSid && child.rings.length > 0).map(({ to }) => to);
  if (new Set(rung).size < rung.length) yield `${call.callSid}: a desk rang twice, of ${rung.join(' ')}`;
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
    if (times > 1 + call.heard.filter((segment) => diedUntold(chaos, call, segment, text)).length) {
      yield `${call.callSid} heard "${text}" ${times} times: ${JSON.stringify(call.heard)} ${JSON.stringify(call.streams)}`;
    }
  }
}

/**
 * The text was the last that was heard of a stream that broke before anybody can have been told of it: it is said again, because nobody knows that it was
 * heard to its end, and the law wants a disclosure whole.
 */
function diedUntold(chaos: ChaosWorld['chaos'], call: CallEntry, segment: CallEntry['heard'][number], text: string): boolean {
  const stream = call.streams.find((entry) => entry.streamSid === segment.streamSid);
  const { lastHeardAt } = segment;
  if (!stream?.endedAt || lastHeardAt === undefined || !squash(segment.text).endsWith(squash(text))) return false;
  if (stream.endedAt - lastHeardAt < CHECKPOINT_MS) return true;
  // Frozen by then: the carrier played what it had been sent ahead, and kept the stream for seconds.
  const gateway = chaos.gatewayAt(stream.url);
  return chaos.strikes.some(
    ({ role, at }) => role !== undefined && role === gateway && at > lastHeardAt - LEAD_MS && at < lastHeardAt + CHECKPOINT_MS,
  );
}

/** The record of every talk with a person has all that was heard and said, but what died with a gateway. */
function* checkTalks(world: ChaosWorld, report: CampaignReport, ledger: LedgerSnapshot): Generator<string> {
  const { realtime = [], convai = [], chat = [], speech = [] } = ledger.notes;
  const utterances = [
    ...[...(realtime as RealtimeEntry[]), ...(convai as ConvaiEntry[])].flatMap(({ said }) => said.map(({ text }) => text)),
    ...(chat as ChatEntry[]).map(({ said }) => said),
    ...(speech as SpeechEntry[]).map(({ text }) => text),
  ];
  for (const record of report.results.flatMap(({ calls }) => calls)) {
    const call = ledger.calls.find(({ callSid }) => callSid === record.carrierCallId);
    if (call?.personaKind !== 'human') continue;
    for (const lost of lostWithoutNeed(call, record, { allowed: (stream) => allowanceOf(world, stream), utterances })) {
      yield `${call.callSid} (${call.persona}), ${lost}`;
    }
  }
}

function allowanceOf({ chaos }: ChaosWorld, stream: StreamEntry): Allowance {
  const { startedAt, endedAt = Number.POSITIVE_INFINITY } = stream;
  const role = chaos.gatewayAt(stream.url);
  const during = ({ at }: Strike) => at > startedAt - CHECKPOINT_MS && at < endedAt + CHECKPOINT_MS;
  // Without Temporal a gateway cannot tell how far the talk is, and without workers not that there is one: see "Not guaranteed" in docs/durability.md.
  const away = (kind: string, until: number) =>
    chaos.strikes.some(({ role, at }) => role?.startsWith(kind) && at > startedAt - AWAY_MS && at < until);
  const unattached = ['temporal', 'worker', 'postgres'].some((kind) => away(kind, startedAt + ATTACHED_MS));
  const broken = chaos.strikes.find((strike) => strike.role !== undefined && strike.role === role && during(strike));
  if (!broken) return unattached ? 'what nobody heard' : 'nothing';
  return unattached || away('temporal', broken.at + CHECKPOINT_MS) ? 'everything' : 'the last utterance';
}

/** What was spent, as budgets read it, is what the calls cost, line by line. */
async function checkMoney(world: ChaosWorld, report: CampaignReport): Promise<string[]> {
  const problems: string[] = [];
  const [campaign] = await world.sql('select spent_micros::float8 as spent from campaigns where campaign_id = $1', [report.campaignId]);
  const attempts = await world.sql(
    `select call_id, cost_micros::float8 as cost, (select coalesce(sum((line ->> 'micros')::float8), 0) from jsonb_array_elements(cost_lines) line) as lines
     from attempts where campaign_id = $1`,
    [report.campaignId],
  );
  const costs = attempts.reduce((sum, { cost }) => sum + Number(cost), 0);
  if (campaign?.spent !== costs) problems.push(`the campaign has spent ${campaign?.spent}, its calls cost ${costs}`);
  if (usdToMicros(report.costUsd) !== costs) problems.push(`the report says $${report.costUsd}, the calls cost ${costs} micros`);
  for (const { call_id, cost, lines } of attempts) {
    if (cost !== lines) problems.push(`${call_id} costs ${cost}, its lines add up to ${lines}`);
  }
  return problems;
}

/** Who asked not to be called again, and heard that they will not be, has opted out; nobody else has. */
async function checkOptOuts(world: ChaosWorld, report: CampaignReport, ledger: LedgerSnapshot): Promise<string[]> {
  const problems: string[] = [];
  const suppressed = await world.sql('select phone, source, call_id from suppressions where phone = any($1)', [
    report.results.map(({ phone }) => phone),
  ]);
  for (const { phone, outcome, calls } of report.results) {
    const own = ledger.calls.filter(({ to, parentCallSid }) => to === phone && parentCallSid === undefined);
    const asked = own.filter(({ said }) => said.some(({ text }) => /never call me again/i.test(text)));
    const told = asked.filter((call) => /notbecalledagain/i.test(heardText(call)));
    const rows = suppressed.filter((row) => row.phone === phone);
    if (rows.length > 0 && asked.length === 0) problems.push(`${phone} is suppressed, and never asked for it`);
    if (told.length === 0) continue;
    const callId = calls.find(({ carrierCallId }) => carrierCallId === told[0]?.callSid)?.callId;
    if (told.length > 1 || own.at(-1) !== told[0]) problems.push(`${phone} was told not to be called again, and was called again`);
    if (outcome !== 'opted_out') problems.push(`${phone} was told not to be called again, and is ${outcome}`);
    if (rows.length !== 1 || rows[0]?.call_id !== callId) {
      problems.push(`${phone} opted out in ${callId}; suppressed: ${JSON.stringify(rows)}`);
    }
  }
  return problems;
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
  const { realtime = [], convai = [] } = ledger.notes;
  const sessions = [...(realtime as RealtimeEntry[]), ...(convai as ConvaiEntry[])].filter((session) => session.closedAt === undefined);
  if (sessions.length > 0) open.push(`${sessions.length} sessions of the AI vendor`);
  const calls = ledger.calls.filter((call) => call.finalStatus === undefined);
  if (calls.length > 0) open.push(`calls ${calls.map((call) => call.callSid).join(' ')}`);
  return open;
}
