import { generateKeyPairSync, sign } from 'node:crypto';
import { TelnyxSignature } from '../../carriers/telnyx';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const der = publicKey.export({ format: 'der', type: 'spki' });
const raw = der.subarray(der.length - 32).toString('base64');
const rawBody = '{"data":{"id":"e1","event_type":"call.answered","payload":{"text":"ümläut ✓"}}}';

function signed(body: string, ageS = 0): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1_000) - ageS);
  return {
    'telnyx-timestamp': timestamp,
    'telnyx-signature-ed25519': sign(null, Buffer.from(`${timestamp}|${body}`), privateKey).toString('base64'),
  };
}

test.each([
  ['the raw 32 bytes, as the portal shows them', raw],
  ['the DER form', der.toString('base64')],
  ['a PEM block', publicKey.export({ format: 'pem', type: 'spki' }) as string],
])('peer defect 9: %s are a public key that verifies', async (_, key) => {
  const signature = new TelnyxSignature(key);
  await expect(signature.verify({ headers: signed(rawBody), rawBody })).resolves.toBe(true);
});

describe('refused is', () => {
  const signature = new TelnyxSignature(raw);
  const other = generateKeyPairSync('ed25519').privateKey;
  const now = String(Math.floor(Date.now() / 1_000));
  test.each<[string, Record<string, string>, string]>([
    ['a body that was changed', signed(rawBody), rawBody.replace('e1', 'e2')],
    ['a body that was only formatted anew', signed(rawBody), JSON.stringify(JSON.parse(rawBody), null, 1)],
    ['a webhook that is older than 300 s', signed(rawBody, 305), rawBody],
    ['a webhook from the future', signed(rawBody, -305), rawBody],
    ['a time that was changed', { ...signed(rawBody, 10), 'telnyx-timestamp': now }, rawBody],
    ['no signature', { 'telnyx-timestamp': now }, rawBody],
    ['no time', { 'telnyx-signature-ed25519': signed(rawBody)['telnyx-signature-ed25519'] as string }, rawBody],
    [
      "somebody else's signature",
      { 'telnyx-timestamp': now, 'telnyx-signature-ed25519': sign(null, Buffer.from(`${now}|${rawBody}`), other).toString('base64') },
      rawBody,
    ],
  ])('%s', async (_, headers, body) => {
    await expect(signature.verify({ headers, rawBody: body })).resolves.toBe(false);
  });

  test('but one that is only four minutes old is taken', async () => {
    await expect(signature.verify({ headers: signed(rawBody, 240), rawBody })).resolves.toBe(true);
  });
});

test.each(['', 'not a key', Buffer.alloc(31).toString('base64'), Buffer.alloc(44).toString('base64')])(
  'what is no key (%p) is said at the start, with the variable to set',
  (key) => {
    expect(() => new TelnyxSignature(key)).toThrow(
      expect.objectContaining({ code: 'PATTER_CONFIG_INVALID', message: expect.stringMatching(/TELNYX_PUBLIC_KEY/) }),
    );
  },
);
