/** Phase by victim: what is killed, and what has to be true all the same. `npm test` takes a part of the table, `npm run test:full` all of it. */
import type { ToolCallRecord } from '../../contracts/call';
import type { Outcome } from '../../contracts/outcomes';
import { phoneOf } from '../e2e/world';
import type { Victim } from './chaos';
import { moment, type Phase, prepare, tidy } from './moments';
import { verifyCampaign } from './verify';
import { agentOf, type ChaosWorld, DISCLOSURE, GREETING, startChaosWorld } from './world';

interface Case {
  phase: Phase;
  victim: Victim;
  /** At the same moment. */
  also?: Victim;
  /** Unless the phase has its own. */
  callee?: 'quiet-box';
  /** The tool is the workflow's business. */
  durable?: true;
  /** `frozen servers`: processes are killed, and servers only frozen. */
  how?: 'freeze' | 'frozen servers';
  /** Also where only some are run: those that have found something. */
  always?: true;
  outcome?: Outcome;
  /** The longest silence that the caller may hear, in milliseconds. */
  silenceMs?: number;
  /** To the phone, where there must not be another. */
  calls?: number;
}

const full = process.env.PATTER_TEST_MATRIX === 'full';
const DOWN_MS = full ? 30_000 : 5_000;

/** Says nothing that sounds like a machine, and does not beep: only the carrier knows what it is, and tells nobody who lives. */
const QUIET_BOX = {
  kind: 'voicemail',
  answerAfterMs: 400,
  greeting: 'Miller.',
  beepMs: 0,
  endSilenceMs: 8_000,
  amd: { answeredBy: 'machine_end_silence', afterMs: 3_500 },
} as const;

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

const ALL: Case[] = [
  { phase: 'intent committed, request not sent', victim: 'workers' },
  { phase: 'request sent, not answered', victim: 'workers', always: true },
  { phase: 'ringing', victim: 'workers' },
  { phase: 'ringing', victim: 'gateway' },
  { phase: 'ringing', victim: 'gateways' },
  { phase: 'ringing', victim: 'temporal' },
  { phase: 'ringing', victim: 'postgres' },
  { phase: 'about to be answered', victim: 'workers', also: 'temporal', how: 'frozen servers', silenceMs: 1_500, calls: 1, always: true },
  { phase: 'about to be answered', victim: 'temporal', silenceMs: 1_500, calls: 1 },
  { phase: 'about to be answered', victim: 'workers', silenceMs: 1_500, calls: 1 },
  { phase: 'disclosure', victim: 'gateway', silenceMs: 3_000 },
  { phase: 'talking', victim: 'worker', silenceMs: 1_500 },
  { phase: 'talking', victim: 'workers', silenceMs: 1_500 },
  { phase: 'talking', victim: 'gateway', silenceMs: 3_000, always: true },
  { phase: 'talking', victim: 'gateway', how: 'freeze', silenceMs: 6_000, always: true },
  { phase: 'talking', victim: 'gateways' },
  { phase: 'talking', victim: 'temporal', silenceMs: 1_500, always: true },
  { phase: 'talking', victim: 'postgres', silenceMs: 1_500 },
  { phase: 'talking', victim: 'control', silenceMs: 1_500 },
  { phase: 'talking', victim: 'everything' },
  { phase: 'tool call', victim: 'workers' },
  { phase: 'tool call', victim: 'gateway', always: true },
  { phase: 'tool call', victim: 'gateway', also: 'workers', durable: true, always: true },
  { phase: 'tool call', victim: 'gateway', durable: true },
  { phase: 'tool call', victim: 'workers', durable: true },
  { phase: 'tool call', victim: 'temporal', durable: true },
  { phase: 'tool call', victim: 'everything', durable: true },
  { phase: 'transfer ringing', victim: 'workers' },
  { phase: 'transfer ringing', victim: 'gateway', always: true },
  { phase: 'transfer ringing', victim: 'temporal' },
  { phase: 'transferred', victim: 'everything' },
  { phase: 'voicemail drop', victim: 'gateway', always: true },
  { phase: 'voicemail drop', victim: 'workers' },
  { phase: 'voicemail drop', victim: 'gateway', also: 'workers' },
  { phase: 'voicemail drop', victim: 'temporal' },
  { phase: 'voicemail drop', victim: 'postgres' },
  { phase: 'disclosure', victim: 'gateway', callee: 'quiet-box', outcome: 'voicemail', always: true },
  { phase: 'opt-out', victim: 'gateway' },
  { phase: 'opt-out', victim: 'workers' },
  { phase: 'post-call', victim: 'workers' },
  { phase: 'post-call', victim: 'temporal' },
  { phase: 'post-call', victim: 'postgres' },
];

