import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { AUTH_TOKEN, eventually, type Gateway, Harness, MediaClient, newCallId, newSid, post, tokenFor } from './support/harness';
import { ENCRYPTION_KEY, tenants } from './support/tenants';

let harness: Harness;
let gateway: Gateway;

beforeAll(async () => {
  harness = await Harness.start();
  gateway = await harness.gateway();
});
afterAll(() => harness.stop());

describe('signatures', () => {
  test('a forged one is 403 with its code, and changes nothing', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    const form = { CallSid: carrierCallId, CallStatus: 'ringing', SequenceNumber: '1' };
    const forged = getExpectedTwilioSignature('another token', `${gateway.urls.public}/twilio/status/${callId}`, form);
    const answer = await post(gateway, `/twilio/status/${callId}`, form, forged);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'PATTER_WEBHOOK_SIGNATURE' });
    expect((await harness.seen(callId)).carrierEvents).toEqual([]);
  });

  test('one made for another call or another path is 403', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    const form = { CallSid: carrierCallId, CallStatus: 'ringing' };
    const elsewhere = getExpectedTwilioSignature(AUTH_TOKEN, `${gateway.urls.public}/twilio/status/${newCallId()}`, form);
    expect((await post(gateway, `/twilio/status/${callId}`, form, elsewhere)).status).toBe(403);
    expect((await post(gateway, `/twilio/continue/${callId}`, form, '')).status).toBe(403);
  });

  test('they are over the public URL of the configuration, never over Host', async () => {
    const behind = await harness.gateway({ variables: { PATTER_PUBLIC_URL: 'https://gw.example.com/' } });
    const { callId, carrierCallId } = await harness.startCall();
    const form = { CallSid: carrierCallId, CallStatus: 'ringing' };
    expect((await post(behind, `/twilio/status/${callId}`, form)).status).toBe(204);
    const overHost = getExpectedTwilioSignature(AUTH_TOKEN, `${behind.urls.listening}/twilio/status/${callId}`, form);
    expect((await post(behind, `/twilio/status/${callId}`, form, overHost)).status).toBe(403);
  });

  test('without an auth token every webhook is 503, and the gateway is not ready', async () => {
    const bare = await harness.gateway({ variables: { TWILIO_AUTH_TOKEN: '' } });
    const answer = await post(bare, `/twilio/status/${newCallId()}`, { CallSid: 'CA1', CallStatus: 'ringing' });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'PATTER_CREDENTIAL_MISSING' });
    expect(await bare.problems()).toEqual([expect.stringContaining('TWILIO_AUTH_TOKEN')]);
  });

  test('without an auth token they are believed where that was asked for; with one a forged one is not', async () => {
    const options = { requireSignature: false };
    const [bare, keyed] = [await harness.gateway({ variables: { TWILIO_AUTH_TOKEN: '' }, options }), await harness.gateway({ options })];
    const { callId, carrierCallId } = await harness.startCall();
    const form = { CallSid: carrierCallId, CallStatus: 'ringing', SequenceNumber: '1' };
    expect((await post(bare, `/twilio/status/${callId}`, form, '')).status).toBe(204);
    expect((await post(keyed, `/twilio/status/${callId}`, form, '')).status).toBe(403);
    expect(await bare.problems()).toEqual([]);
  });

  test('a body beyond the limit is 413', async () => {
    const answer = await post(gateway, `/twilio/status/${newCallId()}`, { CallSid: 'x'.repeat(70_000) });
    expect(answer).toMatchObject({ status: 413, body: expect.stringContaining('PATTER_REQUEST_INVALID') });
  });
});

test('status, amd, stream and transfer callbacks become signals, with the same key when repeated', async () => {
  const { callId, carrierCallId } = await harness.startCall();
  const status = { CallSid: carrierCallId, CallStatus: 'completed', SequenceNumber: '3', CallDuration: '4' };
  expect((await post(gateway, `/twilio/status/${callId}`, status)).status).toBe(204);
  expect((await post(gateway, `/twilio/status/${callId}`, status)).status).toBe(204);
  await post(gateway, `/twilio/amd/${callId}`, { CallSid: carrierCallId, AnsweredBy: 'machine_end_beep' });
  // The attach has told of the start.
  await post(gateway, `/twilio/stream/${callId}`, { CallSid: carrierCallId, StreamSid: 'MZ1', StreamEvent: 'stream-started' });
  await post(gateway, `/twilio/stream/${callId}`, { CallSid: carrierCallId, StreamSid: 'MZ1', StreamEvent: 'stream-stopped' });
  await post(gateway, `/twilio/transfer-status/${callId}/1`, { CallSid: 'CAhuman', ParentCallSid: carrierCallId, CallStatus: 'busy' });
  const { carrierEvents } = await harness.seen(callId);
  expect(carrierEvents.map(({ kind }) => kind)).toEqual(['status', 'status', 'amd', 'stream', 'transfer_result']);
  expect(carrierEvents[0]?.dedupeKey).toBe(carrierEvents[1]?.dedupeKey);
});

