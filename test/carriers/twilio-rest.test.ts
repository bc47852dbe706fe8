/** The carrier against a real HTTP server that behaves and misbehaves as Twilio's REST API does. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'node:querystring';
import { createCarriers, requireCarrier } from '../../carriers';
import { twilioClient } from '../../carriers/twilio/client';
import { TwilioCarrier } from '../../carriers/twilio/twilio-carrier';
import { type PlaceCallRequest, UnknownOutcomeError } from '../../contracts/carrier';

interface Seen {
  method: string;
  path: string;
  query: Record<string, unknown>;
  form: Record<string, unknown>;
  authorization: string | undefined;
}
type Answer = (request: Seen, response: ServerResponse) => void;

const accountSid = `AC${'0'.repeat(32)}`;
const place: PlaceCallRequest = {
  callId: 'call_1',
  to: '+15005550009',
  from: '+15005550006',
  gatewayUrl: 'https://a.example',
  fallbackGatewayUrl: 'https://b.example',
  token: 'tok.en',
  ringTimeoutMs: 25_000,
  timeLimitMs: 600_500,
  machineDetection: true,
};

let server: Server;
let seen: Seen[];
let answers: Answer[];
let carrier: TwilioCarrier;

function carrierAt(baseUrl: string, timeoutMs?: number): TwilioCarrier {
  const access = { accountSid, authToken: 'secret', baseUrl, timeoutMs };
  return new TwilioCarrier(twilioClient(access), access);
}

const json =
  (status: number, body: unknown): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
const call = (fields: object) => ({ sid: 'CA1', to: '+15005550009', from: '+15005550006', ...fields });
const refuse = (status: number, code: number): Answer => json(status, { code, message: `error ${code}`, status });
const hang: Answer = () => {};
const breakOff: Answer = (_, response) => response.destroy();

beforeEach(async () => {
  seen = [];
  answers = [];
  server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url ?? '', 'http://x');
    const entry = {
      method: request.method ?? '',
      path: url.pathname,
      query: parse(url.search.slice(1)),
      form: parse(body),
      authorization: request.headers.authorization,
    };
    seen.push(entry);
    const answer = answers.shift() ?? json(500, { code: 20_500, message: 'no more answers' });
    answer(entry, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`;
  carrier = carrierAt(baseUrl, 1_500);
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('placeCall', () => {
  test('sends one authorised request with everything that the call needs', async () => {
    answers = [json(201, call({ status: 'queued' }))];
    await expect(carrier.placeCall(place)).resolves.toEqual({ kind: 'accepted', carrierCallId: 'CA1', status: 'queued' });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      path: `/prefix/2010-04-01/Accounts/${accountSid}/Calls.json`,
      authorization: `Basic ${Buffer.from(`${accountSid}:secret`).toString('base64')}`,
      form: {
        To: '+15005550009',
        From: '+15005550006',
        Timeout: '25',
        TimeLimit: '601',
        StatusCallback: 'https://a.example/twilio/status/call_1',
        StatusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
        MachineDetection: 'DetectMessageEnd',
        AsyncAmd: 'true',
        AsyncAmdStatusCallback: 'https://a.example/twilio/amd/call_1',
      },
    });
    expect(seen[0]?.form.Twiml).toContain('<Parameter name="token" value="tok.en"/>');
    expect(seen[0]?.form.Url).toBeUndefined();
  });

  test('leaves the ring time-out to the carrier where none is given', async () => {
    answers = [json(201, call({ status: 'queued' }))];
    await carrier.placeCall({ ...place, ringTimeoutMs: null });
    expect(seen[0]?.form).not.toHaveProperty('Timeout');
  });

  test('asks for no machine detection where none is wanted', async () => {
    answers = [json(201, call({ status: 'queued' }))];
    await carrier.placeCall({ ...place, machineDetection: false });
    expect(Object.keys(seen[0]?.form ?? {}).filter((name) => /machine|amd/i.test(name))).toEqual([]);
  });

  test.each([
    [400, 21_211],
    [400, 10_004],
    [401, 20_003],
    [429, 20_429],
  ])('HTTP %i with code %i is a refusal, and is not sent again', async (status, code) => {
    answers = [refuse(status, code)];
    await expect(carrier.placeCall(place)).resolves.toEqual({
      kind: 'refused',
      httpStatus: status,
      vendorCode: code,
      message: `error ${code}`,
    });
    expect(seen).toHaveLength(1);
  });

  test.each<[string, Answer]>([
    ['HTTP 500 after it may have dialled', refuse(500, 20_500)],
    ['HTTP 503 in HTML from a proxy', (_, response) => response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>busy</h1>')],
    ['HTTP 400 that is not from Twilio', (_, response) => response.writeHead(400, { 'content-type': 'text/html' }).end('<h1>no</h1>')],
    ['HTTP 408', refuse(408, 20_408)],
    ['no answer at all', hang],
    ['a connection that breaks after the request', breakOff],
    ['HTTP 201 without a call in it', json(201, {})],
  ])('%s is an unknown outcome, and is not sent again', async (_, answer) => {
    answers = [answer];
    await expect(carrier.placeCall(place)).rejects.toBeInstanceOf(UnknownOutcomeError);
    expect(seen).toHaveLength(1);
  });

  test('an answer that begins and does not end is an unknown outcome', async () => {
    answers = [(_, response) => response.writeHead(201, { 'content-type': 'application/json' }).write('{"sid":')];
    await expect(carrier.placeCall(place)).rejects.toBeInstanceOf(UnknownOutcomeError);
  });

  test('an answer that trickles in for ever is an unknown outcome', async () => {
    let drip: NodeJS.Timeout | undefined;
    answers = [
      (_, response) => {
        response.writeHead(201, { 'content-type': 'application/json' });
        drip = setInterval(() => response.write(' '), 100);
      },
    ];
    await expect(carrier.placeCall(place)).rejects.toBeInstanceOf(UnknownOutcomeError);
    clearInterval(drip);
  });

  test('a request that could not be sent at all is a refusal without a status', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const lost = carrierAt(`http://127.0.0.1:${port}`);
    await expect(lost.placeCall(place)).resolves.toMatchObject({ kind: 'refused', httpStatus: 0, vendorCode: undefined });
    server.listen(0);
  });

  test('given up before it was sent it is not sent; given up after, nobody knows', async () => {
    await expect(carrier.placeCall(place, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(seen).toHaveLength(0);
    const abort = new AbortController();
    answers = [() => abort.abort()];
    await expect(carrier.placeCall(place, abort.signal)).rejects.toBeInstanceOf(UnknownOutcomeError);
  });
});

describe('hangup', () => {
  test.each(['completed', 'busy', 'failed', 'no-answer', 'canceled'])('a call that is %s already is success', async (status) => {
    answers = [json(200, call({ status }))];
    await carrier.hangup('CA1');
    expect(seen.map(({ method }) => method)).toEqual(['GET']);
  });

  test.each([
    ['queued', 'canceled'],
    ['ringing', 'canceled'],
    ['in-progress', 'completed'],
  ])('a call that is %s is updated to %s', async (status, to) => {
    answers = [json(200, call({ status })), json(200, call({ status: to }))];
    await carrier.hangup('CA1');
    expect(seen.map(({ form }) => form.Status)).toEqual([undefined, to]);
  });

  test.each<[string, Answer]>([
    ['refused', refuse(400, 21_220)],
    ['without effect', json(200, call({ status: 'in-progress' }))],
  ])('one that was answered while the cancel was %s is completed', async (_, canceled) => {
    answers = [json(200, call({ status: 'ringing' })), canceled, json(200, call({ status: 'completed' }))];
    await carrier.hangup('CA1');
    expect(seen.map(({ form }) => form.Status)).toEqual([undefined, 'canceled', 'completed']);
  });

  test.each([
    [404, 20_404],
    [400, 21_220],
  ])('one that ends in between (%i, %i) is success', async (status, code) => {
    answers = [json(200, call({ status: 'in-progress' })), refuse(status, code)];
    await expect(carrier.hangup('CA1')).resolves.toBeUndefined();
  });

  test('a call that Twilio does not know is success; a Twilio that does not answer is not', async () => {
    answers = [refuse(404, 20_404)];
    await expect(carrier.hangup('CA1')).resolves.toBeUndefined();
    answers = [refuse(503, 20_503)];
    await expect(carrier.hangup('CA1')).rejects.toBeInstanceOf(UnknownOutcomeError);
    answers = [refuse(401, 20_003)];
    await expect(carrier.hangup('CA1')).rejects.toMatchObject({ code: 'PATTER_CARRIER_REFUSED', details: { vendorCode: 20_003 } });
  });
});

describe('reading calls', () => {
  const ended = call({
    status: 'completed',
    parent_call_sid: 'CA0',
    start_time: 'Sat, 21 Nov 2026 10:00:00 +0000',
    end_time: 'Sat, 21 Nov 2026 10:00:31 +0000',
    duration: '31',
    price: '-0.01400',
    price_unit: 'USD',
  });

  test('times in epoch milliseconds, price in micro-dollars', async () => {
    answers = [json(200, ended)];
    await expect(carrier.fetchCall('CA1')).resolves.toEqual({
      carrierCallId: 'CA1',
      status: 'completed',
      to: '+15005550009',
      from: '+15005550006',
      parentCallId: 'CA0',
      startedAt: Date.UTC(2026, 10, 21, 10),
      endedAt: Date.UTC(2026, 10, 21, 10, 0, 31),
      durationS: 31,
      priceMicros: 14_000,
    });
  });

  test.each([
    ['machine_end_beep', { answeredBy: 'machine', messageEnd: true }],
    ['machine_start', { answeredBy: 'machine', messageEnd: false }],
    ['human', { answeredBy: 'human', messageEnd: false }],
    ['a word of a later version', { answeredBy: 'unknown', messageEnd: false }],
    [null, undefined],
  ])('answered_by %s', async (word, amd) => {
    answers = [json(200, { ...ended, answered_by: word })];
    expect((await carrier.fetchCall('CA1'))?.amd).toEqual(amd);
  });

  test('a price in another currency is no dollars', async () => {
    answers = [json(200, { ...ended, price_unit: 'EUR' })];
    expect(await carrier.fetchCall('CA1')).not.toHaveProperty('priceMicros');
  });

  test('a list is filtered by Twilio by number, parent and status, and here by time: queued calls have none and count', async () => {
    const at = (time: string | null) => call({ status: 'queued', date_created: time, start_time: null });
    const calls = [at(null), at('Sat, 21 Nov 2026 10:00:01 +0000'), at('Sat, 21 Nov 2026 09:59:59 +0000')];
    answers = [json(200, { calls, page: 0 })];
    const found = await carrier.listCalls({
      to: '+15005550009',
      parentCallId: undefined,
      status: 'no_answer',
      startedAfter: Date.UTC(2026, 10, 21, 10, 0, 1, 900),
    });
    expect(found.map(({ startedAt }) => startedAt)).toEqual([undefined, Date.UTC(2026, 10, 21, 10, 0, 1)]);
    expect(seen[0]?.query).toMatchObject({ To: '+15005550009', Status: 'no-answer' });
  });

  test('of what the carrier queues all is told, page after page: a pause leaves no phone to ring', async () => {
    const calls = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...ended, sid: `CA${from + i}`, status: 'queued' }));
    answers = [
      json(200, {
        calls: calls(0, 1_000),
        page: 0,
        next_page_uri: '/2010-04-01/Accounts/AC0/Calls.json?Page=1&PageSize=1000&PageToken=PACA999',
      }),
      json(200, { calls: calls(1_000, 250), page: 1 }),
    ];
    expect(await carrier.listCalls({ status: 'queued' })).toHaveLength(1_250);
    expect(seen.map(({ query }) => [query.PageSize, query.PageToken])).toEqual([
      ['1000', undefined],
      ['1000', 'PACA999'],
    ]);
  });

  test('the legs that a call dialled are found by their parent', async () => {
    answers = [json(200, { calls: [ended], page: 0 })];
    await expect(carrier.listCalls({ parentCallId: 'CA0' })).resolves.toMatchObject([{ parentCallId: 'CA0' }]);
    expect(seen[0]?.query).toMatchObject({ ParentCallSid: 'CA0' });
  });
});

describe('changing a call', () => {
  const transfer = {
    callId: 'call_1',
    carrierCallId: 'CA1',
    to: '+15005550002',
    from: '+15005550006',
    gatewayUrl: 'https://a.example',
    transferNumber: 1,
    ringTimeoutMs: 20_000,
  };

  test('a transfer is an update with a dial, sent once', async () => {
    answers = [json(200, call({ status: 'in-progress' }))];
    await expect(carrier.transfer(transfer)).resolves.toEqual({ kind: 'accepted', carrierCallId: 'CA1', status: 'in_progress' });
    expect(seen[0]?.form.Twiml).toContain('+15005550002</Number></Dial>');
    answers = [refuse(400, 21_220)];
    await expect(carrier.transfer(transfer)).resolves.toMatchObject({ kind: 'refused', vendorCode: 21_220 });
    answers = [refuse(502, 20_502)];
    await expect(carrier.transfer(transfer)).rejects.toBeInstanceOf(UnknownOutcomeError);
    expect(seen).toHaveLength(3);
  });

  test('a new stream for a call that has ended is an error with its own code', async () => {
    const request = { ...place, carrierCallId: 'CA1' };
    answers = [json(200, call({ status: 'in-progress' }))];
    await carrier.restream(request);
    expect(seen[0]?.form.Twiml).toContain('<Connect><Stream');
    answers = [refuse(404, 20_404)];
    await expect(carrier.restream(request)).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
  });
});

test('numbers of the account', async () => {
  answers = [json(200, { incoming_phone_numbers: [{ phone_number: '+15005550006' }], page: 0 })];
  await expect(carrier.listNumbers()).resolves.toEqual(['+15005550006']);
});

test('a carrier without credentials is missing, and the error says what to set', () => {
  const none = createCarriers({ TWILIO_BASE_URL: 'https://api.twilio.com' });
  expect(() => requireCarrier(none, 'twilio')).toThrow('set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN');
  expect(() => createCarriers({ TWILIO_ACCOUNT_SID: 'SK1', TWILIO_AUTH_TOKEN: 'x', TWILIO_BASE_URL: 'https://x' })).toThrow(
    'begins with AC',
  );
});

describe('recordings', () => {
  const start = { callId: 'call_1', carrierCallId: 'CA1', gatewayUrl: 'https://a.example' };
  const none = json(200, { recordings: [] });
  const one = (fields: object) =>
    json(200, {
      recordings: [{ sid: 'RE1', call_sid: 'CA1', channels: 2, duration: '-1', start_time: 'Mon, 05 Jan 2026 12:00:00 +0000', ...fields }],
    });

  it('starts one of two channels that reports to the gateway', async () => {
    answers = [none, json(201, { sid: 'RE1', call_sid: 'CA1', status: 'in-progress' })];
    expect(await carrier.recordings.start(start)).toEqual({ recordingId: 'RE1' });
    expect(seen[1]).toMatchObject({
      method: 'POST',
      path: `/prefix/2010-04-01/Accounts/${accountSid}/Calls/CA1/Recordings.json`,
      form: {
        RecordingChannels: 'dual',
        RecordingTrack: 'both',
        RecordingStatusCallback: 'https://a.example/twilio/recording/call_1',
        RecordingStatusCallbackEvent: ['completed', 'absent'],
      },
    });
  });

  it('starts none beside one that runs: asked twice, Twilio would record twice', async () => {
    answers = [one({ status: 'paused' })];
    expect(await carrier.recordings.start(start)).toEqual({ recordingId: 'RE1' });
    expect(seen.map(({ method }) => method)).toEqual(['GET']);
  });

  it('says what a failed start means', async () => {
    answers = [none, refuse(400, 21_220)];
    await expect(carrier.recordings.start(start)).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
    answers = [none, refuse(403, 20_003)];
    await expect(carrier.recordings.start(start)).rejects.toMatchObject({ code: 'PATTER_CARRIER_REFUSED' });
    answers = [none, breakOff];
    await expect(carrier.recordings.start(start)).rejects.toBeInstanceOf(UnknownOutcomeError);
  });

  it('pauses with silence, resumes and stops, by id or whichever is under way', async () => {
    answers = [json(200, { sid: 'RE1' }), json(200, { sid: 'RE1' }), json(200, { sid: 'RE1' })];
    await carrier.recordings.pause('CA1', 'RE1');
    await carrier.recordings.resume('CA1', undefined);
    await carrier.recordings.stop('CA1', 'RE1');
    expect(seen.map(({ path, form }) => [path.split('/').at(-1), form])).toEqual([
      ['RE1.json', { Status: 'paused', PauseBehavior: 'silence' }],
      ['Twilio.CURRENT.json', { Status: 'in-progress' }],
      ['RE1.json', { Status: 'stopped' }],
    ]);
  });

  it('to pause one that is paused is success; to pause one that is over is not', async () => {
    answers = [refuse(400, 21_220), one({ status: 'paused' })];
    await carrier.recordings.pause('CA1', 'RE1');
    answers = [refuse(400, 21_220), one({ status: 'completed' })];
    await expect(carrier.recordings.pause('CA1', 'RE1')).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
  });

  it.each([
    ['in-progress', 'in_progress'],
    ['paused', 'paused'],
    ['stopped', 'processing'],
    ['processing', 'processing'],
    ['completed', 'available'],
    ['absent', 'absent'],
    ['failed', 'failed'],
    ['a later version', 'processing'],
  ])('lists %s as %s', async (status, state) => {
    answers = [one({ status })];
    expect(await carrier.recordings.list('CA1')).toEqual([
      { recordingId: 'RE1', carrierCallId: 'CA1', channels: 2, startedAt: Date.UTC(2026, 0, 5, 12), state },
    ]);
  });

  it("downloads both channels with the account's password, and passes a refusal on", async () => {
    answers = [(_, response) => response.writeHead(200, { 'content-type': 'audio/x-wav' }).end('RIFF'), refuse(404, 20_404)];
    const { contentType, body } = await carrier.recordings.download('RE1', AbortSignal.timeout(5_000));
    expect([contentType, await new Response(body).text()]).toEqual(['audio/x-wav', 'RIFF']);
    expect(seen[0]).toMatchObject({
      path: `/prefix/2010-04-01/Accounts/${accountSid}/Recordings/RE1.wav`,
      query: { RequestedChannels: '2' },
      authorization: `Basic ${Buffer.from(`${accountSid}:secret`).toString('base64')}`,
    });
    await expect(carrier.recordings.download('RE1', AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'PATTER_CARRIER_REFUSED',
      details: { httpStatus: 404 },
    });
  });

  it('deletes; gone already is success', async () => {
    answers = [(_, response) => response.writeHead(204).end(), refuse(404, 20_404), refuse(500, 20_500)];
    await carrier.recordings.remove('RE1');
    await carrier.recordings.remove('RE1');
    await expect(carrier.recordings.remove('RE1')).rejects.toBeInstanceOf(UnknownOutcomeError);
  });
});

describe('sendDigits', () => {
  const press = {
    callId: 'call_1',
    carrierCallId: 'CA1',
    digits: 'w12#',
    gatewayUrl: 'https://a.example',
    fallbackGatewayUrl: 'https://b.example',
    token: 'tok.en',
  };

  it('presses in the place of the stream, with another stream after it', async () => {
    answers = [json(200, call({ status: 'in-progress' }))];
    expect(await carrier.sendDigits(press)).toEqual({ kind: 'sent', stream: 'replaced' });
    expect(seen).toHaveLength(1);
    const twiml = String(seen[0]?.form.Twiml);
    expect(twiml).toMatch(/<Play digits="w12#"\/?>.*<Connect><Stream url="wss:\/\/a\.example\/twilio\/media"/);
    expect(twiml).toContain('https://b.example/twilio/continue/call_1');
  });

  it('is sent once: a refusal is one, and silence is of unknown outcome', async () => {
    answers = [refuse(400, 21_220)];
    expect(await carrier.sendDigits(press)).toMatchObject({ kind: 'refused', httpStatus: 400 });
    answers = [hang];
    await expect(carrier.sendDigits(press)).rejects.toBeInstanceOf(UnknownOutcomeError);
    expect(seen).toHaveLength(2);
  });
});
