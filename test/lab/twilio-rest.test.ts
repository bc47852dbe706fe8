import { TwilioNumbers } from '../../carriers/twilio/numbers';
import { FROM, Harness, TO } from './harness';

let harness: Harness;
afterEach(() => harness.stop());

const HANG_UP = '<Response><Hangup/></Response>';

test('a call that is answered goes through its statuses, each signed and numbered', async () => {
  harness = await Harness.start({ people: { [TO]: { kind: 'human', answerAfterMs: 40, steps: [] } } });
  const call = await harness.create({ twiml: '<Response><Say>Good day</Say><Hangup/></Response>' });
  expect(call).toMatchObject({ status: 'queued', to: TO, from: FROM, direction: 'outbound-api' });
  await harness.until('completed', () => harness.statuses().includes('completed'));

  const callbacks = harness.at('/status').sort((a, b) => Number(a.params.SequenceNumber) - Number(b.params.SequenceNumber));
  expect(callbacks.map(({ params }) => params.CallStatus)).toEqual(['initiated', 'ringing', 'in-progress', 'completed']);
  expect(callbacks.every(({ validSignature }) => validSignature)).toBe(true);
  expect(callbacks.map(({ params }) => params.SequenceNumber)).toEqual(['0', '1', '2', '3']);
  expect(callbacks.at(-1)?.params).toMatchObject({
    CallSid: call.sid,
    CallbackSource: 'call-progress-events',
    SipResponseCode: '200',
    CallDuration: '1',
    Duration: '1',
    Timestamp: expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000$/),
  });
  const fetched = await harness.client.calls(call.sid).fetch();
  expect(fetched).toMatchObject({ status: 'completed', duration: '1', price: '-0.01400' });
  expect(fetched.endTime).toBeInstanceOf(Date);
  expect(harness.entry(call.sid)).toMatchObject({ finalStatus: 'completed', endedBy: 'twiml', rings: [expect.any(Number)] });
  expect(harness.entry(call.sid).heard).toMatchObject([{ via: 'say', text: 'Good day' }]);
});

test.each([
  ['busy', 'busy', '486', 0],
  ['rejects', 'busy', '603', 1],
  ['unallocated', 'failed', '404', 0],
  ['network-failed', 'failed', '503', 0],
])('persona %s ends as %s with SIP %s', async (persona, status, sip, rings) => {
  harness = await Harness.start({ default: persona });
  const call = await harness.create({ twiml: HANG_UP });
  const last = await harness.until('the end', () => harness.at('/status').find(({ params }) => params.CallStatus === status));
  expect(last.params).toMatchObject({ SipResponseCode: sip, CallDuration: '0' });
  expect(harness.entry(call.sid).rings).toHaveLength(rings);
  expect(await harness.client.calls(call.sid).fetch()).toMatchObject({ status, price: null });
});

test('a phone that nobody picks up rings for as long as Timeout says', async () => {
  harness = await Harness.start({ default: 'no-answer' });
  const call = await harness.create({ twiml: HANG_UP, timeout: 1 });
  await harness.until('no-answer', () => harness.statuses().includes('no-answer'));
  const { rings, endedAt = 0 } = harness.entry(call.sid);
  expect(endedAt - (rings[0] ?? 0)).toBeGreaterThanOrEqual(990);
});

test('a sequence of personas gives each call to a number its own', async () => {
  harness = await Harness.start({ people: { [TO]: ['busy', { kind: 'human', answerAfterMs: 0, steps: [] }] } });
  await harness.create({ twiml: HANG_UP });
  await harness.until('busy', () => harness.statuses().includes('busy'));
  await harness.create({ twiml: HANG_UP });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect(harness.ledger.calls.map(({ persona }) => persona)).toEqual(['busy', '(human)']);
});

test.each([
  ['a number that does not exist', { to: '+15005550001' }, 21211],
  ['a number that is none', { to: 'sip' }, 21211],
  ['a caller id that the account does not own', { from: '+14155559999' }, 21210],
  ['a caller id that is no number', { from: '12' }, 21212],
  ['neither TwiML nor URL', { twiml: '' }, 21205],
])('creation is refused for %s', async (_what, options, code) => {
  harness = await Harness.start({ people: { '+15005550001': 'invalid' } });
  await expect(harness.create(options)).rejects.toMatchObject({
    code,
    status: 400,
    moreInfo: `https://www.twilio.com/docs/errors/${code}`,
  });
  expect(harness.ledger.calls).toHaveLength(0);
});

