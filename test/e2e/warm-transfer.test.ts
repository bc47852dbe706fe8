/** Warm transfers from end to end: what the caller and the people who are asked hear, and who is connected with whom. */
import { CARRIERS, type CarrierName } from '../../contracts/carrier';
import { callResult } from '../../control/calls/watch-call';
import type { CallEntry, HeardSegment } from '../../lab/ledger';
import type { PersonaInput } from '../../lab/persona';
import { answerLines, callIn } from './lines';
import { type CampaignInput, phoneOf, startWorld, type World } from './world';

/** Of each carrier its own people: the same happens at both, at the same time. */
const PEOPLE = [
  'TAKES',
  'DECLINES',
  'MAILBOX',
  'NOBODY',
  'RINGING',
  'STRANGER',
  'ACCEPTED',
  'PASSED_ON',
  'UNANSWERED',
  'IMPATIENT',
  'SCHEMER',
  'CALLS_US',
  'DESK',
] as const;
type Numbers = Record<(typeof PEOPLE)[number], string>;
const numbersOf = (carrier: CarrierName) =>
  Object.fromEntries(PEOPLE.map((person, index) => [person, phoneOf(CARRIERS.indexOf(carrier) * PEOPLE.length + index)])) as Numbers;
const LINES = { twilio: '+15005550007', telnyx: '+15005550008' } as const satisfies Record<CarrierName, string>;
const everywhere = (play: (carrier: CarrierName, numbers: Numbers) => Promise<void>) => async () => {
  for (const done of await Promise.allSettled(CARRIERS.map((carrier) => play(carrier, numbersOf(carrier)))))
    if (done.status === 'rejected') throw done.reason;
};

const asks = (...after: Extract<PersonaInput, { kind: 'human' }>['steps']): PersonaInput => ({
  kind: 'human',
  answerAfterMs: 300,
  patienceMs: 60_000,
  steps: [{ say: 'Hello?' }, { hear: '/suit you/', say: 'I want to speak to a human please.' }, ...after],
});

const schemer = (stranger: string): PersonaInput => ({
  kind: 'human',
  answerAfterMs: 300,
  patienceMs: 30_000,
  steps: [
    { say: 'Hello?' },
    { hear: '/suit you/', say: `Connect me with ${stranger} at once.` },
    { hear: '/cannot do that/', say: 'Then no thanks. Bye.' },
    { waitMs: 3_000, hangUp: true },
  ],
});

let world: World;

beforeAll(async () => {
  world = await startWorld({
    numbers: ['+15005550006', ...Object.values(LINES)],
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
      impatient: asks({ waitMs: 12_000, hangUp: true }),
      ...Object.fromEntries(
        CARRIERS.map((carrier): [string, PersonaInput] => [`schemer-${carrier}`, schemer(numbersOf(carrier).STRANGER)]),
      ),
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
    people: Object.assign(
      {},
      ...CARRIERS.map((carrier) => {
        const numbers = numbersOf(carrier);
        return {
          [numbers.TAKES]: 'desk',
          [numbers.DESK]: 'desk',
          [numbers.DECLINES]: 'refuses',
          [numbers.MAILBOX]: 'voicemail',
          [numbers.NOBODY]: 'no-answer',
          [numbers.RINGING]: 'no-answer',
          [numbers.ACCEPTED]: 'caller',
          [numbers.PASSED_ON]: 'caller',
          [numbers.UNANSWERED]: 'goes-back',
          [numbers.IMPATIENT]: 'impatient',
          [numbers.SCHEMER]: `schemer-${carrier}`,
        };
      }),
    ),
    brain: CARRIERS.map((carrier) => ({
      when: `connect me with \\${numbersOf(carrier).STRANGER}`,
      call: { tool: 'transfer_call', args: { reason: 'wants a stranger', number: numbersOf(carrier).STRANGER } },
      thenSay: 'I cannot do that.',
    })),
  });
  await answerLines(
    world,
    CARRIERS.map((carrier) => ({
      name: `line-${carrier}`,
      number: LINES[carrier],
      carrier,
      agent: {
        engine: { type: 'openai-realtime' },
        systemPrompt: 'You are the receptionist of Acme Dental.',
        firstMessage: 'Which day would suit you?',
      },
      transfer: { to: [numbersOf(carrier).DESK], mode: 'warm', ringTimeout: '5s' },
    })),
  );
  // What they do takes its time: these talk while the first ones do.
  for (const carrier of CARRIERS) {
    for (const story of [unanswered, impatient, schemes, callsUs]) story(carrier).catch(() => undefined);
  }
}, 180_000);
afterAll(() => world?.stop(), 60_000);

const unanswered = (carrier: CarrierName) => transfer(carrier, numbersOf(carrier).UNANSWERED, [numbersOf(carrier).NOBODY]);
const impatient = (carrier: CarrierName) =>
  transfer(carrier, numbersOf(carrier).IMPATIENT, [numbersOf(carrier).RINGING], {
    transfer: { to: [numbersOf(carrier).RINGING], mode: 'warm', ringTimeout: '40s' },
  });
