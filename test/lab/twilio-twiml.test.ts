import type { PersonaInput } from '../../lab/persona';
import { Harness, TO } from './harness';

let harness: Harness;
afterEach(() => harness.stop());

const DESK = '+14155550199';
const LISTENER = { kind: 'human', answerAfterMs: 0, steps: [] } satisfies PersonaInput;

function dialTwiml(): string {
  return `<Response><Dial action="${harness.customerUrl}/after" timeout="1"><Number statusCallback="${harness.customerUrl}/leg" statusCallbackEvent="initiated ringing answered completed">${DESK}</Number></Dial></Response>`;
}

test('two people connected by Dial hear each other, and the action URL hears how it ended', async () => {
  harness = await Harness.start({
    people: {
      [TO]: {
        kind: 'human',
        answerAfterMs: 0,
        endOfTurnMs: 200,
        steps: [{ hear: 'desk', say: 'Please move it to Friday.' }, { hear: 'Done' }],
      },
      [DESK]: {
        kind: 'human',
        answerAfterMs: 30,
        endOfTurnMs: 200,
        mustHear: ['friday', 'monday'],
        steps: [{ say: 'Front desk.' }, { hear: 'Friday', say: 'Done.' }, { waitMs: 300, hangUp: true }],
      },
    },
  });
  harness.pages.set('/after', '<Response><Say>Anything else?</Say></Response>');
  const call = await harness.create({ twiml: dialTwiml() });
  await harness.until('completed', () => harness.statuses(call.sid).includes('completed'));

  const child = harness.ledger.calls.find(({ to }) => to === DESK)!;
  expect(harness.at('/after')).toMatchObject([
    {
      validSignature: true,
      params: {
        DialCallStatus: 'completed',
        DialCallSid: child.callSid,
        DialBridged: 'true',
        DialCallDuration: expect.stringMatching(/^[1-9]\d*$/),
      },
    },
  ]);
  expect(harness.at('/leg').every(({ validSignature, params }) => validSignature && params.ParentCallSid === call.sid)).toBe(true);
  // Callbacks of one moment may overtake each other on the way; their numbers tell the order.
  const inOrder = harness.at('/leg').toSorted((a, b) => Number(a.params.SequenceNumber) - Number(b.params.SequenceNumber));
  expect(inOrder.map(({ params }) => params.CallStatus)).toEqual(['initiated', 'ringing', 'in-progress', 'completed']);
  expect(harness.entry(call.sid).heard.map(({ via, text }) => [via, text])).toEqual([
    ['dial', 'Front desk.Done.'],
    ['say', 'Anything else?'],
  ]);
  expect(child).toMatchObject({ parentCallSid: call.sid, heard: [{ via: 'dial', text: 'Please move it to Friday.' }], endedBy: 'callee' });
  expect(child.mustHear).toEqual([
    { pattern: 'friday', heard: true },
    { pattern: 'monday', heard: false },
  ]);
  const legs = await harness.client.calls.list({ parentCallSid: call.sid });
  expect(legs).toMatchObject([{ sid: child.callSid, parentCallSid: call.sid, direction: 'outbound-dial', to: DESK }]);
});

test('nobody at the other end: the action URL gets no-answer and the call goes on', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER, [DESK]: 'desk-no-answer' } });
  harness.pages.set('/after', '<Response><Say>Nobody is there.</Say></Response>');
  const call = await harness.create({ twiml: dialTwiml() });
  await harness.until('completed', () => harness.statuses(call.sid).includes('completed'));
  expect(harness.at('/after')).toMatchObject([{ params: { DialCallStatus: 'no-answer', DialBridged: 'false' } }]);
  expect(harness.entry(call.sid).heard.at(-1)?.text).toBe('Nobody is there.');
});

test('a caller who hangs up while the other phone rings stops the ringing', async () => {
  harness = await Harness.start({
    people: { [TO]: { kind: 'human', answerAfterMs: 0, steps: [{ waitMs: 300, hangUp: true }] }, [DESK]: 'desk-no-answer' },
  });
  const call = await harness.create({ twiml: dialTwiml() });
  await harness.until('both ended', () => harness.statuses(call.sid).includes('completed') && harness.at('/leg').length === 3);
  expect(harness.ledger.calls.find(({ to }) => to === DESK)).toMatchObject({ finalStatus: 'canceled', endedBy: 'parent' });
  expect(harness.at('/after')).toHaveLength(0);
});

test('a caller who hangs up on the other person ends both legs', async () => {
  harness = await Harness.start({
    people: {
      [TO]: { kind: 'human', answerAfterMs: 0, endOfTurnMs: 100, steps: [{ hear: 'Hello', hangUp: true }] },
      [DESK]: { ...LISTENER, steps: [{ say: 'Hello' }] },
    },
  });
  const call = await harness.create({ twiml: dialTwiml() });
  await harness.until('both ended', () => harness.statuses(call.sid).includes('completed') && harness.at('/leg').length === 4);
  expect(harness.ledger.calls.find(({ to }) => to === DESK)).toMatchObject({ finalStatus: 'completed', endedBy: 'parent' });
});

test('a caller id that is not the account’s cannot dial', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  harness.pages.set('/after', '<Response/>');
  const call = await harness.create({ twiml: dialTwiml().replace('<Dial', '<Dial callerId="+19998887777"') });
  await harness.until('completed', () => harness.statuses(call.sid).includes('completed'));
  expect(harness.at('/after')).toMatchObject([{ params: { DialCallStatus: 'failed' } }]);
  expect(harness.entry(call.sid).errors).toMatchObject([{ code: 13214 }]);
});

