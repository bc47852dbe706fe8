/** Telnyx asks nobody what comes next: what Twilio's `continue` does there, commands have to do here. So processes die under its calls too. */
import { phoneOf } from '../e2e/world';
import { type Case, play, roleOf, titleOf } from './case';
import { type ChaosWorld, startChaosWorld } from './world';

const full = process.env.PATTER_TEST_MATRIX === 'full';
const DOWN_MS = 5_000;

const ALL: Case[] = [
  { phase: 'request sent, not answered', victim: 'workers', always: true },
  { phase: 'ringing', victim: 'gateway', always: true },
  { phase: 'talking', victim: 'gateway', silenceMs: 3_000, always: true },
  { phase: 'talking', victim: 'gateway', how: 'freeze', silenceMs: 6_000, always: true },
  { phase: 'transfer ringing', victim: 'gateway' },
  { phase: 'transfer ringing', victim: 'workers' },
  { phase: 'voicemail drop', victim: 'gateway' },
  { phase: 'voicemail drop', victim: 'workers' },
];
const CASES = ALL.filter((one) => full || one.always).map((one): Case => ({ ...one, carrier: 'telnyx' }));
const phones = new Map(CASES.map((one, index) => [one, [phoneOf(index * 3), phoneOf(index * 3 + 1)] as const]));
let world: ChaosWorld;

beforeAll(async () => {
  world = await startChaosWorld(Object.fromEntries([...phones].flatMap(([one, own]) => own.map((phone) => [phone, roleOf(one)]))));
}, 120_000);
afterAll(() => world?.stop(), 60_000);

test.each(CASES.map((one) => [titleOf(one), one] as const))(
  'a call outlives: %s',
  (_title, one) => play(world, one, phones.get(one) as readonly string[], DOWN_MS),
  300_000,
);
