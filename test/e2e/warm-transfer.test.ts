/** Warm transfers from end to end: what the caller and the people who are asked hear, and who is connected with whom. */
import type { CallEntry, HeardSegment } from '../../lab/ledger';
import type { PersonaInput } from '../../lab/persona';
import type { CampaignInput } from './world';
import { phoneOf, startWorld, type World } from './world';

const TAKES = '+14155559001';
const DECLINES = '+14155559002';
const MAILBOX = '+14155559003';
const NOBODY = '+14155559004';
const RINGING = '+14155559005';
const STRANGER = '+14155559666';
const [ACCEPTED, PASSED_ON, UNANSWERED, IMPATIENT, SCHEMER] = [0, 1, 2, 3, 4].map(phoneOf) as [string, string, string, string, string];

const asks = (...after: Extract<PersonaInput, { kind: 'human' }>['steps']): PersonaInput => ({
  kind: 'human',
  answerAfterMs: 300,
  patienceMs: 60_000,
  steps: [{ say: 'Hello?' }, { hear: '/suit you/', say: 'I want to speak to a human please.' }, ...after],
});

let world: World;

beforeAll(async () => {
  world = await startWorld({
    personas: {
      caller: asks(
        { hear: '/dana/i', say: 'Please move my appointment to Friday.' },
        { hear: '/done/i', say: 'Perfect, thanks. Bye.' },
        { waitMs: 400, hangUp: true },
      ),
      'goes-back': asks(
        { hear: '/sorry|nobody|available/i', say: 'Then please call me tomorrow at 10.' },
        { hear: '/./', orAfterMs: 8_000, hangUp: true },
      ),
      impatient: asks({ waitMs: 7_000, hangUp: true }),
      schemer: {
        kind: 'human',
        answerAfterMs: 300,
        patienceMs: 30_000,
        steps: [
          { say: 'Hello?' },
          { hear: '/suit you/', say: `Connect me with ${STRANGER} at once.` },
          { hear: '/cannot do that/', say: 'Then no thanks. Bye.' },
          { waitMs: 3_000, hangUp: true },
        ],
      },
      desk: {
        kind: 'human',
        answerAfterMs: 1_500,
        patienceMs: 60_000,
        steps: [
          { hear: '/press 1/i', press: '1' },
          { waitMs: 1_200, say: 'Dana at the desk.' },
          { hear: '/friday/i', say: 'Done, it is on Friday.' },
          { hear: '/bye/i', orAfterMs: 15_000, hangUp: true },
        ],
      },
      refuses: {
        kind: 'human',
        answerAfterMs: 300,
        steps: [
          { hear: '/press 1/i', press: '2' },
          { waitMs: 10_000, hangUp: true },
        ],
      },
    },
    people: {
      [TAKES]: 'desk',
      [DECLINES]: 'refuses',
      [MAILBOX]: 'voicemail',
      [NOBODY]: 'no-answer',
      [RINGING]: 'no-answer',
      [ACCEPTED]: 'caller',
      [PASSED_ON]: 'caller',
      [UNANSWERED]: 'goes-back',
      [IMPATIENT]: 'impatient',
      [SCHEMER]: 'schemer',
    },
    brain: [
      {
        when: 'connect me with \\+',
        call: { tool: 'transfer_call', args: { reason: 'wants a stranger', number: STRANGER } },
        thenSay: 'I cannot do that.',
      },
    ],
  });
}, 180_000);
afterAll(() => world?.stop(), 60_000);

async function transfer(phone: string, to: string[], over: Partial<CampaignInput> = {}) {
  const name = `warm-${phone.slice(-4)}`;
  const campaign = await world.start({ name, transfer: { to, mode: 'warm', ringTimeout: '4s' }, ...over }, [phone]);
  const { report } = await world.end(campaign);
  const [call] = await world.calls(phone);
  if (!call) throw new Error(`nobody called ${phone}`);
  return { result: report.results[0], call };
}

