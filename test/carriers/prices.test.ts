/** What the carriers say that calls cost, from servers that answer as theirs do. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeClientState, parseTelnyxEnvelope, parseTelnyxNews } from '../../carriers/telnyx';
import { telnyxClient } from '../../carriers/telnyx/client';
import { TelnyxCarrier } from '../../carriers/telnyx/telnyx-carrier';
import { twilioClient } from '../../carriers/twilio/client';
import { TwilioCarrier } from '../../carriers/twilio/twilio-carrier';
import { UnknownOutcomeError } from '../../contracts/carrier';
import type { PriceQuestion } from '../../contracts/carrier-price';
import { PatterError } from '../../contracts/errors';

type Answer = (url: URL) => { status: number; body: unknown };

let server: Server;
let baseUrl: string;
let asked: URL[];
let answer: Answer;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push(url);
    const { status, body } = answer(url);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const question = (more: Partial<PriceQuestion> = {}): PriceQuestion => ({
  ...{ callId: 'call_1', carrierCallId: 'CA1', to: '+15005550009', from: '+15005550006', since: Date.UTC(2026, 10, 21, 10) },
  ...{ transferred: false, humanCallIds: [] },
  ...more,
});

describe('Twilio', () => {
  const leg = (sid: string, price: string | null, more: object = {}) => ({
    sid,
    status: 'completed',
    duration: '31',
    price,
    price_unit: 'USD',
    ...more,
  });
  const calls = (legs: ReturnType<typeof leg>[], children: string[] = []): Answer => {
    return (url) => {
      const sid = /Calls\/(\w+)\.json$/.exec(url.pathname)?.[1];
      const found = legs.find((one) => one.sid === sid);
      if (sid) return found ? { status: 200, body: found } : { status: 404, body: { code: 20_404, message: 'not found', status: 404 } };
      return { status: 200, body: { calls: legs.filter((one) => children.includes(one.sid)), next_page_uri: null } };
    };
  };
  const pricesOf = (more?: Partial<PriceQuestion>) => {
    const access = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'secret', baseUrl, timeoutMs: 5_000 };
    return new TwilioCarrier(twilioClient(access), access).prices.ofCall(question(more));
  };

  test('a negative string becomes micros of its currency, by one request', async () => {
    answer = calls([leg('CA1', '-0.01400')]);
    expect(await pricesOf()).toEqual([{ carrierCallId: 'CA1', micros: 14_000, currency: 'USD' }]);
    expect(asked).toHaveLength(1);
    answer = calls([leg('CA1', '-0.0123', { price_unit: 'eur' })]);
    expect(await pricesOf()).toEqual([{ carrierCallId: 'CA1', micros: 12_300, currency: 'EUR' }]);
  });

  test.each([
    ['null: Twilio does not know yet', [leg('CA1', null)], []],
    ['null of a leg that nobody took: it is not billed', [leg('CA1', null, { status: 'no-answer', duration: '0' })], [0]],
    ['a call that Twilio has no more', [], []],
    ['nonsense', [leg('CA1', 'soon')], []],
  ])('%s', async (_, legs, micros) => {
    answer = calls(legs);
    expect((await pricesOf()).map((price) => price.micros)).toEqual(micros);
  });

  test('the legs of people are billed beside the call: all are known, or nothing is', async () => {
    const legs = [leg('CA1', '-0.014'), leg('CA2', '-0.02'), leg('CA3', null, { status: 'busy', duration: '0' }), leg('CA4', null)];
    answer = calls(legs, ['CA2', 'CA3']);
    const more = { transferred: true, humanCallIds: ['CA4'] };
    expect(await pricesOf(more)).toEqual([]);
    legs[3] = leg('CA4', '-0.005');
    expect(await pricesOf(more)).toEqual([
      { carrierCallId: 'CA1', micros: 14_000, currency: 'USD' },
      { carrierCallId: 'CA2', micros: 20_000, currency: 'USD' },
      { carrierCallId: 'CA3', micros: 0, currency: 'USD' },
      { carrierCallId: 'CA4', micros: 5_000, currency: 'USD' },
    ]);
    expect(asked.find((url) => url.search)?.searchParams.get('ParentCallSid')).toBe('CA1');
  });

  test('no answer is told from a refusal', async () => {
    answer = () => ({ status: 503, body: {} });
    await expect(pricesOf()).rejects.toBeInstanceOf(UnknownOutcomeError);
    answer = () => ({ status: 429, body: { code: 20_429, message: 'too many', status: 429 } });
    await expect(pricesOf()).rejects.toBeInstanceOf(PatterError);
  });
});

describe('Telnyx', () => {
  const parts = (...currencies: string[]) =>
    currencies.map((currency) => ({ call_part: 'sip-trunking', cost: '0.0070', currency, rate: '0.0050' }));
  const cost = (more: object = {}) => ({
    ...{ call_control_id: 'v3:1', call_leg_id: 'L1', call_session_id: 'S1', connection_id: 'APP1', billing_group_id: null },
    ...{ billed_duration_secs: 120, status: 'success', total_cost: '0.0140', cost_parts: parts('USD', 'USD'), ...more },
  });

  const told = (payload: object, state = encodeClientState({ c: 'call_1', l: 'call' })) => {
    const data = { record_type: 'event', event_type: 'call.cost', id: 'evt-1', occurred_at: '2026-11-21T10:00:00Z' };
    const envelope = parseTelnyxEnvelope(JSON.stringify({ data: { ...data, payload: { ...payload, client_state: state } } }), 0);
    return envelope && parseTelnyxNews(envelope);
  };

  test('call.cost tells the price of a leg, of a person’s leg too, and nothing that the call’s workflow would wait for', () => {
    expect(told(cost())).toMatchObject({ carrierCallId: 'v3:1', price: { carrierCallId: 'v3:1', micros: 14_000, currency: 'USD' } });
    expect(told(cost())?.event).toBeUndefined();
    const person = encodeClientState({ c: 'call_1', l: 'transfer', n: 1, p: 'v3:1' });
    expect(told(cost({ call_control_id: 'v3:2', cost_parts: parts('EUR') }), person)).toMatchObject({
      state: { c: 'call_1' },
      price: { carrierCallId: 'v3:2', micros: 14_000, currency: 'EUR' },
    });
  });

  test.each([
    ['the reckoning failed', { status: 'error', total_cost: null }],
    ['no total', { total_cost: null }],
    ['no number', { total_cost: 'soon' }],
    ['less than nothing', { total_cost: '-0.01' }],
    ['no currency', { cost_parts: [] }],
    ['several currencies', { cost_parts: parts('USD', 'EUR') }],
    ['a leg that nobody took', { total_cost: '0.0000', billed_duration_secs: 0, cost_parts: [] }],
  ])('%s is no price', (_, more) => {
    expect(told(cost(more))?.price).toBeUndefined();
  });

  test('a webhook that was lost is found in the log: the session by the call’s number, then its legs', async () => {
    const entry = (name: string, payload: object) => ({
      ...{
        record_type: 'call_event',
        type: 'webhook',
        name,
        call_leg_id: 'L',
        call_session_id: 'S1',
        event_timestamp: '2026-11-21T10:01:00Z',
      },
      metadata: { event_type: name, payload },
    });
    const log = [
      entry('call.cost', cost()),
      entry('call.cost', cost({ call_control_id: 'v3:2', total_cost: '0.0070' })),
      entry('call.cost', cost({ call_control_id: 'v3:3', status: 'error' })),
      entry('call.hangup', { call_control_id: 'v3:1' }),
    ];
    answer = (url) => ({
      status: 200,
      body: { data: url.searchParams.get('page[number]') === '2' ? [] : log, meta: { total_pages: 1, page_number: 1 } },
    });
    const { prices } = new TelnyxCarrier(telnyxClient({ apiKey: 'KEY', connectionId: 'APP1', baseUrl: `${baseUrl}/v2` }), {
      connectionId: 'APP1',
    });
    expect(await prices.ofCall(question({ carrierCallId: 'v3:1' }))).toEqual([
      { carrierCallId: 'v3:1', micros: 14_000, currency: 'USD' },
      { carrierCallId: 'v3:2', micros: 7_000, currency: 'USD' },
    ]);
    const [bySession] = asked.filter((url) => url.searchParams.get('filter[application_session_id]') !== null);
    expect([asked[0]?.searchParams.get('filter[to]'), asked[0]?.searchParams.get('filter[occurred_at][gte]')]).toEqual([
      '+15005550009',
      '2026-11-21T10:00:00.000Z',
    ]);
    expect(bySession?.searchParams.get('filter[application_session_id]')).toBe('S1');
    expect(await prices.ofCall(question({ carrierCallId: 'v3:of-somebody-else' }))).toEqual([]);
  });
});
