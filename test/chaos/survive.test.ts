/** Phase by victim: what is killed, and what has to be true all the same. `npm test` takes a part of the table, `npm run test:full` all of it. */
import type { CallEntry } from '../../lab/ledger';
import { phoneOf } from '../e2e/world';
import { type Case, play, roleOf, titleOf } from './case';
import { until } from './until';
import { verifyCampaign } from './verify';
import { type ChaosWorld, DISCLOSURE, GREETING, startChaosWorld } from './world';

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

const ALL: Case[] = [
  { phase: 'intent committed, request not sent', victim: 'workers' },
  { phase: 'request sent, not answered', victim: 'workers', always: true },
  // Who answers while nobody can be told who they are waits until it is back.
  { phase: 'request sent, not answered', victim: 'postgres', downMs: 5_000 },
  { phase: 'request sent, not answered', victim: 'everything', nobodyThere: true },
  { phase: 'ringing', victim: 'workers' },
  { phase: 'ringing', victim: 'gateway' },
  { phase: 'ringing', victim: 'gateways', nobodyThere: true },
  { phase: 'ringing', victim: 'temporal' },
  { phase: 'ringing', victim: 'postgres' },
  { phase: 'about to be answered', victim: 'workers', also: 'temporal', how: 'frozen servers', silenceMs: 1_500, always: true },
  { phase: 'about to be answered', victim: 'temporal', silenceMs: 1_500 },
  { phase: 'about to be answered', victim: 'workers', silenceMs: 1_500 },
  { phase: 'disclosure', victim: 'gateway', silenceMs: 3_000 },
  { phase: 'talking', victim: 'worker', silenceMs: 1_500 },
  { phase: 'talking', victim: 'workers', silenceMs: 1_500 },
  { phase: 'talking', victim: 'gateway', silenceMs: 3_000, always: true },
  { phase: 'talking', victim: 'gateway', how: 'freeze', silenceMs: 6_000 },
  { phase: 'talking', victim: 'gateway', engine: 'pipeline', silenceMs: 3_000 },
  { phase: 'talking', victim: 'gateway', engine: 'convai', silenceMs: 3_000, always: true },
  { phase: 'talking', victim: 'gateways', calls: 2 },
  { phase: 'talking', victim: 'temporal', silenceMs: 1_500 },
  { phase: 'talking', victim: 'temporal', back: 'after the call', silenceMs: 1_500, always: true },
  { phase: 'talking', victim: 'postgres', silenceMs: 1_500 },
  { phase: 'talking', victim: 'control', silenceMs: 1_500 },
  { phase: 'talking', victim: 'everything', calls: 2 },
  { phase: 'tool call', victim: 'workers' },
  { phase: 'tool call', victim: 'gateway' },
  { phase: 'tool call', victim: 'gateway', also: 'workers', durable: true, always: true },
  { phase: 'tool call', victim: 'gateway', durable: true },
  { phase: 'tool call', victim: 'workers', durable: true },
  { phase: 'tool call', victim: 'temporal', durable: true },
  { phase: 'tool call', victim: 'everything', durable: true, calls: 2 },
  { phase: 'transfer ringing', victim: 'workers' },
  { phase: 'transfer ringing', victim: 'gateway', always: true },
  { phase: 'transfer ringing', victim: 'temporal' },
  { phase: 'transferred', victim: 'gateway' },
  { phase: 'transferred', victim: 'everything' },
  { phase: 'voicemail drop', victim: 'gateway', always: true },
  { phase: 'voicemail drop', victim: 'workers' },
  { phase: 'voicemail drop', victim: 'gateway', also: 'workers', nobodyThere: true },
  { phase: 'voicemail drop', victim: 'temporal' },
  { phase: 'voicemail drop', victim: 'postgres' },
  { phase: 'disclosure', victim: 'gateway', callee: 'quiet-box', outcome: 'voicemail', always: true },
  { phase: 'opt-out', victim: 'gateway' },
  { phase: 'opt-out', victim: 'workers' },
  { phase: 'opt-out', victim: 'temporal', always: true },
  { phase: 'opt-out', victim: 'postgres' },
  { phase: 'post-call', victim: 'workers' },
  { phase: 'post-call', victim: 'temporal' },
  { phase: 'post-call', victim: 'postgres' },
];

const CASES = ALL.filter((one) => full || one.always);
const phones = new Map(CASES.map((one, index) => [one, [phoneOf(index * 3), phoneOf(index * 3 + 1)] as const]));
let world: ChaosWorld;

beforeAll(async () => {
  const roles = [...phones].flatMap(([one, own]) => own.map((phone) => [phone, roleOf(one)] as const));
  world = await startChaosWorld(Object.fromEntries(roles), { personas: { 'quiet-box': QUIET_BOX } });
}, 120_000);
afterAll(() => world?.stop(), 60_000);

test.each(CASES.map((one) => [titleOf(one), one] as const))(
  '%s',
  (_title, one) => play(world, one, phones.get(one) as readonly string[], DOWN_MS),
  300_000,
);

const inFull = full ? test : test.skip;
inFull(
  'a worker that is frozen over the request that dials: the person talks to another, and the second ring is hung up on',
  async () => {
    const phone = phoneOf(phones.size * 3);
    await world.chaos.recovered();
    await world.addFaults([{ kind: 'create_overtaken', to: phone, count: 1, delayMs: 2_500 }]);
    const campaign = await world.start({ name: 'frozen-over-the-request' }, [phone]);
    const sent = async () => (await world.ledger()).requests.some(({ method, params }) => method === 'POST' && params.To === phone);
    await until(sent, { withinMs: 45_000, what: 'the request' });
    let thaw = () => {};
    const thawed = new Promise<void>((resolve) => {
      thaw = resolve;
    });
    await world.chaos.freeze(await diallerOf(phone), thawed);
    await until(async () => (await world.calls(phone)).length === 2, { withinMs: 120_000, what: 'the request has arrived' }).finally(thaw);
    await world.chaos.recovered();
    const { report } = await world.end(campaign);

    const [talked, late] = (await world.calls(phone)) as [CallEntry, CallEntry];
    expect(talked.streams).toHaveLength(1);
    expect(report.results).toMatchObject([{ outcome: 'completed', calls: [{ carrierCallId: talked.callSid }] }]);
    expect(late).toMatchObject({ finalStatus: 'canceled', endedBy: 'api', streams: [] });
    expect(late.answeredAt).toBeUndefined();
    const problems = await verifyCampaign(world, campaign, report, { onceACall: [DISCLOSURE, GREETING] });
    // Those of a ring that cannot be kept from ringing.
    expect(problems.filter((problem) => !problem.includes(late.callSid) && !/1 calls in the report, 2 on/.test(problem))).toEqual([]);
  },
  240_000,
);

/** The role of the worker that sent the request. */
async function diallerOf(phone: string): Promise<string> {
  const [row] = await world.sql('select call_id from attempts where to_number = $1', [phone]);
  const { raw } = await world.ctx.temporal.workflow.getHandle(row?.call_id as string).describe();
  const identity = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'dial')?.lastWorkerIdentity;
  const role = world.chaos.roles().find((one) => identity?.startsWith(`${world.chaos.stateOf(one)?.pid}@`));
  if (!role) throw new Error(`nobody is ${identity}`);
  return role;
}
