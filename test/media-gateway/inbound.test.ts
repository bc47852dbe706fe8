import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { inboundCallId } from '../../contracts/call-id';
import { inboundDigest } from '../../contracts/ids';
import { eventually, type Gateway, Harness, MediaClient, newSid, post } from './support/harness';

let harness: Harness;
let gateway: Gateway;

beforeAll(async () => {
  harness = await Harness.start();
  gateway = await harness.gateway({ variables: { PATTER_TASK_QUEUE: harness.temporal.taskQueue } });
});
afterAll(() => harness.stop());

const VOICE = '/twilio/voice';
const announcement = (CallSid: string) => ({
  CallSid,
  From: '+12125550101',
  To: '+15005550006',
  Direction: 'inbound',
  CallStatus: 'ringing',
});
const callIdOf = (sid: string) => inboundCallId(inboundDigest('twilio', sid));

test('a call to a number is answered into a stream, with a token of its own each time it is announced', async () => {
  const form = announcement(newSid('CA'));
  const answers = await Promise.all([post(gateway, VOICE, form), post(gateway, VOICE, form)]);
  const tokens = answers.map(({ status, body }) => {
    expect(status).toBe(200);
    expect(body).toMatch(/^<\?xml[^>]*\?><Response><Connect><Stream /);
    expect(body).toContain(`/twilio/continue/${callIdOf(form.CallSid)}?stream=`);
    return /name="token" value="([^"]+)"/.exec(body)?.[1];
  });
  expect(new Set(tokens).size).toBe(2);
  // Neither is a media stream: nothing was connected twice.
  const { attaches } = await harness.seen(callIdOf(form.CallSid));
  expect(attaches.map(({ streamId }) => streamId)).toEqual([undefined]);
  expect(harness.sessions.warmed.filter(({ callId }) => callId === callIdOf(form.CallSid))).toHaveLength(1);
});

test('a number that leads to the gateway of an app is answered where its agent belongs', async () => {
  const shop = await harness.gateway({ variables: { PATTER_TASK_QUEUE: harness.temporal.taskQueue }, options: { app: 'shop' } });
  const form = announcement(newSid('CA'));
  const answer = await post(shop, VOICE, form);
  const streamTo = /<Stream url="wss?:\/\/([^/"]+)/.exec(answer.body)?.[1];
  expect(streamTo).toBe(new URL(gateway.urls.public as string).host);
  expect(harness.sessions.warmed.filter(({ callId }) => callId === callIdOf(form.CallSid))).toEqual([]);
  await shop.stop();
});

test('one that nobody at Twilio signed is 403, and starts nothing', async () => {
  const form = announcement(newSid('CA'));
  const forged = getExpectedTwilioSignature('another token', `${gateway.urls.public}${VOICE}`, form);
  expect((await post(gateway, VOICE, form, forged)).status).toBe(403);
  await expect(harness.seen(callIdOf(form.CallSid))).rejects.toThrow();
});

test('the end of the call, as the number’s status callback tells it, comes to its workflow', async () => {
  const form = announcement(newSid('CA'));
  await post(gateway, VOICE, form);
  const ended = { CallSid: form.CallSid, CallStatus: 'completed', CallDuration: '9', SequenceNumber: '0' };
  expect((await post(gateway, '/twilio/voice-status', ended)).status).toBe(204);
  const { carrierEvents } = await harness.seen(callIdOf(form.CallSid));
  expect(carrierEvents).toMatchObject([{ kind: 'status', status: 'completed', durationS: 9 }]);
});

test('peer defect 21: an announcement that comes again while they talk, or when all is over, opens no second session', async () => {
  const form = announcement(newSid('CA'));
  const callId = callIdOf(form.CallSid);
  const { body } = await post(gateway, VOICE, form);
  const token = /name="token" value="([^"]+)"/.exec(body)?.[1];
  const media = await MediaClient.start(gateway, form.CallSid, token);
  await eventually(() => harness.sessions.of(callId)[0]?.started);
  await post(gateway, VOICE, form);
  media.stop(form.CallSid);
  await eventually(async () => (await harness.seen(callId)).reports.length === 1);
  await harness.finish(callId);
  await post(gateway, VOICE, form);
  expect(harness.sessions.of(callId)).toHaveLength(1);
  expect(harness.sessions.warmed.filter((warmed) => warmed.callId === callId)).toHaveLength(1);
});

test('while no worker is there it rings on and is asked about again, with the parameters of its line; after a minute it is busy', async () => {
  const lonely = await harness.gateway({ variables: { PATTER_TASK_QUEUE: 'nobody-works-here' } });
  const form = announcement(newSid('CA'));
  const first = await post(lonely, `${VOICE}?department=sales`, form);
  expect(first.body).toMatch(
    /<Response><Pause length="1"\/><Redirect>[^<]*\/twilio\/voice\?department=sales&amp;patter_unanswered=1<\/Redirect>/,
  );
  const last = await post(lonely, `${VOICE}?department=sales&patter_unanswered=11`, form);
  expect(last.body).toContain('<Reject reason="busy"/>');
}, 40_000);