const CASES = ALL.filter((one) => full || one.always);
const phones = new Map(CASES.map((one, index) => [one, phoneOf(index * 3)]));
let world: ChaosWorld;

beforeAll(async () => {
  const roles = [...phones].map(([one, phone]) => [phone, one.callee ?? ROLES[one.phase] ?? 'talker'] as const);
  world = await startChaosWorld(Object.fromEntries(roles), { personas: { 'quiet-box': QUIET_BOX } });
}, 120_000);
afterAll(() => world?.stop(), 60_000);

const titleOf = ({ victim, also, how, durable, phase, callee }: Case) =>
  `${victim}${also ? ` and ${also}` : ''} ${how === 'freeze' ? 'frozen' : how ? `killed, ${how}` : 'killed'} at: ${durable ? 'durable ' : ''}${phase}${callee ? `, ${callee}` : ''}`;

test.each(CASES.map((one) => [titleOf(one), one] as const))(
  '%s',
  async (_title, one) => {
    const { phase, victim, also, how, durable = false, callee } = one;
    const phone = phones.get(one) as string;
    await world.chaos.recovered();
    await prepare(world, phase, phone);
    // It went to the gateway that is dead by then: which is back after a second or after five.
    if (callee) await world.addFaults([{ kind: 'callback_missing', event: 'amd', to: phone, count: 1 }]);
    const name = `${durable ? 'durable-' : ''}${phase}-${victim}-${also ?? ''}-${callee ?? ''}-${how ?? 'kill'}`.replace(/[^a-z]+/g, '-');
    const campaign = await world.start({ name, agent: agentOf(world.tool.url, durable) }, [phone]);
    await moment(world, phase, phone);
    if (how === 'freeze') for (const role of await world.chaos.rolesOf(victim, phone)) await world.chaos.freeze(role, 8_000);
    else {
      const victims = [victim, ...(also ? [also] : [])];
      const frozen = victims.filter((each) => how === 'frozen servers' && (each === 'temporal' || each === 'postgres'));
      for (const each of frozen) await world.chaos.freeze(each, DOWN_MS);
      const killed = victims.filter((each) => !frozen.includes(each));
      await Promise.all(killed.map((each) => world.chaos.strike(each, { phone, downMs: DOWN_MS })));
    }
    await tidy(world, phase).catch(() => undefined);
    await world.chaos.recovered();
    const { report } = await world.end(campaign);
    await tidy(world, phase);
    const calls = await world.calls(phone);
    const longestSilenceMs = Math.max(0, ...calls.map((call) => call.longestSilenceMs));
    process.stderr.write(`${titleOf(one)}: ${report.results[0]?.outcome}, ${calls.length} calls, silence ${longestSilenceMs} ms\n`);
    expect(await verifyCampaign(world, campaign, report, { onceACall: [DISCLOSURE, GREETING] })).toEqual([]);
    expect(report.results.map((result) => result.outcome)).toEqual([one.outcome ?? OUTCOMES[phase] ?? 'completed']);
    if (one.calls !== undefined) expect(calls).toHaveLength(one.calls);
    if (one.silenceMs !== undefined) expect(longestSilenceMs).toBeLessThanOrEqual(one.silenceMs);
    for (const call of report.results[0]?.calls ?? []) expect(world.tool.actionsOf(call.callId).length).toBeLessThanOrEqual(1);
    if (durable) await carriedOutOnce(report.results[0]?.calls[0]?.callId as string);
  },
  180_000,
);

/** Who was asked while its asker died is asked again, with the same key: one confirmation, and the record has its answer. */
async function carriedOutOnce(callId: string): Promise<void> {
  const [row] = await world.sql('select tool_calls from attempts where call_id = $1', [callId]);
  const confirmed = ((row?.tool_calls ?? []) as ToolCallRecord[]).filter(({ name }) => name === 'confirm');
  expect(confirmed).toMatchObject([{ ok: true, result: '{"ok":true}' }]);
  expect(world.tool.actionsOf(callId)).toEqual([`${callId}.${confirmed[0]?.id}`]);
}
