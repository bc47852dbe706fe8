import { parseInboundCall } from './inbound';

const FORM = { CallSid: 'CA1', From: '+12125550101', To: '+15005550006', Direction: 'inbound', CallStatus: 'ringing' };

test('who calls whom, and what came with the call: the query of the voice URL, the name, SIP headers', () => {
  const form = { ...FORM, CallerName: 'ACME', 'SipHeader_X-Customer-Id': '7', 'SipHeader_X-Source': 'forged', SipHeader_UUI: 'ignored' };
  expect(parseInboundCall(form, { source: 'web' })).toEqual({
    carrierCallId: 'CA1',
    from: '+12125550101',
    to: '+15005550006',
    parameters: { source: 'web', caller_name: 'ACME', customer_id: '7' },
  });
});

test.each(['+266696687', '+7378742833', 'anonymous', 'Restricted', '', 'sip:anonymous@anonymous.invalid', 'client:bob'])(
  'a caller who is "%s" has no number',
  (From) => expect(parseInboundCall({ ...FORM, From }, {})).toMatchObject({ carrierCallId: 'CA1', from: undefined }),
);

test('numbers are found in SIP addresses', () => {
  const form = { ...FORM, From: 'sip:%2B12125550101@example.com', To: 'sip:+15005550006@pbx.example.com;user=phone' };
  expect(parseInboundCall(form, {})).toMatchObject({ from: '+12125550101', to: '+15005550006' });
});

test.each([
  ['no call', { ...FORM, CallSid: '' }],
  ['to no number', { ...FORM, To: 'sip:desk@example.com' }],
  ['a call that was made', { ...FORM, Direction: 'outbound-api' }],
])('%s is none', (_what, form) => expect(parseInboundCall(form, {})).toBeUndefined());

test('parameters are bounded in number and length', () => {
  const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`p${index}`, 'x'.repeat(2_000)]));
  const parameters = parseInboundCall(FORM, many)?.parameters ?? {};
  expect(Object.keys(parameters)).toHaveLength(50);
  expect(parameters.p0).toHaveLength(500);
});