test('a wrong auth token is refused with 20003', async () => {
  harness = await Harness.start({});
  const response = await fetch(`${harness.lab.url}/2010-04-01/Accounts/AC1/Calls.json`, { headers: { authorization: 'Basic eDp5' } });
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 20003 });
});

test('an unknown call is 20404, and a redirect of one that has ended 21220', async () => {
  harness = await Harness.start({ default: 'busy' });
  await expect(harness.client.calls('CA0').fetch()).rejects.toMatchObject({ code: 20404, status: 404 });
  const call = await harness.create({ twiml: HANG_UP });
  await harness.until('busy', () => harness.statuses().includes('busy'));
  await expect(harness.client.calls(call.sid).update({ twiml: HANG_UP })).rejects.toMatchObject({ code: 21220, status: 400 });
});

test('calls above the rate wait in the queue, where they can be cancelled and never ring', async () => {
  harness = await Harness.start({ default: 'no-answer' }, 0.1);
  const first = await harness.create({ twiml: HANG_UP });
  const second = await harness.create({ twiml: HANG_UP, to: '+14155550101' });
  expect(Number(second.queueTime)).toBeGreaterThan(1000);
  await harness.until('ringing', () => harness.statuses(first.sid).includes('ringing'));
  expect(await harness.client.calls(second.sid).fetch()).toMatchObject({ status: 'queued', startTime: null });
  await harness.client.calls(second.sid).update({ status: 'canceled' });
  await harness.until('canceled', () => harness.statuses(second.sid).includes('canceled'));
  expect(harness.statuses(second.sid)).toEqual(['canceled']);
  expect(harness.entry(second.sid)).toMatchObject({ rings: [], endedBy: 'api' });
});

test('cancelling leaves a call in progress alone; completing ends it', async () => {
  harness = await Harness.start({ people: { [TO]: { kind: 'human', answerAfterMs: 0, steps: [] } } });
  const call = await harness.create({ twiml: '<Response><Pause length="60"/></Response>' });
  await harness.until('answered', () => harness.statuses().includes('in-progress'));
  expect(await harness.client.calls(call.sid).update({ status: 'canceled' })).toMatchObject({ status: 'in-progress' });
  expect(await harness.client.calls(call.sid).update({ status: 'completed' })).toMatchObject({ status: 'completed' });
  expect(harness.entry(call.sid)).toMatchObject({ endedBy: 'api', finalStatus: 'completed' });
});

test('lists are filtered, newest first, and paged', async () => {
  harness = await Harness.start({ default: 'no-answer' });
  const before = new Date(Date.now() - 1000);
  for (const to of [TO, '+14155550101', TO, TO]) await harness.create({ twiml: HANG_UP, to });
  await harness.until('four ringing', () => harness.statuses().filter((status) => status === 'ringing').length === 4);
  const sids = harness.ledger.calls.filter(({ to }) => to === TO).map(({ callSid }) => callSid);
  const paged = await harness.client.calls.list({ to: TO, from: FROM, status: 'ringing', startTimeAfter: before, pageSize: 2 });
  expect(paged.map(({ sid }) => sid)).toEqual(sids.reverse());
  expect(await harness.client.calls.list({ startTimeAfter: new Date(Date.now() + 5000) })).toEqual([]);
  expect((await harness.client.incomingPhoneNumbers.list()).map(({ phoneNumber }) => phoneNumber)).toEqual([FROM]);
});

test('a verified caller id may call, and is no number of the account', async () => {
  const verified = '+14155550100';
  harness = await Harness.start({ callerIds: [verified], default: 'no-answer' });
  const numbers = new TwilioNumbers(harness.client);
  expect([await numbers.isVerifiedCallerId(verified), await numbers.isVerifiedCallerId(FROM)]).toEqual([true, false]);
  expect(await numbers.routing(verified, 'https://a.example')).toBeUndefined();
  expect(await harness.create({ twiml: HANG_UP, from: verified })).toMatchObject({ status: 'queued', from: verified });
  await expect(harness.create({ twiml: HANG_UP, from: '+14155550199' })).rejects.toMatchObject({ code: 21_210 });
});
