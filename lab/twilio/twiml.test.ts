import { parseTwiml } from './twiml';

test('the query string of a stream URL is dropped, and parameters keep what they say', () => {
  const [verb] = parseTwiml(
    `<?xml version="1.0" encoding="UTF-8"?><!-- hi --><Response><Connect><Stream url='wss://gw.example.com/media?a=1&amp;b=2'><Parameter name="token" value="x&lt;y&quot;&#x2713;"/></Stream></Connect></Response>`,
  );
  expect(verb).toMatchObject({ kind: 'connect', stream: { url: 'wss://gw.example.com/media', parameters: { token: 'x<y"✓' } } });
});

test('a stream over http, a dial without a number and an unknown verb cannot be performed', () => {
  const verbs = parseTwiml('<Response><Connect><Stream url="https://x"/></Connect><Dial/><Dance/><Say><![CDATA[a<b]]></Say></Response>');
  expect(verbs).toMatchObject([
    { kind: 'invalid', code: 12200 },
    { kind: 'invalid', code: 12200 },
    { kind: 'invalid', code: 12200 },
    { kind: 'say', text: 'a<b' },
  ]);
});

test.each([
  ['nothing', ''],
  ['another root', '<Html/>'],
  ['an element that is not closed', '<Response><Say>'],
  ['elements that cross', '<Response><Say></Response></Say>'],
  ['text behind the root', '<Response/>x'],
  ['an unknown entity', '<Response><Say>&nope;</Say></Response>'],
  ['a bare ampersand in an attribute is kept, a bare < is not', '<Response><Say <</Response>'],
])('a document with %s is refused', (_what, source) => {
  expect(() => parseTwiml(source)).toThrow();
});

test('a number inside Dial, bare or as a noun, carries its callbacks', () => {
  const verbs = parseTwiml(
    '<Response><Dial timeout="5" callerId="+15005550006">+14155550100</Dial><Dial action="/a" method="get"><Number statusCallback="/s" statusCallbackEvent="initiated answered">+14155550101</Number></Dial></Response>',
  );
  expect(verbs).toMatchObject([
    { kind: 'dial', timeoutMs: 5000, callerId: '+15005550006', numbers: [{ number: '+14155550100', statusCallbackEvents: ['completed'] }] },
    { kind: 'dial', action: '/a', method: 'GET', numbers: [{ number: '+14155550101', statusCallbackEvents: ['initiated', 'answered'] }] },
  ]);
});
