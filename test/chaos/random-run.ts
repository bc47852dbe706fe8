/** A campaign of many kinds of people, and a seed that decides who is killed when. The same seed makes the same plan. */
import { sleep, systemClock } from '../../contracts/clock';
import type { CampaignReport } from '../../contracts/report';
import type { FaultInput } from '../../lab/faults';
import { seededFraction } from '../../lab/random';
import { phoneOf } from '../e2e/world';
import { verifyCampaign } from './verify';
import { DISCLOSURE, GREETING, OTHER_DESK, startChaosWorld } from './world';

export interface RandomRun {
  seed: number;
  /** How long strikes go on; the campaign ends some time after. */
  seconds: number;
  /** Told what happens. */
  tell: (line: string) => void;
}

interface Plan {
  atMs: number;
  victim: 'worker' | 'worker-2' | 'workers' | 'gateway-1' | 'gateway-2' | 'gateways' | 'control' | 'temporal' | 'postgres' | 'everything';
  how: 'kill' | 'freeze';
  /** Of the absence of a server, or of the freeze. */
  forMs: number;
}

const PEOPLE = [
  'talker',
  'talker',
  'late-riser',
  'mailbox',
  'talks-to-desk',
  'leaves',
  'busy',
  'no-answer',
  'network-failed',
  'confirms',
  'interrupts',
];
const VICTIMS: Plan['victim'][] = [
  ...(['worker', 'worker-2', 'gateway-1', 'gateway-2', 'worker', 'worker-2', 'gateway-1', 'gateway-2'] as const),
  ...(['workers', 'gateways', 'control', 'temporal', 'postgres', 'everything'] as const),
];
const CALLS_A_SECOND = 0.75;

function drawing(what: string, seed: number): () => number {
  let drawn = 0;
  return () => seededFraction(what, seed, drawn++);
}

/** What a seed does, before it is done. */
export function planOf(seed: number, seconds: number): Plan[] {
  const next = drawing('strikes', seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const plan: Plan[] = [];
  for (let atMs = 2_000 + next() * 3_000; atMs < seconds * 1_000; atMs += 2_000 + next() * 5_000) {
    const victim = pick(VICTIMS);
    const freezes = victim !== 'everything' && next() < 0.25;
    plan.push({ atMs: Math.round(atMs), victim, how: freezes ? 'freeze' : 'kill', forMs: Math.round(1_000 + next() * 5_000) });
  }
  return plan;
}

/** @returns one sentence for every broken promise, and the story of the run */
export async function randomRun({
  seed,
  seconds,
  tell,
}: RandomRun): Promise<{ problems: string[]; report: CampaignReport; story: string }> {
  const next = drawing('people', seed);
  const phones = Array.from({ length: Math.ceil(seconds * CALLS_A_SECOND) }, (_, index) => phoneOf(index));
  const roles = Object.fromEntries(phones.map((phone) => [phone, PEOPLE[Math.floor(next() * PEOPLE.length)] as string]));
  tell(`seed ${seed}, ${seconds} s, ${phones.length} people`);
  const world = await startChaosWorld(roles, { seed });
  try {
    const faulty = (kind: FaultInput['kind'], more: Partial<FaultInput> = {}): FaultInput => ({
      kind,
      to: phones[Math.floor(next() * phones.length)] as string,
      count: 1,
      ...more,
    });
    await world.addFaults([
      faulty('create_500'),
      faulty('create_hang'),
      faulty('callback_late', { event: 'completed' }),
      faulty('callback_missing', { event: 'completed' }),
      faulty('callback_duplicate', { event: 'answered' }),
      { kind: 'webhook_fail', event: 'crm', count: 3, status: 503 },
    ]);
    const campaign = await world.start(
      {
        name: 'random',
        transfer: { to: [OTHER_DESK], ringTimeout: '6s' },
        dialing: { cps: CALLS_A_SECOND, maxConcurrent: 8, ringTimeout: '4s', voicemailMessage: 'Acme Dental here. Please call us back.' },
      },
      phones,
    );
    const startedAt = systemClock.monotonic();
    for (const { atMs, victim, how, forMs } of planOf(seed, seconds)) {
      await sleep(systemClock, Math.max(0, startedAt + atMs - systemClock.monotonic()));
      const kinds = ['workers', 'gateways', 'everything'] as const;
      const group = kinds.find((kind) => kind === victim);
      const targets = group ? await world.chaos.rolesOf(group) : [victim];
      for (const target of targets) {
        if (how === 'freeze') await world.chaos.freeze(target, forMs);
        else await world.chaos.kill(target, forMs);
      }
      tell(world.chaos.story().split('; ').slice(-targets.length).join('; '));
    }
    await world.chaos.recovered();
    const { report } = await world.end(campaign);
    const outcomes = Object.entries(report.outcomes).map(([outcome, n]) => `${n} ${outcome}`);
    tell(`ended after ${Math.round((systemClock.monotonic() - startedAt) / 1_000)} s: ${outcomes.join(', ')}; ${report.attempts} calls`);
    const problems = await verifyCampaign(world, campaign, report, { onceACall: [DISCLOSURE, GREETING] });
    for (const result of report.results) {
      for (const { callId } of result.calls) {
        const actions = world.tool.actionsOf(callId);
        if (actions.length > 1) problems.push(`${callId}: the tool acted ${actions.length} times: ${actions.join(' ')}`);
      }
    }
    return { problems, report, story: world.chaos.story() };
  } finally {
    await world.stop();
  }
}
