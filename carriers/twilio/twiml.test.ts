import { holdTwiml } from './transfer-twiml';
import { hangupTwiml, streamTwiml, transferTwiml, waitTwiml } from './twiml';
import { continueUrl } from './urls';

const xml = (body: string) => `<?xml version="1.0" encoding="UTF-8"?><Response>${body}</Response>`;

test('a stream carries its token as a parameter, and the fallback gateway is asked after it', () => {
  const target = { callId: 'call_1', gatewayUrl: 'https://a.example', fallbackGatewayUrl: 'https://b.example', token: 'x.y' };
  expect(streamTwiml(target)).toBe(
    xml(
      '<Connect><Stream url="wss://a.example/twilio/media" statusCallback="https://a.example/twilio/stream/call_1">' +
        '<Parameter name="token" value="x.y"/></Stream></Connect><Redirect>https://b.example/twilio/continue/call_1</Redirect>',
    ),
  );
  expect(streamTwiml({ ...target, gatewayUrl: 'http://127.0.0.1:80' })).toContain('url="ws://127.0.0.1:80/twilio/media"');
});

test('the question after a stream names it, and the token, which would open one, is not in its address', () => {
  const claims = { c: 'call_1', a: 2, n: 'abc-_9', e: 1_800_000_000 };
  const token = `${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
  const target = { callId: 'call_1', gatewayUrl: 'https://a.example', fallbackGatewayUrl: 'https://b.example', token };
  expect(streamTwiml(target)).toContain('<Redirect>https://b.example/twilio/continue/call_1?stream=abc-_9</Redirect>');
  const asked = { callId: 'call_1', nonce: 'abc-_9' };
  expect(continueUrl('https://a.example', { ...asked, unanswered: 2 })).toBe(
    'https://a.example/twilio/continue/call_1?stream=abc-_9&unanswered=2',
  );
  expect(holdTwiml({ ...asked, gatewayUrl: 'https://a.example', musicUrl: 'https://a.example/m.wav' })).toContain('call_1?stream=abc-_9<');
});

test('the dial of a transfer reports the human leg and asks what comes next', () => {
  const request = {
    callId: 'call_1',
    carrierCallId: 'CA1',
    to: '+15005550009',
    from: '+15005550006',
    gatewayUrl: 'https://a.example',
    transferNumber: 2,
    ringTimeoutMs: 24_500,
  };
  expect(transferTwiml(request)).toBe(
    xml(
      '<Dial action="https://a.example/twilio/transfer/call_1/2" timeout="25" callerId="+15005550006">' +
        '<Number statusCallback="https://a.example/twilio/transfer-status/call_1/2" statusCallbackEvent="initiated ringing answered completed">' +
        '+15005550009</Number></Dial>',
    ),
  );
});

test('a wait is whole seconds and at least one', () => {
  expect(waitTwiml(200, 'https://a.example/x?y=1&z=2')).toBe(
    xml('<Pause length="1"/><Redirect>https://a.example/x?y=1&amp;z=2</Redirect>'),
  );
  expect(waitTwiml(1_500, 'https://a.example')).toContain('length="2"');
  expect(hangupTwiml()).toBe(xml('<Hangup/>'));
});
