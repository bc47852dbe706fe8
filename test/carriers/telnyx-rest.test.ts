/** The carrier against a real HTTP server that behaves and misbehaves as Telnyx' REST API does. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeClientState } from '../../carriers/telnyx';
import { telnyxClient } from '../../carriers/telnyx/client';
import { TelnyxCarrier } from '../../carriers/telnyx/telnyx-carrier';
import { type PlaceCallRequest, UnknownOutcomeError } from '../../contracts/carrier';

interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  headers: IncomingMessage['headers'];
}
type Answer = (request: Seen, response: ServerResponse) => void;

const CALL = 'v3:call-1';
const place: PlaceCallRequest = {
  callId: 'call_1',
  to: '+15005550009',
  from: '+15005550006',
  gatewayUrl: 'https://a.example',
  fallbackGatewayUrl: 'https://b.example',
  token: 'tok+/en.x',
  ringTimeoutMs: 25_000,
  timeLimitMs: 600_500,
  machineDetection: true,
};
const again = {
  callId: 'call_1',
  carrierCallId: CALL,
  gatewayUrl: 'https://a.example',
  fallbackGatewayUrl: 'https://b.example',
  token: 't.1',
};

let server: Server;
let seen: Seen[];
let answers: Answer[];
let carrier: TelnyxCarrier;

const json =
  (status: number, body: unknown): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
const refuse = (status: number, code: string): Answer => json(status, { errors: [{ code, title: 'No', detail: `error ${code}` }] });
const dialled = json(200, {
  data: { call_control_id: CALL, call_leg_id: 'L1', call_session_id: 'S1', is_alive: false, record_type: 'call' },
});
const ok = json(200, { data: { result: 'ok' } });
const page = (...data: object[]): Answer =>
  json(200, { data, meta: { page_number: 1, page_size: 100, total_pages: 1, total_results: data.length } });
const hang: Answer = () => {};
const breakOff: Answer = (_, response) => response.destroy();

beforeEach(async () => {
  seen = [];
  answers = [];
  server = createServer(async (request: IncomingMessage, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url ?? '', 'http://x');
    const entry: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      body: text === '' ? {} : JSON.parse(text),
      headers: request.headers,
    };
    seen.push(entry);
    (answers.shift() ?? refuse(500, '10007'))(entry, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const access = {
    apiKey: 'KEY',
    connectionId: 'APP1',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`,
    timeoutMs: 1_500,
  };
  carrier = new TelnyxCarrier(telnyxClient(access), access);
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('placeCall', () => {
  test('peer defect 9: one authorised request asks for a two-way stream, without which an answered call has no sound', async () => {
    answers = [dialled];
    await expect(carrier.placeCall(place)).resolves.toEqual({ kind: 'accepted', carrierCallId: CALL, status: 'queued' });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      path: '/v2/calls',
      headers: { authorization: 'Bearer KEY', connection: 'close' },
      body: {
        connection_id: 'APP1',
        to: '+15005550009',
        from: '+15005550006',
        timeout_secs: 25,
        time_limit_secs: 601,
        retry_on_timeout: false,
        webhook_url: 'https://a.example/telnyx/events/call_1',
        webhook_urls: { 'streaming.failed': ['https://b.example/telnyx/events/call_1'] },
        answering_machine_detection: 'premium',
        stream_url: 'wss://a.example/telnyx/media?token=tok%2B%2Fen.x',
        stream_track: 'inbound_track',
        stream_codec: 'PCMU',
        stream_bidirectional_mode: 'rtp',
        stream_bidirectional_codec: 'PCMU',
        stream_bidirectional_target_legs: 'self',
      },
    });
    expect(seen[0]?.body).not.toHaveProperty('stream_establish_before_call_originate');
    expect(decodeClientState(seen[0]?.body.client_state)).toEqual({ c: 'call_1', l: 'call', t: '+15005550009', f: '+15005550006' });
  });

  test('the command id belongs to the attempt: the same for a repeat, another for another attempt', async () => {
    answers = [dialled, dialled, dialled];
    await carrier.placeCall(place);
    await carrier.placeCall({ ...place, token: 'another' });
    await carrier.placeCall({ ...place, callId: 'call_2' });
    const [first, repeat, other] = seen.map(({ body }) => body.command_id);
    expect(repeat).toBe(first);
    expect(other).not.toBe(first);
  });

  test('asks for no machine detection where none is wanted, and keeps to the bounds of the carrier', async () => {
    answers = [dialled];
    await carrier.placeCall({ ...place, machineDetection: false, ringTimeoutMs: 1_000, timeLimitMs: 99_999_999 });
    expect(seen[0]?.body).not.toHaveProperty('answering_machine_detection');
    expect(seen[0]?.body).toMatchObject({ timeout_secs: 5, time_limit_secs: 14_400 });
  });

  test('leaves the ring time-out to the carrier where none is given', async () => {
    answers = [dialled];
    await carrier.placeCall({ ...place, ringTimeoutMs: null });
    expect(seen[0]?.body).not.toHaveProperty('timeout_secs');
  });

  test.each<[string, Answer, object]>([
    ['a refusal', refuse(422, '10002'), { vendorCode: 10_002, httpStatus: 422, message: 'No: error 10002' }],
    ['a wrong key', refuse(401, '10009'), { vendorCode: 10_009, httpStatus: 401 }],
    ['too many requests, whatever the body', (_, response) => response.writeHead(429).end('slow down'), { httpStatus: 429 }],
  ])("%s is the carrier's decision", async (_, answer, expected) => {
    answers = [answer];
    await expect(carrier.placeCall(place)).resolves.toMatchObject({ kind: 'refused', ...expected });
    expect(seen).toHaveLength(1);
  });

  test('where nobody listens, nothing was sent', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const access = { apiKey: 'KEY', connectionId: 'APP1', baseUrl: `http://127.0.0.1:${port}/v2`, timeoutMs: 1_500 };
    const unreachable = new TelnyxCarrier(telnyxClient(access), access);
    await expect(unreachable.placeCall(place)).resolves.toMatchObject({ kind: 'refused', httpStatus: 0 });
  });

  test.each<[string, Answer]>([
    ['silence', hang],
    ['a broken connection', breakOff],
    ['a server error', refuse(500, '10007')],
    ['a gateway in between', (_, response) => response.writeHead(502).end('<html>')],
    ["a 4xx that is not the carrier's", (_, response) => response.writeHead(404).end('<html>')],
    ['a yes without a call', json(200, { data: {} })],
    ['half an answer', (_, response) => response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 }).end('{"da')],
  ])('%s leaves the outcome unknown, and nothing is sent again', async (_, answer) => {
    answers = [answer];
    await expect(carrier.placeCall(place)).rejects.toBeInstanceOf(UnknownOutcomeError);
    expect(seen).toHaveLength(1);
  });

  test('a request that is given up half way may have been carried out', async () => {
    const abort = new AbortController();
    answers = [() => abort.abort()];
    await expect(carrier.placeCall(place, abort.signal)).rejects.toBeInstanceOf(UnknownOutcomeError);
  });
});

describe('hangup', () => {
  test('ends a call in whatever state', async () => {
    answers = [ok];
    await carrier.hangup(CALL);
    expect(seen[0]).toMatchObject({ method: 'POST', path: `/v2/calls/${CALL}/actions/hangup` });
  });

  test.each(['90018', '90015', '10005'])('a call that has ended already (%s) is success', async (code) => {
    answers = [refuse(code === '10005' ? 404 : 422, code)];
    await expect(carrier.hangup(CALL)).resolves.toBeUndefined();
  });

  test('a refusal is an error with its code, and silence is one to retry on', async () => {
    answers = [refuse(403, '10010'), refuse(503, '10007')];
    await expect(carrier.hangup(CALL)).rejects.toMatchObject({ code: 'PATTER_CARRIER_REFUSED', details: { vendorCode: 10_010 } });
    await expect(carrier.hangup(CALL)).rejects.toBeInstanceOf(UnknownOutcomeError);
  });
});

describe('restream', () => {
  const paths = () => seen.map(({ path }) => path.split('/').at(-1));

  test('a call without a stream gets one', async () => {
    answers = [ok, refuse(422, '90033')];
    await carrier.restream(again);
    // Whoever waited with music hears none behind the agent.
    expect(paths()).toEqual(['streaming_start', 'playback_stop']);
    expect(seen[0]?.body).toMatchObject({
      stream_url: 'wss://a.example/telnyx/media?token=t.1',
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'PCMU',
    });
  });

  test('a stream that the carrier takes for alive is stopped first', async () => {
    answers = [refuse(422, '10015'), ok, ok];
    await carrier.restream(again);
    expect(paths()).toEqual(['streaming_start', 'streaming_stop', 'streaming_start', 'playback_stop']);
    expect(seen[2]?.body.command_id).not.toBe(seen[0]?.body.command_id);
  });

  test('for a call that has ended it is an error with its own code', async () => {
    answers = [refuse(422, '90018')];
    await expect(carrier.restream(again)).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
    expect(paths()).toEqual(['streaming_start']);
  });

  test('silence stops nothing: the stream may have been started', async () => {
    answers = [hang];
    await expect(carrier.restream(again)).rejects.toBeInstanceOf(UnknownOutcomeError);
    expect(paths()).toEqual(['streaming_start']);
  });

  test('a call whose stream is gone already needs no ending of it', async () => {
    answers = [refuse(422, '10015')];
    await expect(carrier.endStream(CALL)).resolves.toBeUndefined();
  });
});

test('a call that came in is answered with a stream and its own webhooks', async () => {
  answers = [ok];
  await carrier.answer({ ...again, timeLimitMs: 1_000, to: '+15005550006', from: '+12125550101' });
  expect(seen[0]).toMatchObject({
    path: `/v2/calls/${CALL}/actions/answer`,
    body: {
      webhook_url: 'https://a.example/telnyx/events/call_1',
      stream_url: 'wss://a.example/telnyx/media?token=t.1',
      stream_bidirectional_mode: 'rtp',
    },
  });
  expect(decodeClientState(seen[0]?.body.client_state)).toEqual({ c: 'call_1', l: 'call', t: '+15005550006', f: '+12125550101' });
});

describe('sendDigits', () => {
  test('keeps the stream', async () => {
    answers = [ok];
    await expect(carrier.sendDigits({ ...again, digits: '1ww2#' })).resolves.toEqual({ kind: 'sent', stream: 'kept' });
    expect(seen[0]).toMatchObject({ path: expect.stringMatching(/send_dtmf$/), body: { digits: '1ww2#' } });
  });

  test('is refused, or of unknown outcome, and sent once', async () => {
    answers = [refuse(422, '90018'), hang];
    await expect(carrier.sendDigits({ ...again, digits: '1' })).resolves.toMatchObject({ kind: 'refused', httpStatus: 422 });
    await expect(carrier.sendDigits({ ...again, digits: '1' })).rejects.toBeInstanceOf(UnknownOutcomeError);
    expect(seen).toHaveLength(2);
  });
});

describe('people', () => {
  const transfer = {
    callId: 'call_1',
    carrierCallId: CALL,
    to: '+15005550010',
    from: '+15005550006',
    gatewayUrl: 'https://a.example',
    transferNumber: 2,
    ringTimeoutMs: 20_000,
  };

  test('a transfer marks the leg of the person, so that its webhooks are not taken for the caller', async () => {
    answers = [ok];
    await expect(carrier.transfer(transfer)).resolves.toMatchObject({ kind: 'accepted' });
    expect(seen[0]).toMatchObject({
      path: `/v2/calls/${CALL}/actions/transfer`,
      body: { to: '+15005550010', from: '+15005550006', timeout_secs: 20, webhook_url: 'https://a.example/telnyx/events/call_1' },
    });
    // The caller's leg keeps its own, with its numbers.
    expect(seen[0]?.body).not.toHaveProperty('client_state');
    expect(decodeClientState(seen[0]?.body.target_leg_client_state)).toMatchObject({
      c: 'call_1',
      l: 'transfer',
      n: 2,
      p: CALL,
      t: '+15005550010',
    });
  });

  test('a person who is asked first gets a leg of their own, a question, and is bridged', async () => {
    answers = [json(200, { data: { call_control_id: 'v3:human' } }), ok, ok, ok];
    const consult = {
      ...transfer,
      fallbackGatewayUrl: 'https://b.example',
      timeLimitMs: 60_000,
      summary: 'Ann, about a bill.',
      question: 'Press 1.',
      language: 'en-US',
      machineDetection: true,
    };
    await expect(carrier.transfers.consult(consult)).resolves.toMatchObject({ kind: 'accepted', carrierCallId: 'v3:human' });
    await carrier.transfers.ask({ ...consult, humanCallId: 'v3:human', answerWithinMs: 8_000 });
    await carrier.transfers.bridge({ ...transfer, humanCallId: 'v3:human', repeated: false });
    expect(seen[0]?.body).toMatchObject({ to: '+15005550010', answering_machine_detection: 'premium', link_to: CALL });
    expect(seen[0]?.body).not.toHaveProperty('stream_url');
    expect(decodeClientState(seen[0]?.body.client_state)).toMatchObject({ l: 'consult', n: 2, p: CALL });
    expect(seen[1]).toMatchObject({
      path: expect.stringMatching(/human\/actions\/gather_using_speak$/),
      body: { payload: 'Ann, about a bill. Press 1.', language: 'en-US', maximum_digits: 1, timeout_millis: 8_000 },
    });
    expect(seen[2]).toMatchObject({
      path: `/v2/calls/${CALL}/actions/bridge`,
      body: { call_control_id: 'v3:human' },
    });
    // The music that waited with the caller does not play on under the two.
    expect(seen[3]).toMatchObject({ path: `/v2/calls/${CALL}/actions/playback_stop`, body: { stop: 'all' } });
  });

  test('no music to stop is no reason to call a bridge refused, and one that was refused stops none', async () => {
    const bridge = { ...transfer, humanCallId: 'v3:human', repeated: false };
    answers = [ok, refuse(422, '90033')];
    await expect(carrier.transfers.bridge(bridge)).resolves.toMatchObject({ kind: 'accepted' });
    answers = [refuse(422, '90018')];
    await expect(carrier.transfers.bridge(bridge)).resolves.toMatchObject({ kind: 'refused' });
    expect(seen.map(({ path }) => path.split('/').at(-1))).toEqual(['bridge', 'playback_stop', 'bridge']);
  });
});

describe('listCalls', () => {
  const state = (fields: object) => Buffer.from(JSON.stringify(fields)).toString('base64');
  const active = (id: string, fields: object, duration = 0) => ({
    record_type: 'call',
    call_control_id: id,
    call_leg_id: `L${id}`,
    call_session_id: 'S',
    call_duration: duration,
    client_state: state(fields),
  });
  const event = (name: string, id: string, payload: object, at = '2026-11-21T10:00:00.000Z') => ({
    record_type: 'call_event',
    type: 'webhook',
    name,
    call_leg_id: `L${id}`,
    call_session_id: 'S',
    event_timestamp: at,
    metadata: { event_type: name, payload: { call_control_id: id, to: place.to, from: place.from, ...payload } },
  });
  const ours = { c: 'call_1', l: 'call', t: place.to, f: place.from };

  test('finds an active call by what was written on it, and one that has ended by the log', async () => {
    answers = [
      page(
        event('call.hangup', 'v3:over', {
          client_state: state({ ...ours, c: 'call_0' }),
          hangup_cause: 'user_busy',
          sip_hangup_cause: '486',
        }),
        event('call.initiated', 'v3:over', { client_state: state({ ...ours, c: 'call_0' }) }),
      ),
      page(active('v3:now', ours), active('v3:other', { ...ours, t: '+15005550011' }), active('v3:stranger', 'x' as unknown as object)),
    ];
    const calls = await carrier.listCalls({ to: place.to, from: place.from, startedAfter: Date.parse('2026-11-21T09:59:00Z') });
    expect(calls).toEqual([
      { carrierCallId: 'v3:now', callId: 'call_1', status: 'ringing', to: place.to, from: place.from },
      expect.objectContaining({ carrierCallId: 'v3:over', callId: 'call_0', status: 'busy', sipCode: 486 }),
    ]);
    expect(seen[0]?.path).toBe('/v2/call_events');
    expect(seen[0]?.query.get('filter[to]')).toBe(place.to);
    expect(seen[0]?.query.get('filter[occurred_at][gte]')).toBe('2026-11-21T09:59:00.000Z');
    expect(seen[1]?.path).toBe('/v2/connections/APP1/active_calls');
  });

  test('a log that is not there makes the list unknown: a call that has ended would be missing in it', async () => {
    answers = [refuse(500, '10007')];
    await expect(carrier.listCalls({ to: place.to })).rejects.toBeInstanceOf(UnknownOutcomeError);
  });

  test('finds the leg of a person by the call that it was dialled for', async () => {
    answers = [
      page(),
      page(active('v3:human', { c: 'call_1', l: 'transfer', n: 1, p: CALL, t: '+15005550010' }, 3), active(CALL, ours, 9)),
    ];
    await expect(carrier.listCalls({ parentCallId: CALL })).resolves.toMatchObject([
      { carrierCallId: 'v3:human', status: 'in_progress', parentCallId: CALL },
    ]);
  });

  test('nothing is ever queued', async () => {
    await expect(carrier.listCalls({ status: 'queued' })).resolves.toEqual([]);
    expect(seen).toEqual([]);
  });
});

describe('fetchCall', () => {
  const record = (fields: object) =>
    json(200, { data: { record_type: 'call', call_control_id: CALL, call_leg_id: 'L1', call_session_id: 'S1', ...fields } });
  test.each<[string, object, object]>([
    ['that was only just asked for', { is_alive: false }, { status: 'queued' }],
    [
      'that rings',
      { is_alive: true, call_duration: 0, start_time: '2026-11-21T10:00:00Z' },
      { status: 'ringing', startedAt: Date.UTC(2026, 10, 21, 10) },
    ],
    ['that talks', { is_alive: true, call_duration: 5 }, { status: 'in_progress' }],
  ])('a call %s', async (_, fields, expected) => {
    answers = [record(fields)];
    await expect(carrier.fetchCall(CALL)).resolves.toMatchObject({ carrierCallId: CALL, ...expected });
  });

  test('how a call ended is in the log, and where that does not answer, what it lasted has to do', async () => {
    const over = { is_alive: false, call_duration: 0, end_time: '2026-11-21T10:01:00Z' };
    const busy = {
      record_type: 'call_event',
      name: 'call.hangup',
      event_timestamp: '2026-11-21T10:01:00Z',
      metadata: { payload: { call_control_id: CALL, hangup_cause: 'user_busy' } },
    };
    answers = [record(over), page(busy), record(over), refuse(500, '10007'), record({ ...over, call_duration: 12 }), refuse(500, '10007')];
    await expect(carrier.fetchCall(CALL)).resolves.toMatchObject({ status: 'busy', sipCode: 486, endedAt: Date.UTC(2026, 10, 21, 10, 1) });
    await expect(carrier.fetchCall(CALL)).resolves.toMatchObject({ status: 'no_answer' });
    await expect(carrier.fetchCall(CALL)).resolves.toMatchObject({ status: 'completed', durationS: 12 });
  });

  test('who answered is in the log of a call that is over: the verdict, and that a greeting ended', async () => {
    const logged = (name: string, payload: object) => ({
      ...{ record_type: 'call_event', name, event_timestamp: '2026-11-21T10:00:30Z' },
      metadata: { payload: { call_control_id: CALL, ...payload } },
    });
    const end = logged('call.hangup', { hangup_cause: 'normal_clearing' });
    const verdict = logged('call.machine.premium.detection.ended', { result: 'machine' });
    const greetingEnd = logged('call.machine.premium.greeting.ended', { result: 'beep_detected' });
    const over = record({ is_alive: false, call_duration: 12, end_time: '2026-11-21T10:01:00Z' });
    answers = [over, page(end), over, page(end, verdict), over, page(end, greetingEnd, verdict)];
    expect(await carrier.fetchCall(CALL)).not.toHaveProperty('amd');
    expect(await carrier.fetchCall(CALL)).toMatchObject({ status: 'completed', amd: { answeredBy: 'machine', messageEnd: false } });
    expect(await carrier.fetchCall(CALL)).toMatchObject({ amd: { answeredBy: 'machine', messageEnd: true } });
  });

  test('one that the carrier does not know', async () => {
    answers = [refuse(404, '10005')];
    await expect(carrier.fetchCall(CALL)).resolves.toBeUndefined();
  });
});

describe('numbers', () => {
  const number = (phone_number: string, connection_id: string) => ({ id: `id-${phone_number}`, phone_number, connection_id });

  test('of the account', async () => {
    answers = [page(number('+15005550006', 'APP1'), number('+15005550007', ''))];
    await expect(carrier.listNumbers()).resolves.toEqual(['+15005550006', '+15005550007']);
  });

  const HERE = 'https://a.example/telnyx/inbound';
  const app = (fields: object): Answer =>
    json(200, { data: { id: 'APP1', application_name: 'support', webhook_api_version: '2', ...fields } });
  const routing = () => carrier.numbers.routing('+15005550006', 'https://a.example');
  const point = (fallback?: string) => carrier.numbers.point('+15005550006', 'https://a.example', fallback);

  test.each<[string, string, object, string | undefined]>([
    ['an application that announces nothing yet', 'APP1', { webhook_event_url: '' }, undefined],
    ['a number that nobody was given, and an address of the examples', '', { webhook_event_url: 'https://example.com/hook' }, undefined],
    ['our address in the other format', 'APP1', { webhook_event_url: HERE, webhook_api_version: '1' }, undefined],
    ['an address that is somebody’s', 'APP1', { webhook_event_url: 'https://crm.example.co/in' }, 'https://crm.example.co/in'],
    [
      'a fail-over address that is somebody’s',
      'APP1',
      { webhook_event_url: '', webhook_event_failover_url: 'https://b.test/x' },
      'https://b.test/x',
    ],
    ['both somebody’s', 'OTHER', { webhook_event_url: 'https://crm.example.co/in' }, 'connection OTHER and https://crm.example.co/in'],
  ])('bug: a number is not taken for ours because of its application: %s', async (_, connection, application, target) => {
    answers = [page(number('+15005550006', connection)), app(application)];
    await expect(routing()).resolves.toEqual({
      number: '+15005550006',
      target,
      ours: false,
      alsoMoves: 'every number of the Call Control application APP1',
    });
  });

  test('it is ours where the number has our application, and that announces its calls here', async () => {
    answers = [page(number('+15005550006', 'APP1')), app({ webhook_event_url: HERE })];
    await expect(routing()).resolves.toEqual({ number: '+15005550006', target: HERE, ours: true });
    answers = [page(number('+15005550006', 'OTHER')), app({ webhook_event_url: HERE })];
    // No other number moves with it.
    await expect(routing()).resolves.toEqual({ number: '+15005550006', target: 'connection OTHER', ours: false });
  });

  test('a number is pointed here by both, the address first; a repeat changes nothing', async () => {
    answers = [page(number('+15005550006', 'OTHER')), app({ webhook_event_url: '' }), json(200, { data: {} }), json(200, { data: {} })];
    await point('https://b.example');
    answers = [page(number('+15005550006', 'APP1')), app({ webhook_event_url: HERE })];
    await point('https://b.example');
    answers = [page(number('+15005550006', 'APP1')), app({ webhook_event_url: 'https://crm.example.co/in' }), json(200, { data: {} })];
    await point();
    expect(seen.filter(({ method }) => method === 'PATCH').map(({ path, body }) => ({ path, body }))).toEqual([
      {
        path: '/v2/call_control_applications/APP1',
        body: {
          application_name: 'support',
          webhook_event_url: HERE,
          webhook_event_failover_url: 'https://b.example/telnyx/inbound',
          webhook_api_version: '2',
        },
      },
      { path: '/v2/phone_numbers/id-+15005550006', body: { connection_id: 'APP1' } },
      // What stood in for the address that is gone goes too.
      { path: '/v2/call_control_applications/APP1', body: expect.objectContaining({ webhook_event_failover_url: null }) },
    ]);
  });

  test('a number of somebody else’s, and an application that is gone, each have their code', async () => {
    answers = [page(), page(number('+15005550006', 'APP1')), refuse(404, '10005')];
    await expect(point()).rejects.toMatchObject({ code: 'PATTER_NUMBER_NOT_OWNED' });
    await expect(point()).rejects.toMatchObject({
      code: 'PATTER_CARRIER_REFUSED',
      message: expect.stringContaining('TELNYX_CONNECTION_ID'),
    });
  });
});
