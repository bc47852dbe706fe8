/** One row of a table: who is killed in which phase of a call, and what has to be true all the same. */
import type { ToolCallRecord } from '../../contracts/call';
import type { CarrierName } from '../../contracts/carrier';
import type { Outcome } from '../../contracts/outcomes';
import type { ReportCall } from '../../contracts/report';
import type { CallEntry } from '../../lab/ledger';
import type { Victim } from './chaos';
import { heardText, squash } from './heard';
import { moment, type Phase, prepare, tidy } from './moments';
import { until } from './until';
import { verifyCampaign } from './verify';
import { agentOf, type ChaosWorld, DISCLOSURE, type Engine, GREETING } from './world';

export interface Case {
  phase: Phase;
  victim: Victim;
  /** At the same moment. */
  also?: Victim;
  carrier?: CarrierName;
  /** Who speaks, if not Realtime. */
  engine?: Exclude<Engine, 'realtime'>;
  /** Unless the phase has its own. */
  callee?: string;
  /** The tool is the workflow's business. */
  durable?: true;
  /** `frozen servers`: processes are killed, and servers only frozen. */
  how?: 'freeze' | 'frozen servers';
  /** How long a server is away, unless as long as in the other rows. */
  downMs?: number;
  /** The server is back when the call has ended, and no sooner. */
  back?: 'after the call';
  /** Also where only some are run: those that have found something, and those that show most. */
  always?: true;
  outcome?: Outcome;
  /** The longest silence that the caller may hear, in milliseconds. */
  silenceMs?: number;
  /** To the phone: of two the first was dropped. */
  calls?: 2;
  /** Nobody of ours may be back before the carrier hangs up on who answers, or a mailbox does. */
  nobodyThere?: true;
}

const ROLES: Partial<Record<Phase, string>> = {
  ringing: 'late-riser',
  'about to be answered': 'late-and-short',
  'transfer ringing': 'talks-to-desk',
  transferred: 'talks-to-desk',
  'voicemail drop': 'mailbox',
  'opt-out': 'leaves',
};
const OUTCOMES: Partial<Record<Phase, Outcome>> = {
  'transfer ringing': 'transferred',
  transferred: 'transferred',
  'voicemail drop': 'voicemail',
  'opt-out': 'opted_out',
};
/** Where somebody is on a stream that the agent has not done with. */
const ON_STREAM: readonly Phase[] = ['disclosure', 'talking', 'tool call', 'voicemail drop'];
const FROZEN_MS = 8_000;
const ENDED_WITHIN_MS = 60_000;

export const roleOf = ({ callee, phase }: Case): string => callee ?? ROLES[phase] ?? 'talker';

export function titleOf({ victim, also, how, back, durable, phase, callee, carrier, engine }: Case): string {
  const told = how === 'freeze' ? 'frozen' : how ? `killed, ${how},` : back ? `killed, back ${back},` : 'killed';
  const where = [durable && 'durable', phase].filter(Boolean).join(' ');
  return [`${victim}${also ? ` and ${also}` : ''} ${told} at: ${where}`, callee, engine, carrier].filter(Boolean).join(', ');
}