test('of two tenants with accounts of their own, what one has signed is 403 for a call and a number of the other', async () => {
  const account = (token: string) => ({ TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`, TWILIO_AUTH_TOKEN: token });
  const owners = { calls: new Map<string, string>(), numbers: new Map([['+15005550041', 'acme']]) };
  const accounts = await tenants(harness.store, 'twilio', { acme: account('acme-token'), other: account('other-token') }, owners);
  const shared = await harness.gateway({
    variables: { PATTER_ENCRYPTION_KEY: ENCRYPTION_KEY, PATTER_TASK_QUEUE: harness.temporal.taskQueue },
    accounts,
  });
  const { callId, carrierCallId } = await harness.startCall();
  owners.calls.set(callId, 'acme');
  const signedBy = (token: string, path: string, form: Record<string, string>) =>
    post(shared, path, form, getExpectedTwilioSignature(token, `${shared.urls.public}${path}`, form));
  const status = { CallSid: carrierCallId, CallStatus: 'busy', SequenceNumber: '1' };
  // Also where it says that the call is about a number of the tenant that signs.
  owners.numbers.set('+15005550042', 'other');
  const announced = { CallSid: newSid('CA'), From: '+12125550101', To: '+15005550041', Direction: 'inbound', CallStatus: 'ringing' };
  for (const token of ['other-token', AUTH_TOKEN]) {
    const refused = await signedBy(token, `/twilio/status/${callId}`, { ...status, To: '+15005550042' });
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([403, 'PATTER_WEBHOOK_SIGNATURE']);
    expect((await signedBy(token, '/twilio/voice', announced)).status).toBe(403);
  }
  expect((await harness.seen(callId)).carrierEvents).toEqual([]);
  expect((await signedBy('acme-token', `/twilio/status/${callId}`, status)).status).toBe(204);
  expect((await signedBy('acme-token', '/twilio/voice', announced)).body).toContain('<Stream ');
  expect((await harness.seen(callId)).carrierEvents).toHaveLength(1);
});

describe('a callback of a call whose workflow is gone', () => {
  test('hangs up a phone that rings: the attempt was superseded', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    await harness.finish(callId);
    expect((await post(gateway, `/twilio/status/${callId}`, { CallSid: carrierCallId, CallStatus: 'ringing' })).status).toBe(204);
    await eventually(() => harness.rest.ended.includes(carrierCallId));
  });

  test('leaves one alone that has ended', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    await harness.finish(callId);
    expect((await post(gateway, `/twilio/status/${callId}`, { CallSid: carrierCallId, CallStatus: 'completed' })).status).toBe(204);
    expect(harness.rest.ended).not.toContain(carrierCallId);
  });
});

describe('warming up at ringing', () => {
  const ring = (callId: string, carrierCallId: string, status = 'ringing') =>
    post(gateway, `/twilio/status/${callId}`, { CallSid: carrierCallId, CallStatus: status });
  const warmed = (callId: string) => harness.sessions.warmed.filter((entry) => entry.callId === callId);

  test('happens once, and the stream takes it over without asking for the set-up again', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    await Promise.all([ring(callId, carrierCallId), ring(callId, carrierCallId)]);
    await eventually(() => warmed(callId).length > 0);
    const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
    const session = await eventually(() => harness.sessions.of(callId)[0]);
    expect(warmed(callId)).toHaveLength(1);
    expect(session.options.prewarmed).toBe(warmed(callId)[0]?.prewarmed);
    expect((await harness.seen(callId)).attaches).toMatchObject([{ carrierCallId }, { haveSetup: true, streamId: media.streamId }]);
    media.stop(carrierCallId);
    await eventually(async () => (await harness.seen(callId)).reports[0]);
    expect(warmed(callId)[0]?.disposed).toBe(false);
  });

  test('is given up when nobody answers', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    await ring(callId, carrierCallId);
    await eventually(() => warmed(callId).length > 0);
    await ring(callId, carrierCallId, 'no-answer');
    expect(warmed(callId)[0]?.disposed).toBe(true);
  });
});

describe('what the workflow knows already is no signal', () => {
  const tell = (callId: string, carrierCallId: string, status: string, at = gateway) =>
    post(at, `/twilio/status/${callId}`, { CallSid: carrierCallId, CallStatus: status, Timestamp: 'Sat, 21 Nov 2026 10:00:00 +0000' });
  const told = async (callId: string) =>
    (await harness.seen(callId)).carrierEvents.map((event) => (event.kind === 'status' ? event.status : event.kind));

  test('a call that is queued, once its dial was answered', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    expect((await tell(callId, carrierCallId, 'initiated')).status).toBe(204);
    expect(await told(callId)).toEqual([]);
  });

  test('but it is one while the dial has no answer: the worker that dialled may be dead', async () => {
    const { callId, carrierCallId } = await harness.startCall({ dialing: true });
    expect((await tell(callId, carrierCallId, 'initiated')).status).toBe(204);
    expect(await told(callId)).toEqual(['queued']);
  });

  test('unless the same call tells more meanwhile', async () => {
    const { callId, carrierCallId } = await harness.startCall({ dialing: true });
    await Promise.all([tell(callId, carrierCallId, 'initiated'), tell(callId, carrierCallId, 'failed')]);
    expect((await told(callId)).at(-1)).toBe('failed');
  });

  test('a call that is queued for an attempt that is over is hung up before it rings', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    await harness.finish(callId);
    await tell(callId, carrierCallId, 'initiated');
    await eventually(() => harness.rest.ended.includes(carrierCallId));
  });

  test('a phone that rings: the attach says since when', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    await tell(callId, carrierCallId, 'ringing');
    const { attaches } = await harness.seen(callId);
    expect(attaches).toMatchObject([{ carrierCallId, ringingAt: Date.UTC(2026, 10, 21, 10) }]);
    expect(await told(callId)).toEqual([]);
  });

  test('but it is one where the attach was not taken', async () => {
    const { callId, carrierCallId } = await harness.startCall({ breaksAtRinging: true });
    await tell(callId, carrierCallId, 'ringing');
    expect(await told(callId)).toEqual(['ringing']);
  });

  test('an answer that came before its stream, or after', async () => {
    const { callId, carrierCallId } = await harness.startCall();
    const before = tell(callId, carrierCallId, 'in-progress');
    const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
    await before;
    await eventually(() => harness.sessions.of(callId)[0]);
    await tell(callId, carrierCallId, 'in-progress');
    expect(await told(callId)).toEqual([]);
    media.stop(carrierCallId);
    await eventually(async () => (await harness.seen(callId)).reports[0]);
  });

  test('but it is one where no stream opens, and where the call is over at once it still comes first', async () => {
    const [none, short] = [await harness.startCall(), await harness.startCall()];
    await tell(none.callId, none.carrierCallId, 'in-progress');
    expect(await told(none.callId)).toEqual(['in_progress']);
    const answered = tell(short.callId, short.carrierCallId, 'in-progress');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all([answered, tell(short.callId, short.carrierCallId, 'completed')]);
    expect(await told(short.callId)).toEqual(['in_progress', 'completed']);
  });

  test('nothing of it is lost while Temporal does not answer', async () => {
    const door = await harness.door();
    const cut = await harness.gateway({ client: door.client });
    const calls = await Promise.all(
      ['initiated', 'ringing', 'in-progress'].map(async (status) => ({ status, ...(await harness.startCall()) })),
    );
    door.freeze();
    const answers = await Promise.all(calls.map(({ callId, carrierCallId, status }) => tell(callId, carrierCallId, status, cut)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    door.thaw();
    const heard = await eventually(async () => {
      const all = (await Promise.all(calls.map(({ callId }) => told(callId)))).flat();
      return all.length === 3 && all;
    });
    expect(heard).toEqual(['queued', 'ringing', 'in_progress']);
  });
});

describe('what comes next', () => {
  test.each([
    [{ kind: 'hangup' } as const, '<Response><Hangup/></Response>'],
    [{ kind: 'wait', ms: 2_500 } as const, '<Pause length="3"/>'],
  ])('%j', async (instruction, twiml) => {
    const { callId, carrierCallId } = await harness.startCall({ instruction });
    const answer = await post(gateway, `/twilio/continue/${callId}?stream=n-1`, { CallSid: carrierCallId, CallStatus: 'in-progress' });
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining(twiml) });
    // Whoever is to ask again asks about the same stream.
    if (instruction.kind === 'wait') expect(answer.body).toContain(`/twilio/continue/${callId}?stream=n-1</Redirect>`);
    expect((await harness.seen(callId)).instructions).toEqual([{ gatewayId: gateway.gatewayId, carrierCallId, afterNonce: 'n-1' }]);
  });

  test('a new stream has a token of its own that opens it', async () => {
    const { callId, carrierCallId } = await harness.startCall({ instruction: { kind: 'stream', attachment: 2 } });
    const answer = await post(gateway, `/twilio/continue/${callId}`, { CallSid: carrierCallId, CallStatus: 'in-progress' });
    const token = /name="token" value="([^"]+)"/.exec(answer.body)?.[1];
    const media = await MediaClient.start(gateway, carrierCallId, token);
    await eventually(() => harness.sessions.of(callId)[0]);
    media.stop(carrierCallId);
    await eventually(async () => (await harness.seen(callId)).reports[0]);
  });

  test('the end of a transfer is told before the question is asked', async () => {
    const { callId, carrierCallId } = await harness.startCall({ instruction: { kind: 'stream', attachment: 2 } });
    const form = { CallSid: carrierCallId, DialCallStatus: 'no-answer', DialCallSid: 'CAhuman' };
    const answer = await post(gateway, `/twilio/transfer/${callId}/1`, form);
    expect(answer.body).toContain('<Connect><Stream');
    const seen = await harness.seen(callId);
    expect(seen.carrierEvents).toMatchObject([{ kind: 'transfer_result', transferNumber: 1, answered: false, status: 'no_answer' }]);
  });

  test('a call without a workflow is hung up', async () => {
    const answer = await post(gateway, `/twilio/continue/${newCallId()}`, { CallSid: 'CA1', CallStatus: 'in-progress' });
    expect(answer.body).toContain('<Hangup/>');
  });
});