test('a redirect that fails goes to the fallback URL, with the error', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  harness.pages.set('/page', '<Response><Redirect>broken</Redirect></Response>');
  harness.pages.set('/broken', 500);
  harness.pages.set('/fallback', '<Response><Say>Sorry.</Say></Response>');
  const call = await harness.create({ url: `${harness.customerUrl}/page`, fallbackUrl: `${harness.customerUrl}/fallback` });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect(harness.at('/fallback')).toMatchObject([
    { validSignature: true, params: { ErrorCode: '11200', ErrorUrl: `${harness.customerUrl}/broken` } },
  ]);
  expect(harness.entry(call.sid).heard.at(-1)?.text).toBe('Sorry.');
});

test('a redirect that fails without a fallback ends the call', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  const call = await harness.create({ twiml: '<Response><Redirect>http://127.0.0.1:1/</Redirect><Say>never</Say></Response>' });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect(harness.entry(call.sid)).toMatchObject({ errors: [{ code: 11205 }], heard: [], endedBy: 'carrier' });
});

test('a verb that is not known is noted and skipped; a document that is none ends the call', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  const call = await harness.create({ twiml: '<Response><Sing>la</Sing><Say>Still here</Say></Response>' });
  await harness.until('completed', () => harness.statuses(call.sid).includes('completed'));
  expect(harness.entry(call.sid)).toMatchObject({ errors: [{ code: 12200 }], heard: [{ text: 'Still here' }] });
  const second = await harness.create({ twiml: '<Response><Say>' });
  await harness.until('completed', () => harness.statuses(second.sid).includes('completed'));
  expect(harness.entry(second.sid)).toMatchObject({ errors: [{ code: 12100 }], heard: [] });
});

test('the time limit ends a call that would go on', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  const call = await harness.create({ twiml: '<Response><Pause length="60"/></Response>', timeLimit: 1 });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect(harness.entry(call.sid).endedBy).toBe('time_limit');
});

test.each([
  ['a person who says hello', { kind: 'human', answerAfterMs: 0, steps: [{ say: 'Hello?' }] }, 'DetectMessageEnd', 'human'],
  [
    'a mailbox, after its beep',
    { kind: 'voicemail', answerAfterMs: 0, greeting: 'Leave a message.' },
    'DetectMessageEnd',
    'machine_end_beep',
  ],
  [
    'a mailbox without a beep',
    { kind: 'voicemail', answerAfterMs: 0, greeting: 'Hi.', beepMs: 0 },
    'DetectMessageEnd',
    'machine_end_silence',
  ],
  ['a mailbox, as soon as it speaks', { kind: 'voicemail', answerAfterMs: 0, greeting: 'Hi.' }, 'Enable', 'machine_start'],
  ['somebody who says nothing', { ...LISTENER }, 'Enable', 'unknown'],
  ['a verdict that the persona sets', { ...LISTENER, amd: { answeredBy: 'fax', afterMs: 50 } }, 'Enable', 'fax'],
] as const)('AMD tells of %s', async (_who, persona, machineDetection, verdict) => {
  harness = await Harness.start({ people: { [TO]: persona as unknown as PersonaInput } });
  const call = await harness.create({
    twiml: '<Response><Pause length="60"/></Response>',
    machineDetection,
    asyncAmd: 'true',
    asyncAmdStatusCallback: `${harness.customerUrl}/amd`,
    machineDetectionSilenceTimeout: 2000,
  });
  const [amd] = await harness.until('the verdict', () => harness.at('/amd').length > 0 && harness.at('/amd'));
  expect(amd).toMatchObject({
    validSignature: true,
    params: { CallSid: call.sid, AnsweredBy: verdict, MachineDetectionDuration: expect.stringMatching(/^\d+$/) },
  });
  expect((await harness.client.calls(call.sid).fetch()).answeredBy).toBe(verdict);
  expect(harness.at('/amd')).toHaveLength(1);
});

test('without AsyncAmd nothing is said until the verdict is there, and the TwiML request carries it', async () => {
  harness = await Harness.start({ people: { [TO]: { kind: 'voicemail', answerAfterMs: 0, greeting: 'Leave a message.' } } });
  harness.pages.set('/page', ({ AnsweredBy }) => `<Response><Say>You are ${AnsweredBy}</Say></Response>`);
  const call = await harness.create({ url: `${harness.customerUrl}/page`, machineDetection: 'DetectMessageEnd' });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect(harness.at('/page')).toMatchObject([{ validSignature: true, params: { AnsweredBy: 'machine_end_beep' } }]);
  expect(harness.entry(call.sid).voicemail).toBe('You are machine_end_beep');
});

test('a GET request carries its fields in the signed query, and relative URLs lead on from there', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  harness.pages.set('/ivr/first', '<Response><Redirect method="GET">second?step=2</Redirect></Response>');
  harness.pages.set('/ivr/second', '<Response><Hangup/></Response>');
  const call = await harness.create({ url: `${harness.customerUrl}/ivr/first`, method: 'GET' });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect([...harness.at('/ivr/first'), ...harness.at('/ivr/second')]).toMatchObject([
    { validSignature: true, params: { CallSid: call.sid } },
    { validSignature: true, params: { CallSid: call.sid, step: '2' } },
  ]);
});