/** @param phones the next one is called where a talk never came to the moment, as when a word of it was garbled: nothing was struck then, and nothing shown */
export async function play(world: ChaosWorld, one: Case, [phone, ...more]: readonly string[], downMs: number): Promise<void> {
  const { phase, victim, durable = false, carrier, engine } = one;
  if (phone === undefined) throw new Error(`nobody to be called: ${titleOf(one)}`);
  await world.chaos.recovered();
  await prepare(world, phase, phone);
  // It went to the gateway that is dead by then: which is back after a second or after five.
  if (one.callee === 'quiet-box') await world.addFaults([{ kind: 'callback_missing', event: 'amd', to: phone, count: 1 }]);
  const name = titleOf(one)
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')
    .slice(0, 60);
  const campaign = await world.start(
    { name: `${name}-${more.length}`, ...(carrier && { carrier }), agent: agentOf(world.tool.url, { durable, engine }) },
    [phone],
  );
  try {
    await moment(world, phase, phone);
  } catch (error) {
    if (more.length === 0) throw error;
    process.stderr.write(`${titleOf(one)}: ${String(error)}; somebody else is called\n`);
    await tidy(world, phase).catch(() => undefined);
    await world.end(campaign);
    return play(world, one, more, downMs);
  }
  await strike(world, one, phone, downMs);
  await tidy(world, phase).catch(() => undefined);
  await world.chaos.recovered();
  const { report } = await world.end(campaign);
  await tidy(world, phase);

  const calls = await world.calls(phone);
  const longestSilenceMs = Math.max(0, ...calls.map((call) => call.longestSilenceMs));
  process.stderr.write(`${titleOf(one)}: ${report.results[0]?.outcome}, ${calls.length} calls, silence ${longestSilenceMs} ms\n`);
  expect(await verifyCampaign(world, campaign, report, { onceACall: [DISCLOSURE, GREETING] })).toEqual([]);
  expect(report.results.map((result) => result.outcome)).toEqual([one.outcome ?? OUTCOMES[phase] ?? 'completed']);
  expect(calls).toHaveLength(one.calls ?? 1);
  const moved = victim === 'gateway' && ON_STREAM.includes(phase);
  if (!one.nobodyThere) expect(calls.at(-1)?.streams.length).toBeGreaterThanOrEqual(moved ? 2 : 1);
  if (OUTCOMES[phase] === 'transferred') {
    // Whatever died meanwhile: the answer to what the caller said after it.
    const fromDesk = calls[0]?.heard.filter(({ via }) => via === 'dial').map(({ text }) => text);
    expect(fromDesk?.join()).toContain('Done, I moved it to Friday.');
  }
  if (one.silenceMs !== undefined) expect(longestSilenceMs).toBeLessThanOrEqual(one.silenceMs);
  const records = report.results[0]?.calls ?? [];
  for (const call of records) expect(world.tool.actionsOf(call.callId).length).toBeLessThanOrEqual(1);
  if (durable) await carriedOutOnce(world, records[0]?.callId as string);
  if (one.back) toldWhole(calls[0] as CallEntry, records[0] as ReportCall);
}

async function strike(
  world: ChaosWorld,
  { phase, victim, also, how, back, downMs: own }: Case,
  phone: string,
  usualMs: number,
): Promise<void> {
  const victims = [victim, ...(also ? [also] : [])];
  const downMs = own ?? usualMs;
  if (how === 'freeze') {
    for (const role of await world.chaos.rolesOf(victim, phone)) await world.chaos.freeze(role, FROZEN_MS);
    return;
  }
  const frozen = victims.filter((each) => how === 'frozen servers' && (each === 'temporal' || each === 'postgres'));
  for (const each of frozen) await world.chaos.freeze(each, downMs);
  const ended = () =>
    until(async () => (await world.calls(phone)).every((call) => call.finalStatus !== undefined), {
      withinMs: ENDED_WITHIN_MS,
      what: `the call of ${phone} has ended (${phase})`,
    });
  const killed = victims.filter((each) => !frozen.includes(each));
  await Promise.all(killed.map((each) => world.chaos.strike(each, { phone, down: back ? ended() : downMs })));
}

/** Who was asked while its asker died is asked again, with the same key: one confirmation, and the record has its answer. */
async function carriedOutOnce(world: ChaosWorld, callId: string): Promise<void> {
  const [row] = await world.sql('select tool_calls from attempts where call_id = $1', [callId]);
  const confirmed = ((row?.tool_calls ?? []) as ToolCallRecord[]).filter(({ name }) => name === 'confirm');
  expect(confirmed).toMatchObject([{ ok: true, result: '{"ok":true}' }]);
  expect(world.tool.actionsOf(callId)).toEqual([`${callId}.${confirmed[0]?.id}`]);
}

/** All that was heard and said stands in the record, in its order, and nothing else. */
function toldWhole(call: CallEntry, record: ReportCall): void {
  const turns = (role: 'assistant' | 'user') => record.transcript.filter((turn) => turn.role === role).map(({ text }) => squash(text));
  expect(turns('assistant').join('')).toBe(heardText(call).replaceAll('|', ''));
  expect(turns('user').join('')).toBe(call.said.map(({ text }) => squash(text)).join(''));
}
