import { parseConsultAmd, parseConsultAnswer, parseConsultBridged, parseConsultStatus } from './consult-webhooks';
import { askAgainTwiml, callerJoinsTwiml, consultTwiml, holdTwiml, personJoinsTwiml } from './transfer-twiml';

const GATEWAY = 'https://gw1.example.com';
const transfer = { callId: 'call_1', transferNumber: 2, gatewayUrl: GATEWAY };
const leg = { CallSid: 'CAhuman' };

describe('what the person hears', () => {
  const request = {
    ...transfer,
    carrierCallId: 'CAcaller',
    to: '+15550001111',
    from: '+15550002222',
    fallbackGatewayUrl: 'https://gw2.example.com',
    ringTimeoutMs: 20_000,
    timeLimitMs: 60_000,
    summary: 'Ada & Bob <call>.',
    question: 'Press 1.',
    language: 'de-DE',
    machineDetection: true,
  };

  test('the summary and the question, the question once more, and no answer is a no', () => {
    const twiml = consultTwiml(request);
    expect(twiml).toContain('<Say language="de-DE">Ada &amp; Bob &lt;call&gt;. Press 1.</Say>');
    expect(twiml.match(/<Gather /g)).toHaveLength(2);
    expect(twiml).toContain(`action="${GATEWAY}/twilio/consult-answer/call_1/2"`);
    // Every key is an answer, also #.
    expect(twiml).toContain('finishOnKey=""');
    expect(twiml).toMatch(/<Hangup\/><\/Response>$/);
  });

  test('the longest words fit into a document', () => {
    expect(consultTwiml({ ...request, summary: '&'.repeat(600), question: 'x'.repeat(100) }).length).toBeLessThan(4_000);
  });

  test('asked again by another gateway', () => {
    expect(askAgainTwiml(transfer, 'Press 1.', 'en-US')).toContain('<Say language="en-US">Press 1.</Say></Gather><Hangup/>');
  });
});

test('caller and person enter one room for two, which ends with either of them', () => {
  const [person, caller] = [
    personJoinsTwiml(transfer),
    callerJoinsTwiml({ ...transfer, carrierCallId: 'CA1', humanCallId: 'CA2', repeated: false }),
  ];
  for (const twiml of [person, caller]) {
    expect(twiml).toContain('>call_1/2</Conference>');
    expect(twiml).toMatch(/endConferenceOnExit="true"/);
    expect(twiml).toMatch(/maxParticipants="2"/);
  }
  // What becomes of the caller afterwards is for the workflow to say.
  expect(caller).toContain(`<Dial action="${GATEWAY}/twilio/continue/call_1">`);
});

test('music for a quarter of an hour, then the workflow is asked', () => {
  expect(holdTwiml({ callId: 'call_1', gatewayUrl: GATEWAY, musicUrl: `${GATEWAY}/audio/hold-music.wav` })).toMatch(
    /<Play loop="60">.*hold-music\.wav<\/Play><Redirect>.*\/twilio\/continue\/call_1<\/Redirect>/,
  );
});

describe('webhooks of the person', () => {
  const step = (event: ReturnType<typeof parseConsultStatus>) => (event?.kind === 'consult' ? event.step : undefined);

  test.each([
    ['initiated', undefined],
    ['ringing', 'ringing'],
    ['in-progress', 'answered'],
    ['busy', 'ended'],
    ['completed', 'ended'],
  ])('status %s is %s', (word, expected) => {
    expect(step(parseConsultStatus({ ...leg, CallStatus: word }, 2, 5))).toBe(expected);
  });

  test.each([
    ['human', undefined],
    ['unknown', undefined],
    ['machine_start', 'machine'],
    ['fax', 'machine'],
  ])('detection of %s is %s', (word, expected) => {
    expect(step(parseConsultAmd({ ...leg, AnsweredBy: word }, 2, 5))).toBe(expected);
  });

  test.each([
    ['1', 'accepted'],
    ['2', 'declined'],
    ['#', 'declined'],
    ['11', 'declined'],
    ['', undefined],
  ])('key %j is %s', (digits, expected) => {
    expect(step(parseConsultAnswer({ ...leg, Digits: digits }, 2, 5))).toBe(expected);
  });

  test('only the start of the room means that two are in it', () => {
    expect(step(parseConsultBridged({ StatusCallbackEvent: 'conference-start' }, 2, 5))).toBe('bridged');
    expect(parseConsultBridged({ StatusCallbackEvent: 'participant-join', ...leg }, 2, 5)).toBeUndefined();
  });

  test('a repeated webhook has the same key; each step and each transfer has its own', () => {
    const keys = [1, 2].flatMap((number) =>
      ['ringing', 'in-progress', 'busy', 'busy'].map((word) => parseConsultStatus({ ...leg, CallStatus: word }, number, 5)?.dedupeKey),
    );
    expect(new Set(keys).size).toBe(6);
  });
});
