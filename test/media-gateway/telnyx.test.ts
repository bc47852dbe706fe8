/** A gateway under Telnyx: its webhooks, its media socket, and what follows when a stream is over and the carrier keeps the call. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import WebSocket from 'ws';
import { decodeClientState, encodeClientState } from '../../carriers/telnyx';
import type { NextInstruction } from '../../contracts/call';
import { inboundCallId } from '../../contracts/call-id';
import { priceWorkflowId } from '../../contracts/carrier-price';
import { inboundDigest } from '../../contracts/ids';
import { verifyCallToken } from '../../runtime/call-token';
import { eventually, type Gateway, Harness, newCallId, SECRET_KEY, tokenFor } from './support/harness';
import { ENCRYPTION_KEY, tenants } from './support/tenants';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const publicKeyDer = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

let harness: Harness;
let gateway: Gateway;
let variables: Record<string, string>;
/** Telnyx' REST side: takes every command. */
let rest: Server;
const commands: { call: string; action: string; body: Record<string, unknown>; key: string | undefined }[] = [];
/** Commands that are refused, once each. */
const refused: string[] = [];
/** `call action`, whose answer gets lost, once each. */
const unheard: string[] = [];

beforeAll(async () => {
  rest = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const [, call = '', action = ''] = /calls\/([^/]+)\/actions\/(\w+)/.exec(decodeURIComponent(request.url ?? '')) ?? [];
    commands.push({ call, action, body: body === '' ? {} : JSON.parse(body), key: request.headers.authorization });
    const lost = unheard.indexOf(`${call} ${action}`);
    if (lost >= 0) {
      unheard.splice(lost, 1);
      response.writeHead(502).end();
      return;
    }
    const no = refused.indexOf(action);
    if (no >= 0) refused.splice(no, 1);
    response.writeHead(no >= 0 ? 422 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(no >= 0 ? { errors: [{ code: '10015', title: 'A stream is active already' }] } : { data: { result: 'ok' } }),
    );
  });
  await new Promise<void>((resolve) => rest.listen(0, '127.0.0.1', resolve));
  harness = await Harness.start();
  variables = {
    TELNYX_API_KEY: 'KEY',
    TELNYX_CONNECTION_ID: 'APP1',
    TELNYX_PUBLIC_KEY: publicKeyDer,
    TELNYX_BASE_URL: `http://127.0.0.1:${(rest.address() as AddressInfo).port}/v2`,
  };
  gateway = await harness.gateway({ variables });
});
afterAll(async () => {
  await harness.stop();
  rest.closeAllConnections();
  await new Promise((resolve) => rest.close(resolve));
});

let counter = 0;
const newCall = () => `v3:call-${++counter}`;
const commandsOf = (call: string) => commands.filter((command) => command.call === call);
const streamUrl = (token: string) => `wss://elsewhere.example/telnyx/media?token=${token}`;

async function told(
  callId: string | undefined,
  type: string,
  payload: Record<string, unknown>,
  options: { id?: string; key?: typeof privateKey; state?: string; at?: Gateway } = {},
): Promise<number> {
  const state = options.state ?? (callId && encodeClientState({ c: callId, l: 'call' }));
  const data = {
    id: options.id ?? `evt-${++counter}`,
    event_type: type,
    occurred_at: new Date().toISOString(),
    payload: { ...(state && { client_state: state }), ...payload },
  };
  const body = JSON.stringify({ data, meta: { attempt: 1 } });
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const response = await fetch(
    `${(options.at ?? gateway).urls.listening}${callId === undefined ? '/telnyx/inbound' : `/telnyx/events/${callId}`}`,
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'telnyx-timestamp': timestamp,
        'telnyx-signature-ed25519': sign(null, Buffer.from(`${timestamp}|${body}`), options.key ?? privateKey).toString('base64'),
      },
      body,
    },
  );
  return response.status;
}