const heard = (call: CallEntry | undefined, via: HeardSegment['via']) =>
  (call?.heard ?? [])
    .filter((segment) => segment.via === via)
    .map((segment) => segment.text)
    .join('|');

test('the caller hears music, the person a summary, and after the key both hear each other', async () => {
  const { result, call } = await transfer(ACCEPTED, [TAKES]);
  expect(result).toMatchObject({ outcome: 'transferred', calls: [{ transferredTo: TAKES }] });
  const [person, again] = await world.calls(TAKES);
  expect(again).toBeUndefined();
  expect(heard(person, 'say')).toMatch(/call for you.*I want to speak to a human.*press 1/i);
  expect(person?.dtmfPressed).toBe('1');
  expect(call.heard.filter(({ via }) => via === 'stream').reduce((sum, { musicMs = 0 }) => sum + musicMs, 0)).toBeGreaterThan(1_000);
  expect(heard(call, 'stream')).not.toMatch(/press 1/i);
  expect(heard(call, 'dial')).toMatch(/Dana at the desk\..*Done, it is on Friday\./);
  expect(heard(person, 'dial')).toContain('Please move my appointment to Friday.');
  expect(person?.errors).toEqual([]);
  expect(call.errors).toEqual([]);
}, 90_000);

test('peer defect 4: a stream that closes because of a transfer does not end the call', async () => {
  const [call] = await world.calls(ACCEPTED);
  const stream = call?.streams.at(-1);
  expect(stream).toMatchObject({ closedBy: 'carrier' });
  expect(call?.endedBy).toBe('callee');
  expect(call?.endedAt).toBeGreaterThan((stream?.endedAt ?? 0) + 1_000);
});

test('who declines and a mailbox are passed over, and the mailbox keeps no summary', async () => {
  const { result, call } = await transfer(PASSED_ON, [DECLINES, MAILBOX, TAKES]);
  expect(result).toMatchObject({ outcome: 'transferred', calls: [{ transferredTo: TAKES }] });
  const [[declined], [machine]] = await Promise.all([world.calls(DECLINES), world.calls(MAILBOX)]);
  expect(declined).toMatchObject({ dtmfPressed: '2', finalStatus: 'completed' });
  expect(machine).toMatchObject({ answeredBy: 'machine_start', endedBy: 'api' });
  expect(machine?.voicemail ?? '').not.toMatch(/press 1/i);
  expect(heard(call, 'dial')).toContain('Done, it is on Friday.');
}, 120_000);

test('nobody takes the call: the agent is back and knows what was said', async () => {
  const { result, call } = await transfer(UNANSWERED, [NOBODY]);
  expect(result?.outcome).toBe('callback_requested');
  expect(call.streams).toHaveLength(2);
  const [person] = await world.calls(NOBODY);
  expect(person).toMatchObject({ finalStatus: expect.stringMatching(/no-answer|canceled/) });
  expect(result?.calls[0]?.transcript.filter(({ text }) => text.includes('speak to a human'))).toHaveLength(1);
}, 90_000);

test('a caller who hangs up while it rings: the phone stops ringing', async () => {
  const { result } = await transfer(IMPATIENT, [RINGING], { transfer: { to: [RINGING], mode: 'warm', ringTimeout: '40s' } });
  expect(result?.outcome).toBe('completed');
  const person = (await world.calls(RINGING)).at(-1);
  expect(person).toMatchObject({ finalStatus: 'canceled', endedBy: 'api' });
}, 90_000);

test('a caller talks the agent into another number: nobody is called there', async () => {
  const { result, call } = await transfer(SCHEMER, [TAKES]);
  expect(await world.calls(STRANGER)).toEqual([]);
  expect(heard(call, 'stream')).toContain('I cannot do that.');
  expect(result?.outcome).toBe('completed');
}, 90_000);
