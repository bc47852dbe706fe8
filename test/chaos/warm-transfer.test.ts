/** What dies while a person is asked whether they take a call: nobody is called twice, one person is connected, and the caller never waits in silence. */
import type { CarrierName } from '../../contracts/carrier';
import type { CallEntry } from '../../lab/ledger';
import type { PersonaInput } from '../../lab/persona';
import { phoneOf } from '../e2e/world';
import type { Victim } from './chaos';
import { until } from './until';
import { verifyCampaign } from './verify';
import { type ChaosWorld, DISCLOSURE, GREETING, startChaosWorld } from './world';

const MOMENTS = ['the person’s phone rings', 'the person hears the summary', 'the person has pressed 1'] as const;
type Moment = (typeof MOMENTS)[number];

interface Case {
  at: Moment;
  victim: Victim;
  carrier?: CarrierName;
  /** Also where only some are run. */
  always?: true;
  /** The longest silence that the caller may hear before they are connected, in milliseconds. */
  silenceMs?: number;
}

const full = process.env.PATTER_TEST_MATRIX === 'full';
const ALL: Case[] = [
  { at: MOMENTS[0], victim: 'workers', always: true, silenceMs: 2_500 },
  { at: MOMENTS[0], victim: 'gateway', always: true, silenceMs: 6_000 },
  { at: MOMENTS[0], victim: 'temporal', silenceMs: 2_500 },
  { at: MOMENTS[1], victim: 'workers', silenceMs: 2_500 },
  { at: MOMENTS[1], victim: 'gateway', silenceMs: 6_000 },
  { at: MOMENTS[2], victim: 'workers' },
  { at: MOMENTS[2], victim: 'gateway' },
  { at: MOMENTS[2], victim: 'temporal' },
  { at: MOMENTS[0], victim: 'workers', carrier: 'telnyx', silenceMs: 2_500 },
  { at: MOMENTS[0], victim: 'gateway', carrier: 'telnyx', silenceMs: 6_000 },
];
const CASES = ALL.filter((one) => full || one.always).map((one, index) => ({
  ...one,
  phone: phoneOf(index * 3),
  desk: `+1415555910${index}`,
}));

const CALLER: PersonaInput = {
  kind: 'human',
  answerAfterMs: 400,
  patienceMs: 60_000,
  steps: [
    { say: 'Hello?' },
    { hear: '/suit you/', say: 'I want to speak to a human please.' },
    // With Temporal away a person may have said their name before the caller was there.
    { hear: '/dana/i', orAfterMs: 40_000, say: 'Please move it to Friday.' },
    { hear: '/done/i', say: 'Perfect, thanks. Bye.' },
    { waitMs: 400, hangUp: true },
  ],
};
const PERSON: PersonaInput = {
  kind: 'human',
  answerAfterMs: 2_500,
  patienceMs: 60_000,
  steps: [
    { hear: '/press 1/i', press: '1' },
    // A key that met a gateway that was just dying is pressed again when it is asked for again.
    { hear: '/press 1/i', orAfterMs: 6_000, press: '1' },
    { waitMs: 2_000, say: 'Dana at the desk.' },
    { hear: '/friday/i', say: 'Done, it is on Friday.' },
    { hear: '/bye/i', orAfterMs: 20_000, hangUp: true },
  ],
};

let world: ChaosWorld;

beforeAll(async () => {
  const roles = CASES.flatMap(({ phone, desk }) => [[phone, 'caller'] as const, [desk, 'person'] as const]);
  world = await startChaosWorld(Object.fromEntries(roles), { personas: { caller: CALLER, person: PERSON } });
}, 120_000);
afterAll(() => world?.stop(), 60_000);

const heard = (call: CallEntry | undefined, via: string) =>
  (call?.heard ?? [])
    .filter((segment) => segment.via === via)
    .map((segment) => segment.text)
    .join('|');

test.each(CASES.map((one) => [`${one.victim} killed when ${one.at}${one.carrier ? `, ${one.carrier}` : ''}`, one] as const))(
  '%s',
  async (title, { at, victim, carrier = 'twilio', phone, desk, silenceMs }) => {
    await world.chaos.recovered();
    const name = `warm-${CASES.findIndex((one) => one.phone === phone)}-${victim}`;
    const campaign = await world.start({ name, carrier, transfer: { to: [desk], ringTimeout: '10s', mode: 'warm' } }, [phone]);
    const reached = (call: CallEntry): boolean => {
      if (at === MOMENTS[0]) return call.rings.length > 0;
      return at === MOMENTS[1] ? heard(call, 'say').includes('There is a call') : call.dtmfPressed !== '';
    };
    await until(async () => (await world.calls(desk)).some(reached), { withinMs: 45_000, what: at });
    await world.chaos.strike(victim, { phone, down: full ? 15_000 : 5_000 });
    await world.chaos.recovered();
    const { report } = await world.end(campaign);

    const [calls, people] = await Promise.all([world.calls(phone), world.calls(desk)]);
    process.stderr.write(`${title}: ${report.results[0]?.outcome}, silence ${calls[0]?.longestSilenceMs} ms\n`);
    expect(await verifyCampaign(world, campaign, report, { onceACall: [DISCLOSURE, GREETING] })).toEqual([]);
    expect([calls.length, people.length]).toEqual([1, 1]);
    expect(report.results).toMatchObject([{ outcome: 'transferred', calls: [{ transferredTo: desk }] }]);
    expect(heard(calls[0], 'dial')).toContain('Done, it is on Friday.');
    expect(heard(people[0], 'dial')).toContain('Please move it to Friday.');
    if (victim === 'gateway' && at !== MOMENTS[2]) {
      const music = calls[0]?.heard.find(({ via, musicMs = 0 }) => via === 'play' && musicMs > 0);
      const silent = (music?.startedAt ?? Number.POSITIVE_INFINITY) - (calls[0]?.streams[0]?.endedAt ?? 0);
      expect(silent).toBeLessThanOrEqual(silenceMs ?? 6_000);
    }
    if (silenceMs !== undefined) expect(calls[0]?.longestSilenceMs).toBeLessThanOrEqual(silenceMs);
  },
  180_000,
);