/** Telnyx' end of a media stream. */
async function openStream(carrierCallId: string, token: string, streamId = `stream-${++counter}`, at = gateway) {
  const socket = new WebSocket(`${at.urls.listening?.replace(/^http/, 'ws')}/telnyx/media?token=${encodeURIComponent(token)}`);
  const messages: Record<string, unknown>[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const send = (message: object) => socket.send(JSON.stringify(message));
  send({ event: 'connected', version: '1.0.0' });
  const media_format = { encoding: 'PCMU', sample_rate: 8000, channels: 1 };
  send({ event: 'start', sequence_number: '1', stream_id: streamId, start: { call_control_id: carrierCallId, media_format } });
  const media = (chunk: number) =>
    send({
      event: 'media',
      stream_id: streamId,
      media: { track: 'inbound', chunk: String(chunk), payload: Buffer.alloc(160, chunk).toString('base64') },
    });
  return { streamId, messages, closed, send, media, socket };
}

describe('webhooks', () => {
  test('a forged one is refused before anything is looked at', async () => {
    const { callId } = await harness.startCall();
    const stranger = generateKeyPairSync('ed25519').privateKey;
    await expect(told(callId, 'call.answered', { call_control_id: 'v3:x' }, { key: stranger })).resolves.toBe(403);
    expect((await harness.seen(callId)).carrierEvents).toEqual([]);
  });

  test('peer defect 9: those of a call become its events, verified with a key in DER form', async () => {
    const { callId } = await harness.startCall();
    const call_control_id = newCall();
    await expect(told(callId, 'call.initiated', { call_control_id, direction: 'outgoing' })).resolves.toBe(204);
    await told(callId, 'call.answered', { call_control_id });
    await told(callId, 'call.machine.premium.detection.ended', { call_control_id, result: 'human_residence' });
    await told(callId, 'call.speak.ended', { call_control_id });
    await told(callId, 'call.hangup', { call_control_id, hangup_cause: 'normal_clearing' });
    const { attaches, carrierEvents } = await harness.seen(callId);
    expect(attaches).toMatchObject([{ carrierCallId: call_control_id, ringingAt: expect.any(Number) }]);
    expect(carrierEvents).toMatchObject([
      { kind: 'status', status: 'in_progress', carrierCallId: call_control_id },
      { kind: 'amd', answeredBy: 'human' },
      { kind: 'status', status: 'completed' },
    ]);
  });

  test('one of a leg that says nothing of us, or is of another call, changes nothing and is not sent again', async () => {
    const { callId } = await harness.startCall();
    const other = encodeClientState({ c: newCallId(), l: 'call' });
    await expect(told(callId, 'call.answered', { call_control_id: newCall() }, { state: 'bm90aGluZw==' })).resolves.toBe(204);
    await expect(told(callId, 'call.answered', { call_control_id: newCall() }, { state: other })).resolves.toBe(204);
    expect((await harness.seen(callId)).carrierEvents).toEqual([]);
  });

  test('what a leg cost is handed to a workflow of its own, after the end of the call too, once however often it is told', async () => {
    const { callId } = await harness.startCall();
    await harness.finish(callId);
    const call_control_id = newCall();
    const cost = { call_control_id, billed_duration_secs: 60, status: 'success', total_cost: '0.0070', cost_parts: [{ currency: 'USD' }] };
    await expect(told(callId, 'call.cost', { ...cost, status: 'error' })).resolves.toBe(204);
    await expect(told(callId, 'call.cost', cost, { id: 'evt-cost' })).resolves.toBe(204);
    await expect(told(callId, 'call.cost', cost, { id: 'evt-cost' })).resolves.toBe(204);
    await expect(told(undefined, 'call.cost', cost, { state: encodeClientState({ c: callId, l: 'call' }) })).resolves.toBe(204);
    const leg = { carrierCallId: call_control_id, micros: 7_000, currency: 'USD' };
    const handle = harness.client.workflow.getHandle(priceWorkflowId({ callId, leg }));
    const { events } = await handle.fetchHistory();
    const begun = events?.[0]?.workflowExecutionStartedEventAttributes;
    expect([begun?.workflowType?.name, begun?.attempt]).toEqual(['recordPrice', 1]);
    expect(JSON.parse(Buffer.from(begun?.input?.payloads?.[0]?.data ?? []).toString())).toEqual({ callId, leg });
    await handle.terminate('nobody works on it here');
  });

  test('of a call whose workflow is gone: a phone that rings is hung up', async () => {
    const { callId } = await harness.startCall();
    await harness.finish(callId);
    const call_control_id = newCall();
    await told(callId, 'call.initiated', { call_control_id, direction: 'outgoing' });
    await eventually(() => commandsOf(call_control_id).some(({ action }) => action === 'hangup'));
  });
});

test('of two tenants with accounts of their own, what one has signed is 403 for a call and a number of the other; a call is answered with its tenant’s account', async () => {
  const keys = { acme: generateKeyPairSync('ed25519'), other: generateKeyPairSync('ed25519') };
  const account = (tenant: keyof typeof keys) => ({
    TELNYX_API_KEY: `KEY-${tenant}`,
    TELNYX_CONNECTION_ID: 'APP2',
    TELNYX_PUBLIC_KEY: keys[tenant].publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  });
  const [to, theirs] = ['+15005550051', '+15005550052'];
  const owners = {
    calls: new Map<string, string>(),
    numbers: new Map([
      [to, 'acme'],
      [theirs, 'other'],
    ]),
  };
  const at = await harness.gateway({
    variables: {
      TELNYX_API_KEY: 'KEY',
      TELNYX_CONNECTION_ID: 'APP1',
      TELNYX_PUBLIC_KEY: publicKeyDer,
      TELNYX_BASE_URL: `http://127.0.0.1:${(rest.address() as AddressInfo).port}/v2`,
      PATTER_TASK_QUEUE: harness.temporal.taskQueue,
      PATTER_ENCRYPTION_KEY: ENCRYPTION_KEY,
    },
    accounts: await tenants(harness.store, 'telnyx', { acme: account('acme'), other: account('other') }, owners),
  });
  const { callId } = await harness.startCall();
  owners.calls.set(callId, 'acme');
  const call_control_id = newCall();
  const announced = { call_control_id, direction: 'incoming', to, from: '+12125550101' };
  for (const key of [keys.other.privateKey, privateKey]) {
    expect(await told(callId, 'call.answered', { call_control_id: newCall(), to: theirs }, { at, key })).toBe(403);
    expect(await told(undefined, 'call.initiated', announced, { at, key })).toBe(403);
    // To its own number's address, of a leg that it says is of the other's call.
    const state = encodeClientState({ c: callId, l: 'call' });
    expect(await told(undefined, 'call.hangup', { call_control_id: newCall(), to: theirs }, { at, key, state })).toBe(403);
  }
  expect((await harness.seen(callId)).carrierEvents).toEqual([]);
  owners.calls.set(inboundCallId(inboundDigest('telnyx', call_control_id)), 'acme');
  expect(await told(undefined, 'call.initiated', announced, { at, key: keys.acme.privateKey })).toBe(204);
  const answer = await eventually(() => commandsOf(call_control_id).find(({ action }) => action === 'answer'));
  expect(answer.key).toBe('Bearer KEY-acme');
});

describe('media', () => {
  test('a stream is let in by the token in its address, and heard in order', async () => {
    const { callId } = await harness.startCall();
    const call = newCall();
    const stream = await openStream(call, tokenFor(callId));
    const session = await eventually(() => harness.sessions.of(callId)[0]);
    for (const chunk of [1, 3, 2, 4]) stream.media(chunk);
    await eventually(() => session.audio.length === 4);
    expect(session.audio.map((audio) => audio[0])).toEqual([1, 2, 3, 4]);
    expect((await harness.seen(callId)).attaches).toMatchObject([{ carrierCallId: call, streamId: stream.streamId }]);
    session.options.stream.sendAudio(Buffer.alloc(160, 7));
    session.options.stream.sendMark('m1');
    await eventually(() => stream.messages.length === 2);
    expect(stream.messages).toEqual([
      { event: 'media', media: { payload: Buffer.alloc(160, 7).toString('base64') } },
      { event: 'mark', mark: { name: 'm1' } },
    ]);
    stream.send({ event: 'stop', stream_id: stream.streamId, stop: {} });
    await eventually(async () => (await harness.seen(callId)).reports[0]);
  });

  test('error frames do not end the talk', async () => {
    const { callId } = await harness.startCall();
    const stream = await openStream(newCall(), tokenFor(callId));
    const session = await eventually(() => harness.sessions.of(callId)[0]);
    stream.send({ event: 'error', stream_id: stream.streamId, payload: { code: 100_004, title: 'invalid_media', detail: 'x' } });
    stream.media(1);
    await eventually(() => session.audio.length === 1);
    stream.socket.terminate();
    // Without stop: the close is as good.
    await eventually(async () => (await harness.seen(callId)).reports[0]);
  });

  test.each<[string, (callId: string) => string, string]>([
    ['without a token', () => '', 'PATTER_TOKEN_INVALID'],
    ['with a forged one', (callId) => tokenFor(callId, {}, 'a key that is not ours'), 'PATTER_TOKEN_INVALID'],
  ])('a stream %s is refused', async (_, token, reason) => {
    const { callId } = await harness.startCall();
    const stream = await openStream(newCall(), token(callId));
    await expect(stream.closed).resolves.toMatchObject({ reason });
  });
});

describe('a stream is over, and the carrier keeps the call', () => {
  const endedCall = async (instruction: NextInstruction) => {
    const { callId } = await harness.startCall({ instruction });
    return { callId, call: newCall(), nonce: `n-${++counter}` };
  };
  const failed = (callId: string, call: string, nonce: string, id?: string) =>
    told(
      callId,
      'streaming.failed',
      {
        call_control_id: call,
        stream_id: 'S',
        failure_reason: 'connection_lost',
        stream_params: { stream_url: streamUrl(tokenFor(callId, { n: nonce })) },
      },
      { id },
    );

  test('the workflow is asked which stream comes next, and the call gets it', async () => {
    const { callId, call, nonce } = await endedCall({ kind: 'stream', attachment: 2 });
    await failed(callId, call, nonce);
    const [started] = await eventually(() => commandsOf(call).length > 0 && commandsOf(call));
    expect(started).toMatchObject({
      action: 'streaming_start',
      body: { stream_bidirectional_mode: 'rtp', stream_bidirectional_codec: 'PCMU' },
    });
    const token = new URL(String(started?.body.stream_url)).searchParams.get('token') ?? '';
    expect(verifyCallToken(token, SECRET_KEY, Date.now())).toMatchObject({ c: callId, a: 2 });
    expect((await harness.seen(callId)).instructions).toMatchObject([{ carrierCallId: call, endedNonce: nonce }]);
  });

  test('the same webhook again asks nothing', async () => {
    const { callId, call, nonce } = await endedCall({ kind: 'stream', attachment: 2 });
    await failed(callId, call, nonce, 'evt-twice');
    await failed(callId, call, nonce, 'evt-twice');
    await eventually(() => commandsOf(call).length > 0);
    await failed(callId, call, nonce, 'evt-twice');
    // A question about another stream comes after any that the repeats could have brought.
    await failed(callId, call, `${nonce}-next`);
    await eventually(async () => (await harness.seen(callId)).instructions.length === 2);
    expect((await harness.seen(callId)).instructions).toMatchObject([{ endedNonce: nonce }, { endedNonce: `${nonce}-next` }]);
  });

  test('nothing is asked where the end of the call follows, as after nearly every stream', async () => {
    const { callId, call, nonce } = await endedCall({ kind: 'stream', attachment: 2 });
    await told(callId, 'streaming.stopped', { call_control_id: call, stream_url: streamUrl(tokenFor(callId, { n: nonce })) });
    await told(callId, 'call.hangup', { call_control_id: call, hangup_cause: 'normal_clearing' });
    const later = await endedCall({ kind: 'leave' });
    await failed(later.callId, later.call, later.nonce);
    await eventually(async () => (await harness.seen(later.callId)).instructions[0]);
    expect((await harness.seen(callId)).instructions).toEqual([]);
    expect(commandsOf(call)).toEqual([]);
  });

  test('a call in other hands is left alone', async () => {
    const { callId, call, nonce } = await endedCall({ kind: 'leave' });
    await failed(callId, call, nonce);
    await eventually(async () => (await harness.seen(callId)).instructions[0]);
    expect(commandsOf(call)).toEqual([]);
  });

  test('where the workflow says to wait, it is asked again', async () => {
    const { callId, call, nonce } = await endedCall({ kind: 'wait', ms: 50 });
    await failed(callId, call, nonce);
    await eventually(async () => (await harness.seen(callId)).instructions.length >= 2);
    await told(callId, 'call.hangup', { call_control_id: call, hangup_cause: 'normal_clearing' });
  });

  test('a call that nobody talks for any more is hung up', async () => {
    const { callId, call, nonce } = await endedCall({ kind: 'leave' });
    await harness.finish(callId);
    await failed(callId, call, nonce);
    await eventually(() => commandsOf(call).some(({ action }) => action === 'hangup'));
  });

  test('an address that is not of our streams brings no question', async () => {
    const { callId, call } = await endedCall({ kind: 'stream', attachment: 2 });
    await told(callId, 'streaming.stopped', { call_control_id: call, stream_url: 'wss://a.example/?token=x.y' });
    await told(callId, 'streaming.stopped', { call_control_id: call });
    await failed(callId, call, 'ours');
    await eventually(async () => (await harness.seen(callId)).instructions[0]);
    expect((await harness.seen(callId)).instructions).toHaveLength(1);
  });

  test('a stream that the carrier takes for alive is stopped first', async () => {
    const { callId, call, nonce } = await endedCall({ kind: 'stream', attachment: 2 });
    refused.push('streaming_start');
    await failed(callId, call, nonce);
    await eventually(() => commandsOf(call).length >= 4);
    // The music of a caller who waited ends with the waiting.
    expect(commandsOf(call).map(({ action }) => action)).toEqual(['streaming_start', 'streaming_stop', 'streaming_start', 'playback_stop']);
  });
});

test('caller and person are connected: the carrier is told to stop the stream', async () => {
  const { callId } = await harness.startCall();
  const call = newCall();
  await told(callId, 'call.bridged', { call_control_id: call });
  await eventually(() => commandsOf(call).some(({ action }) => action === 'streaming_stop'));
});

describe('calls that come in', () => {
  let desk: Gateway;
  beforeAll(async () => {
    desk = await harness.gateway({ variables: { ...variables, PATTER_TASK_QUEUE: harness.temporal.taskQueue } });
  });
  const callIdOf = (call: string) => inboundCallId(inboundDigest('telnyx', call));
  const ring = (call: string) => ({ call_control_id: call, direction: 'incoming', from: '+12125550101', to: '+15005550006' });
  const rings = (call: string, id: string) => told(undefined, 'call.initiated', ring(call), { id, at: desk });
  const answersTo = (call: string) => commandsOf(call).filter(({ action }) => action === 'answer');
  const tokenOfStream = (call: string) => new URL(String(answersTo(call)[0]?.body.stream_url)).searchParams.get('token') as string;

  test('peer defect 21: one that is announced again and again, at once, while they talk, or when all is over, is answered once', async () => {
    const call = newCall();
    const callId = callIdOf(call);
    expect(await Promise.all([rings(call, 'a1'), rings(call, 'a1'), rings(call, 'a2')])).toEqual([204, 204, 204]);
    await eventually(() => answersTo(call)[0]);
    expect(answersTo(call)).toHaveLength(1);
    const state = decodeClientState(answersTo(call)[0]?.body.client_state);
    expect(state).toEqual({ c: callId, l: 'call', t: '+15005550006', f: '+12125550101' });

    const stream = await openStream(call, tokenOfStream(call), undefined, desk);
    await eventually(() => harness.sessions.of(callId)[0]?.started);
    expect(await rings(call, 'a1')).toBe(204);
    stream.send({ event: 'stop', stream_id: stream.streamId });
    await eventually(async () => (await harness.seen(callId)).reports.length === 1);
    await harness.finish(callId);
    await rings(call, 'a1');
    expect(harness.sessions.of(callId)).toHaveLength(1);
    expect(harness.sessions.warmed.filter((warmed) => warmed.callId === callId)).toHaveLength(1);
    // Whatever was sent again is the same command, which Telnyx takes once.
    expect(new Set(answersTo(call).map(({ body }) => body.command_id)).size).toBe(1);
  });

  test('one whose answer Telnyx did not hear of is answered again, by the same command', async () => {
    const call = newCall();
    unheard.push(...Array<string>(3).fill(`${call} answer`));
    expect(await rings(call, 'b1')).toBe(204);
    await eventually(() => answersTo(call).length === 4);
    expect(new Set(answersTo(call).map(({ body }) => body.command_id)).size).toBe(1);
  });

  test('one that nobody can admit yet is in safe hands; a caller who gives up meanwhile is not answered any more', async () => {
    const lonely = await harness.gateway({ variables: { ...variables, PATTER_TASK_QUEUE: 'nobody-works-here' } });
    const call = newCall();
    expect(await told(undefined, 'call.initiated', ring(call), { at: lonely })).toBe(204);
    expect(await told(undefined, 'call.hangup', { ...ring(call), hangup_cause: 'originator_cancel' }, { at: lonely })).toBe(204);
    await lonely.stop();
    expect(commandsOf(call)).toEqual([]);
  });
});
