/** What strangers and broken peers send, over real sockets. Each is refused with a code, and a call in progress hears nothing of it. */
import { connect } from 'node:net';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { type Clock, systemClock } from '../../contracts/clock';
import { commandPath } from '../../contracts/gateway';
import { REFUSALS } from '../../media-gateway/media-socket';
import { COMMAND_TOLERANCE_MS, signCommand } from '../../runtime/command-auth';
import { type Bench, startRealBench } from '../workflows/bench';
import { CARRIER_CALL, CallWorld, rules } from '../workflows/call-world';
import {
  AUTH_TOKEN,
  eventually,
  type Gateway,
  Harness,
  MediaClient,
  newCallId,
  newSid,
  post,
  SECRET_KEY,
  tokenFor,
} from './support/harness';

let harness: Harness;
let gateway: Gateway;
let bench: Bench;

beforeAll(async () => {
  bench = await startRealBench();
  harness = await Harness.start();
  gateway = await harness.gateway();
});
afterAll(async () => {
  await harness.stop();
  await bench.stop();
});

async function talk(at: Gateway = gateway) {
  const { callId, carrierCallId } = await harness.startCall();
  const token = tokenFor(callId);
  const media = await MediaClient.start(at, carrierCallId, token);
  const session = await eventually(() => harness.sessions.of(callId)[0]);
  return { callId, carrierCallId, token, media, session };
}
type Talk = Awaited<ReturnType<typeof talk>>;

/** Both directions work, nothing was ended, and the end that comes is the caller's own. */
async function expectUnharmed({ callId, carrierCallId, media, session }: Talk): Promise<void> {
  const heard = session.audio.length;
  media.audio(Buffer.from('still here'));
  await eventually(() => session.audio.length > heard);
  expect(session.audio.at(-1)).toEqual(Buffer.from('still here'));
  const played = media.messages.length;
  session.options.stream.sendAudio(Buffer.alloc(160, 7));
  await eventually(() => media.messages.length > played);
  expect({ ended: session.ended, streamClosed: session.streamClosed, commands: session.commands }).toEqual({
    ended: false,
    streamClosed: 0,
    commands: [],
  });
  expect(harness.sessions.of(callId)).toHaveLength(1);
  media.stop(carrierCallId);
  const reports = await eventually(async () => {
    const seen = await harness.seen(callId);
    return seen.reports.length > 0 && seen.reports;
  });
  expect(reports).toMatchObject([{ end: 'caller_hung_up' }]);
  expect(harness.rest.ended).not.toContain(carrierCallId);
}

