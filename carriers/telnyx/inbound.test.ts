import { parseTelnyxInbound } from './inbound';

const RINGS = { call_control_id: 'v3:1', direction: 'incoming', from: '+12125550101', to: '+15005550006', state: 'parked' };
const told = (payload: object, type = 'call.initiated') => parseTelnyxInbound({ id: 'e1', type, at: 7, payload: { ...RINGS, ...payload } });

test('who calls whom, and what came with the call: the name, and the X- headers', () => {
  const custom_headers = [
    { name: 'X-Customer-Id', value: '7' },
    { name: 'x-Source', value: 'web' },
    // The first of two that become one stands.
    { name: 'X-Source', value: 'forged' },
    { name: 'X-Caller-Name', value: 'forged' },
    { name: 'User-to-User', value: 'uui' },
    { name: 'X-Empty', value: '' },
    { value: 'of no name' },
    'not a header',
    null,
  ];
  expect(told({ caller_id_name: 'ACME', custom_headers })).toEqual({
    kind: 'announced',
    carrierCallId: 'v3:1',
    from: '+12125550101',
    to: '+15005550006',
    parameters: { caller_name: 'ACME', customer_id: '7', source: 'web', user_to_user: 'uui' },
  });
});

test.each([undefined, null, 'X-A: 1', {}, [[]]])('custom_headers that are no list (%j) are none', (custom_headers) => {
  expect(told({ custom_headers })).toMatchObject({ kind: 'announced', parameters: {} });
});

test.each(['anonymous', 'Restricted', '', 'sip:anonymous@anonymous.invalid', undefined])('a caller who is "%s" has no number', (from) => {
  expect(told({ from })).toMatchObject({ kind: 'announced', from: undefined });
});

test('numbers are found in SIP addresses', () => {
  const sip = { from: 'sip:%2B12125550101@example.com', to: 'sip:+15005550006@acme.sip.telnyx.com;user=phone' };
  expect(told(sip)).toMatchObject({ from: '+12125550101', to: '+15005550006' });
});

test.each([
  ['no call', { call_control_id: '' }],
  ['to no number', { to: 'sip:desk@acme.sip.telnyx.com' }],
  ['a call that was made', { direction: 'outgoing' }],
])('%s is none', (_what, payload) => expect(told(payload)).toBeUndefined());

test('a caller who gives up is news for the workflow; anything else before the answer is not', () => {
  expect(told({ hangup_cause: 'originator_cancel', sip_hangup_cause: '487' }, 'call.hangup')).toEqual({
    kind: 'event',
    carrierCallId: 'v3:1',
    event: { kind: 'status', dedupeKey: 'e1', carrierCallId: 'v3:1', at: 7, status: 'canceled', sequence: 3 },
  });
  expect(told({}, 'call.answered')).toBeUndefined();
});

test('headers are bounded in number and length', () => {
  const custom_headers = Array.from({ length: 80 }, (_, index) => ({ name: `X-P${index}`, value: 'x'.repeat(2_000) }));
  const news = told({ custom_headers });
  const parameters = news?.kind === 'announced' ? news.parameters : {};
  expect(Object.keys(parameters)).toHaveLength(50);
  expect(parameters.p0).toHaveLength(500);
});