const schemes = (carrier: CarrierName) => transfer(carrier, numbersOf(carrier).SCHEMER, [numbersOf(carrier).TAKES]);
const callsUs = (carrier: CarrierName) =>
  once(`in ${carrier}`, () => callIn(world, { carrier, from: numbersOf(carrier).CALLS_US, to: LINES[carrier], persona: 'caller' }));

const begun = new Map<string, Promise<unknown>>();
/** The same story is told once, whoever asks first. */
function once<Told>(what: string, tell: () => Promise<Told>): Promise<Told> {
  const told = (begun.get(what) as Promise<Told> | undefined) ?? tell();
  begun.set(what, told);
  return told;
}

function transfer(carrier: CarrierName, phone: string, to: string[], over: Partial<CampaignInput> = {}) {
  return once(phone, () => transferred(carrier, phone, to, over));
}

async function transferred(carrier: CarrierName, phone: string, to: string[], over: Partial<CampaignInput>) {
  const name = `warm-${carrier}-${phone.slice(-4)}`;
  const campaign = await world.start({ name, carrier, transfer: { to, mode: 'warm', ringTimeout: '4s' }, ...over }, [phone]);
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

test(
  'the caller hears music, the person a summary, and after the key both hear each other',
  everywhere(async (carrier, { ACCEPTED, TAKES }) => {
    const { result, call } = await transfer(carrier, ACCEPTED, [TAKES]);
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
  }),
  90_000,
);

test(
  'peer defect 4: a stream that closes because of a transfer does not end the call',
  everywhere(async (_, { ACCEPTED }) => {
    const [call] = await world.calls(ACCEPTED);
    const stream = call?.streams.at(-1);
    expect(stream).toMatchObject({ closedBy: 'carrier' });
    expect(call?.endedBy).toBe('callee');
    expect(call?.endedAt).toBeGreaterThan((stream?.endedAt ?? 0) + 1_000);
  }),
);

test(
  'who declines and a mailbox are passed over, and the mailbox keeps no summary',
  everywhere(async (carrier, { PASSED_ON, DECLINES, MAILBOX, TAKES }) => {
    const { result, call } = await transfer(carrier, PASSED_ON, [DECLINES, MAILBOX, TAKES]);
    expect(result).toMatchObject({ outcome: 'transferred', calls: [{ transferredTo: TAKES }] });
    const [[declined], [machine]] = await Promise.all([world.calls(DECLINES), world.calls(MAILBOX)]);
    expect(declined).toMatchObject({ dtmfPressed: '2', finalStatus: 'completed' });
    expect(machine).toMatchObject({ answeredBy: carrier === 'twilio' ? 'machine_start' : 'machine', endedBy: 'api' });
    expect(machine?.voicemail ?? '').not.toMatch(/press 1/i);
    expect(heard(call, 'dial')).toContain('Done, it is on Friday.');
  }),
  120_000,
);

test(
  'nobody takes the call: the agent is back and knows what was said',
  everywhere(async (carrier, { NOBODY }) => {
    const { result, call } = await unanswered(carrier);
    expect(result?.outcome).toBe('callback_requested');
    expect(call.streams).toHaveLength(2);
    const [person] = await world.calls(NOBODY);
    expect(person).toMatchObject({ finalStatus: expect.stringMatching(/no-answer|canceled/) });
    expect(result?.calls[0]?.transcript.filter(({ text }) => text.includes('speak to a human'))).toHaveLength(1);
  }),
  90_000,
);

test(
  'a caller who hangs up while it rings: the phone stops ringing',
  everywhere(async (carrier, { RINGING }) => {
    const { result } = await impatient(carrier);
    expect(result?.outcome).toBe('completed');
    const person = (await world.calls(RINGING)).at(-1);
    expect(person).toMatchObject({ finalStatus: 'canceled', endedBy: 'api' });
  }),
  90_000,
);

test(
  'a caller talks the agent into another number: nobody is called there',
  everywhere(async (carrier, { STRANGER }) => {
    const { result, call } = await schemes(carrier);
    expect(await world.calls(STRANGER)).toEqual([]);
    expect(heard(call, 'stream')).toContain('I cannot do that.');
    expect(result?.outcome).toBe('completed');
  }),
  90_000,
);

test(
  'somebody who called us is given to a person in the same way',
  everywhere(async (carrier, { CALLS_US, DESK }) => {
    const callId = await callsUs(carrier);
    const ended = await callResult(world.ctx, callId, { timeoutMs: 80_000 });
    expect(ended).toMatchObject({ direction: 'inbound', outcome: 'transferred', transferredTo: DESK, from: CALLS_US });
    const [person, again] = await world.calls(DESK);
    expect(again).toBeUndefined();
    expect(heard(person, 'say')).toMatch(/call for you.*I want to speak to a human.*press 1/i);
    const call = (await world.ledger()).calls.find(({ callSid }) => callSid === ended.carrierCallId);
    expect(heard(call, 'dial')).toMatch(/Dana at the desk\..*Done, it is on Friday\./);
    expect(heard(person, 'dial')).toContain('Please move my appointment to Friday.');
    expect(ended.costLines.map(({ label }) => label).join()).toMatch(/transfer/i);
  }),
  120_000,
);
