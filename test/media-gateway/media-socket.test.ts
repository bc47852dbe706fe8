import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { REFUSALS } from '../../media-gateway/media-socket';
import { eventually, type Gateway, Harness, MediaClient, newCallId, newSid, tokenFor } from './support/harness';

let harness: Harness;
let gateway: Gateway;

beforeAll(async () => {
  harness = await Harness.start();
  gateway = await harness.gateway();
});
afterAll(() => harness.stop());

test('peer defect 2: another path opens no socket', async () => {
  await expect(MediaClient.open(gateway, '/twilio/media/evil')).rejects.toThrow('404');
});

test('a refused socket is gone, also where its peer does not close its end: nobody holds our connections without a token', async () => {
  const { hostname, port } = new URL(gateway.urls.listening as string);
  const peer = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const refused = once(peer, 'end');
  const gone = new Promise((resolve) => peer.once('error', resolve).once('close', resolve));
  const key = randomBytes(16).toString('base64');
  peer.write(
    `GET /twilio/media/evil HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  peer.resume();
  await refused;
  // A connection that is gone answers what still comes with a reset.
  const writing = setInterval(() => peer.writable && peer.write('x'), 20);
  try {
    await Promise.race([
      gone,
      new Promise((_, reject) => setTimeout(() => reject(new Error('the connection is still held')), 4_000).unref()),
    ]);
  } finally {
    clearInterval(writing);
    peer.destroy();
  }
});

describe('a stream is refused, with a code and without a session', () => {
  const now = () => Math.floor(Date.now() / 1_000);
  test.each<[string, (callId: string) => string | undefined, string]>([
    ['without a token', () => undefined, 'PATTER_TOKEN_INVALID'],
    ['with a forged token', (callId) => tokenFor(callId, {}, 'a key that is not ours'), 'PATTER_TOKEN_INVALID'],
    ['with a token that was changed', (callId) => `x${tokenFor(callId)}`, 'PATTER_TOKEN_INVALID'],
    ['with an expired token', (callId) => tokenFor(callId, { e: now() - 1 }), 'PATTER_TOKEN_EXPIRED'],
  ])('%s', async (_, token, code) => {
    const { callId, carrierCallId } = await harness.startCall();
    const media = await MediaClient.start(gateway, carrierCallId, token(callId));
    await expect(media.closed).resolves.toEqual({ code: REFUSALS.TOKEN, reason: code });
    expect(harness.sessions.of(callId)).toEqual([]);
    expect((await harness.seen(callId)).attaches).toEqual([]);
  });

  test.each<[string, (media: MediaClient) => void]>([
    ['that begins with media', (media) => media.audio(Buffer.alloc(160))],
    ['that is not JSON', (media) => media.raw('{')],
    ['that is binary', (media) => media.raw(Buffer.from([1, 2]))],
  ])('%s', async (_, send) => {
    const media = await MediaClient.open(gateway);
    send(media);
    await expect(media.closed).resolves.toEqual({ code: REFUSALS.PROTOCOL, reason: 'PATTER_STREAM_PROTOCOL' });
  });

  test('that sends a message beyond all size', async () => {
    const media = await MediaClient.open(gateway);
    media.raw('x'.repeat(100_000));
    expect((await media.closed).code).toBe(1_009);
  });
});

test('who opens sockets and says nothing keeps no caller out', async () => {
  const idle = await Promise.all(Array.from({ length: 64 }, () => MediaClient.open(gateway)));
  let gone = 0;
  for (const { closed } of idle) void closed.then(() => gone++);
  const { callId, carrierCallId } = await harness.startCall();
  // The carrier tries again, as with any gateway that refuses.
  const media = await eventually(() => MediaClient.start(gateway, carrierCallId, tokenFor(callId)).catch(() => undefined));
  await eventually(() => harness.sessions.of(callId)[0]);
  await expect(idle[0]?.closed).resolves.toEqual({ code: REFUSALS.START_TIMEOUT, reason: 'PATTER_STREAM_PROTOCOL' });
  // It made room; they have not all run out of time.
  expect(gone).toBeLessThan(64);
  media.stop(carrierCallId);
  await eventually(async () => (await harness.seen(callId)).reports[0]);
});

test('peer defect 21: a token opens one stream: the second is refused while the first lives and after it', async () => {
  const { callId, carrierCallId } = await harness.startCall();
  const token = tokenFor(callId);
  const first = await MediaClient.start(gateway, carrierCallId, token);
  await eventually(() => harness.sessions.of(callId)[0]);
  const second = await MediaClient.start(gateway, carrierCallId, token);
  await expect(second.closed).resolves.toEqual({ code: REFUSALS.USED, reason: 'PATTER_TOKEN_USED' });
  first.stop(carrierCallId);
  await eventually(async () => (await harness.seen(callId)).reports[0]);
  const third = await MediaClient.start(gateway, carrierCallId, token);
  await third.closed;
  expect(harness.sessions.of(callId)).toHaveLength(1);
  expect(harness.rest.ended).not.toContain(carrierCallId);
});

test('peer defect 1: a dozen calls from one address, as behind a proxy, are all taken', async () => {
  const calls = await Promise.all(Array.from({ length: 12 }, () => harness.startCall()));
  const streams = await Promise.all(calls.map(({ callId, carrierCallId }) => MediaClient.start(gateway, carrierCallId, tokenFor(callId))));
  for (const { callId } of calls) await eventually(() => harness.sessions.of(callId)[0]);
  for (const [index, stream] of streams.entries()) stream.stop(calls[index]?.carrierCallId as string);
  for (const { callId } of calls) expect((await eventually(async () => (await harness.seen(callId)).reports[0])).end).toBeDefined();
});

test('a full gateway refuses the stream and says so in readyz', async () => {
  const small = await harness.gateway({ variables: { PATTER_GATEWAY_MAX_CALLS: '1' } });
  const { callId, carrierCallId } = await harness.startCall();
  const first = await MediaClient.start(small, carrierCallId, tokenFor(callId));
  await eventually(() => harness.sessions.of(callId)[0]);
  const second = await MediaClient.start(small, newSid('CA'), tokenFor(newCallId()));
  await expect(second.closed).resolves.toEqual({ code: REFUSALS.FULL, reason: 'PATTER_NO_GATEWAY' });
  expect(await small.problems()).toEqual(['full: 1 calls']);
  first.stop(carrierCallId);
  await eventually(async () => (await small.problems()).length === 0);
});

test('a session that fails over a frame takes no other call with it, and hears the next frame', async () => {
  const calls = await Promise.all([harness.startCall(), harness.startCall()]);
  const streams = await Promise.all(calls.map(({ callId, carrierCallId }) => MediaClient.start(gateway, carrierCallId, tokenFor(callId))));
  const [failing, other] = await Promise.all(
    calls.map(({ callId }) => eventually(() => harness.sessions.of(callId).find(({ started }) => started))),
  );
  const hear = failing?.onAudio.bind(failing);
  failing!.onAudio = (mulaw) => {
    if (mulaw.length !== 160) throw new Error('not a frame');
    hear?.(mulaw);
  };
  streams[0]?.audio(Buffer.alloc(161));
  streams[0]?.audio(Buffer.alloc(160));
  streams[1]?.audio(Buffer.alloc(160));
  await eventually(() => failing?.audio.length === 1 && other?.audio.length === 1);
  for (const [index, stream] of streams.entries()) stream.stop(calls[index]?.carrierCallId as string);
  for (const { callId } of calls)
    expect((await eventually(async () => (await harness.seen(callId)).reports[0])).end).toBe('caller_hung_up');
});