async function sendCommand(callId: string, body: string, signedAtMs: number) {
  const response = await fetch(`${gateway.urls.internal}${commandPath(callId)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signCommand({ path: commandPath(callId), body }, SECRET_KEY, signedAtMs) },
    body,
  });
  return { status: response.status, ...((await response.json()) as object) };
}

test('a call goes on through everything that strangers send', async () => {
  const call = await talk();
  const { callId, carrierCallId, token, media } = call;
  const status = { CallSid: carrierCallId, CallStatus: 'completed', SequenceNumber: '3' };

  // Webhooks.
  expect(await post(gateway, `/twilio/status/${callId}`, { ...status, Junk: 'x'.repeat(70_000) })).toMatchObject({ status: 413 });
  expect(await post(gateway, `/twilio/status/${callId}`, status, 'bm90IHRoZSBzaWduYXR1cmU=')).toMatchObject({ status: 403 });
  // A true signature, caught and sent to another call's path, or with another body.
  const elsewhere = getExpectedTwilioSignature(AUTH_TOKEN, `${gateway.urls.public}/twilio/status/${newCallId()}`, status);
  expect(await post(gateway, `/twilio/status/${callId}`, status, elsewhere)).toMatchObject({ status: 403 });
  const ringing = getExpectedTwilioSignature(AUTH_TOKEN, `${gateway.urls.public}/twilio/status/${callId}`, {
    ...status,
    CallStatus: 'ringing',
  });
  expect(await post(gateway, `/twilio/status/${callId}`, status, ringing)).toMatchObject({ status: 403 });
  expect((await harness.seen(callId)).carrierEvents).toEqual([]);

  // Streams of the same call.
  for (const [stolen, code, reason] of [
    [tokenFor(callId, {}, 'a key that is not ours'), REFUSALS.TOKEN, 'PATTER_TOKEN_INVALID'],
    [tokenFor(callId, { e: 1 }), REFUSALS.TOKEN, 'PATTER_TOKEN_EXPIRED'],
    [token, REFUSALS.USED, 'PATTER_TOKEN_USED'],
  ] as const) {
    const other = await MediaClient.start(gateway, carrierCallId, stolen);
    expect(await other.closed).toEqual({ code, reason });
  }
  const huge = await MediaClient.open(gateway);
  huge.raw(JSON.stringify({ event: 'media', media: { payload: 'A'.repeat(200_000) } }));
  expect((await huge.closed).code).toBe(1_009);

  // Commands.
  const hangup = JSON.stringify({ commandId: 'c1', callId, streamId: media.streamId, kind: 'hangup', reason: 'over' });
  const now = Date.now();
  for (const signedAt of [now - COMMAND_TOLERANCE_MS - 5_000, now + COMMAND_TOLERANCE_MS + 5_000]) {
    expect(await sendCommand(callId, hangup, signedAt)).toMatchObject({ status: 401, code: 'PATTER_UNAUTHORIZED' });
  }
  expect(await sendCommand(callId, `${hangup}${' '.repeat(70_000)}`, now)).toMatchObject({ status: 413, code: 'PATTER_REQUEST_INVALID' });
  expect(await sendCommand(callId, '{', now)).toMatchObject({ status: 400, code: 'PATTER_STREAM_PROTOCOL' });

  // No HTTP at all.
  const garbage = connect(Number(new URL(gateway.urls.listening as string).port), '127.0.0.1');
  garbage.end('\u0000\u0001 not http\r\n\r\n');
  garbage.resume();
  await new Promise((resolve) => garbage.once('close', resolve));

  await expectUnharmed(call);
});

test('a callback that is caught and sent again is the same event', async () => {
  const { callId, carrierCallId } = await harness.startCall();
  const form = { CallSid: carrierCallId, CallStatus: 'in-progress', SequenceNumber: '2' };
  const signature = getExpectedTwilioSignature(AUTH_TOKEN, `${gateway.urls.public}/twilio/status/${callId}`, form);
  for (let repeat = 0; repeat < 3; repeat++)
    expect(await post(gateway, `/twilio/status/${callId}`, form, signature)).toMatchObject({ status: 204 });
  const { carrierEvents } = await harness.seen(callId);
  expect(new Set(carrierEvents.map(({ dedupeKey }) => dedupeKey)).size).toBe(1);
});

describe('a question what comes next that is caught and sent again', () => {
  test('while they talk, with the call’s own workflow: it opens no stream, ends none, and whoever has a token all the same is sent away', async () => {
    const dial = async ({ callId }: { callId: string }) => {
      const { setup, ...rest } = rules();
      return { kind: 'placed', carrierCallId: CARRIER_CALL, status: 'queued', ...rest, setup: { ...setup, callId } } as const;
    };
    const world = new CallWorld(bench, { dial });
    const { callId } = world;
    const form = { CallSid: CARRIER_CALL, CallStatus: 'in-progress' };
    const ask = (path: string, more: Record<string, string> = {}) => post(gateway, path, { ...form, ...more });
    await bench.run(world.activities, async () => {
      await world.start();
      await world.status('in_progress');
      await MediaClient.start(gateway, CARRIER_CALL, tokenFor(callId, { n: 'first' }));
      (await eventually(() => harness.sessions.of(callId).find(({ started }) => started))).end('drained');
      const question = `/twilio/continue/${callId}?stream=first`;
      // The carrier repeats what found no answer: until a new stream is there it is the same question.
      const [answer, repeated] = [await ask(question), await ask(question)];
      for (const { body } of [answer, repeated]) expect(body).toContain('<Parameter name="token"');
      const media = await MediaClient.start(gateway, CARRIER_CALL, /name="token" value="([^"]+)"/.exec(answer.body)?.[1]);
      const session = await eventually(() => harness.sessions.of(callId)[1]);
      await eventually(() => session.started);

      const others = [
        ask(`/twilio/continue/${callId}`),
        ask(`/twilio/continue/${callId}?stream=never-opened&unanswered=2`),
        ask(`/twilio/transfer/${callId}/1`, { DialCallStatus: 'no-answer' }),
      ];
      const caught = [await ask(question)];
      const intruder = await MediaClient.start(gateway, CARRIER_CALL, tokenFor(callId));
      caught.push(...(await Promise.all(others)));
      for (const { body } of caught) expect(body).toMatch(/^<\?xml[^>]*><Response><Pause length="2"\/><Redirect>/);
      await intruder.closed;
      expect(await world.view()).toMatchObject({ phase: 'talking', attachment: 2 });

      const heard = session.audio.length;
      media.audio(Buffer.from('still here'));
      await eventually(() => session.audio.length > heard);
      expect({ ended: session.ended, streamClosed: session.streamClosed }).toEqual({ ended: false, streamClosed: 0 });
      session.end('agent_ended');
      await world.status('completed');
      expect(await world.settled()).toMatchObject({ outcome: 'completed' });
    });
  }, 60_000);
});

test('a command that is caught and sent again within its time is carried out once', async () => {
  const { callId, carrierCallId, media, session } = await talk();
  const body = JSON.stringify({ commandId: 'c1', callId, streamId: media.streamId, kind: 'human' });
  const signedAt = Date.now();
  for (let repeat = 0; repeat < 3; repeat++) expect(await sendCommand(callId, body, signedAt)).toMatchObject({ status: 200 });
  expect(session.commands).toHaveLength(1);
  media.stop(carrierCallId);
  await eventually(async () => (await harness.seen(callId)).reports[0]);
});

describe('garbage in the middle of a call', () => {
  test('is dropped, message by message', async () => {
    const call = await talk();
    const { media } = call;
    for (const junk of ['{', 'null', '[]', '{"event":7}', '{"event":"media"}', '{"event":"dtmf","streamSid":"x","dtmf":{"digit":"99"}}'])
      media.raw(junk);
    media.raw(Buffer.from([0, 255, 1]));
    // Another stream's frames, and a second beginning.
    media.send({ event: 'media', streamSid: newSid('MZ'), media: { payload: 'AAAA' } });
    media.send({ event: 'start', streamSid: newSid('MZ'), start: {} });
    await expectUnharmed(call);
    expect(call.session.digits).toEqual([]);
  });

  test('that does not stop ends the stream with a code; the call itself is not hung up', async () => {
    const { callId, carrierCallId, media } = await talk();
    for (let sent = 0; sent < 60; sent++) media.raw('{');
    expect(await media.closed).toEqual({ code: REFUSALS.PROTOCOL, reason: 'PATTER_STREAM_PROTOCOL' });
    await eventually(async () => (await harness.seen(callId)).reports[0]);
    expect(harness.rest.ended).not.toContain(carrierCallId);
  });

  test('that is too large ends that stream only', async () => {
    const [victim, other] = [await talk(), await talk()];
    victim.media.raw('x'.repeat(100_000));
    expect((await victim.media.closed).code).toBe(1_009);
    await eventually(async () => (await harness.seen(victim.callId)).reports[0]);
    expect(harness.rest.ended).not.toContain(victim.carrierCallId);
    await expectUnharmed(other);
  });
});

test('a client that takes nothing in is cut off, and holds up nobody', async () => {
  const [slow, other] = [await talk(), await talk()];
  slow.media.stopReading();
  // More than the network's own buffers take.
  for (let second = 0; second < 2_000 && slow.session.streamClosed === 0; second++) {
    slow.session.options.stream.sendAudio(Buffer.alloc(8_000, 7));
    if (second % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(async () => (await harness.seen(slow.callId)).reports[0]);
  expect(harness.rest.ended).not.toContain(slow.carrierCallId);
  await expectUnharmed(other);
});

describe('sockets that never begin', () => {
  /** The ten seconds of a socket without a start pass at once. */
  const hasty: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(ms === 10_000 ? 100 : ms, fn) };

  test('are closed with a code when their time is up', async () => {
    const quick = await harness.gateway({ clock: hasty });
    const idle = await MediaClient.open(quick);
    const talking = await MediaClient.open(quick);
    talking.send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    for (const media of [idle, talking])
      expect(await media.closed).toEqual({ code: REFUSALS.START_TIMEOUT, reason: 'PATTER_STREAM_PROTOCOL' });
  });

  test('are so many at once and no more, and calls in progress do not count', async () => {
    const crowded = await harness.gateway();
    const call = await talk(crowded);
    const opened: MediaClient[] = [];
    for (let n = 0; n < 64; n++) opened.push(await MediaClient.open(crowded));
    await expect(MediaClient.open(crowded)).rejects.toThrow('503');
    for (const media of opened) media.terminate();
    await eventually(() =>
      MediaClient.open(crowded).then(
        (media) => {
          media.close();
          return true;
        },
        () => false,
      ),
    );
    await expectUnharmed(call);
  });
});
