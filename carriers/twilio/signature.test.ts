import { verifyTwilioSignature } from './signature';

const authToken = '12345';
const status = {
  authToken,
  url: 'https://example.com/webhooks/twilio/status?callId=abc',
  params: { CallSid: 'CA1', CallStatus: 'completed', From: '+15005550006' },
  signature: 'lmE46WbJMG9fbgBb9dhsLOYyMNk=',
};

describe('verifyTwilioSignature', () => {
  test('accepts a form post signed over the public URL with its query', () => {
    expect(verifyTwilioSignature(status)).toBe(true);
  });

  test.each([
    ['another value', { params: { ...status.params, CallStatus: 'busy' } }],
    ['an added field', { params: { ...status.params, Extra: '1' } }],
    ['another query', { url: status.url.replace('abc', 'abd') }],
    ['another host', { url: status.url.replace('example.com', 'example.org') }],
    ['another token', { authToken: '12346' }],
    ['a signature that is cut', { signature: status.signature.slice(0, -2) }],
    ['no signature', { signature: undefined }],
  ])('refuses %s', (_, change) => {
    expect(verifyTwilioSignature({ ...status, ...change })).toBe(false);
  });

  test('a JSON body counts by its hash in the URL, and is checked against it', () => {
    const url = 'https://example.com/x?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862';
    const signed = { authToken, url, params: {}, signature: 'EEOdpND6RtKCNTn1YPIvYWltf9o=' };
    expect(verifyTwilioSignature({ ...signed, rawBody: '{"a":1}' })).toBe(true);
    expect(verifyTwilioSignature({ ...signed, rawBody: '{"a":2}' })).toBe(false);
    expect(verifyTwilioSignature(signed)).toBe(false);
  });

  test('a WebSocket handshake is signed over the wss URL', () => {
    const handshake = { authToken, params: {}, signature: '7PR3qMkpDyEJtMrVOY/LDyNq8J8=' };
    expect(verifyTwilioSignature({ ...handshake, url: 'wss://example.com/media' })).toBe(true);
    expect(verifyTwilioSignature({ ...handshake, url: 'https://example.com/media' })).toBe(false);
  });
});
