/** Telnyx asks nobody what comes next: what Twilio's `continue` does there, commands have to do here. So gateways die under its calls too. */
import type { Outcome } from '../../contracts/outcomes';
import { phoneOf } from '../e2e/world';
import { moment, type Phase, prepare, tidy } from './moments';
import { verifyCampaign } from './verify';
import { type ChaosWorld, DISCLOSURE, GREETING, startChaosWorld } from './world';

interface Case {
  what: string;
  phase: Phase;
  role: string;
  outcome: Outcome;
  /** The longest silence that the caller may hear, in milliseconds. */
  silenceMs?: number;
  strike(world: ChaosWorld, phone: string): Promise<void>;
}

const killed: Case['strike'] = async (world, phone) => void (await world.chaos.strike('gateway', { phone, downMs: 5_000 }));
const frozen: Case['strike'] = async (world, phone) => {
  for (const role of await world.chaos.rolesOf('gateway', phone)) await world.chaos.freeze(role, 8_000);
};

const CASES: Case[] = [
  {
    what: 'its gateway is killed while it talks',
    phase: 'talking',
    role: 'talker',
    outcome: 'completed',
    silenceMs: 3_000,
    strike: killed,
  },
  { what: 'its gateway freezes while it talks', phase: 'talking', role: 'talker', outcome: 'completed', silenceMs: 6_500, strike: frozen },
  { what: 'its gateway is killed while it rings', phase: 'ringing', role: 'late-riser', outcome: 'completed', strike: killed },
  {
    what: 'its gateway is killed in the middle of a message',
    phase: 'voicemail drop',
    role: 'mailbox',
    outcome: 'voicemail',
    strike: killed,
  },
  {
    what: 'its gateway is killed while a desk rings',
    phase: 'transfer ringing',
    role: 'talks-to-desk',
    outcome: 'transferred',
    strike: killed,
  },
  {
    what: 'all workers are killed after the dial was sent',
    phase: 'request sent, not answered',
    role: 'talker',
    outcome: 'completed',
    strike: async (world, phone) => void (await world.chaos.strike('workers', { phone, downMs: 5_000 })),
  },
];

const phones = new Map(CASES.map((one, index) => [one, phoneOf(index * 3)]));
let world: ChaosWorld;

beforeAll(async () => {
  world = await startChaosWorld(Object.fromEntries(CASES.map((one) => [phones.get(one) as string, one.role])));
}, 120_000);
afterAll(() => world?.stop(), 60_000);

test.each(CASES.map((one) => [one.what, one] as const))(
  'a call outlives: %s',
  async (what, one) => {
    const phone = phones.get(one) as string;
    await world.chaos.recovered();
    await prepare(world, one.phase, phone);
    const campaign = await world.start({ name: what.replace(/[^a-z]+/g, '-'), carrier: 'telnyx' }, [phone]);
    await moment(world, one.phase, phone);
    await one.strike(world, phone);
    await world.chaos.recovered();
    const { report } = await world.end(campaign);
    await tidy(world, one.phase);
    const calls = await world.calls(phone);
    const longestSilenceMs = Math.max(0, ...calls.map((call) => call.longestSilenceMs));
    process.stderr.write(`${what}: ${report.results[0]?.outcome}, ${calls.length} calls, silence ${longestSilenceMs} ms\n`);
    expect(await verifyCampaign(world, campaign, report, { onceACall: [DISCLOSURE, GREETING] })).toEqual([]);
    expect(report.results.map((result) => result.outcome)).toEqual([one.outcome]);
    if (one.silenceMs !== undefined) expect(longestSilenceMs).toBeLessThanOrEqual(one.silenceMs);
  },
  180_000,
);
