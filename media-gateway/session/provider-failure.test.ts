import { engineSchema } from '../../contracts/agent';
import { providerFailure } from './provider-failure';

const realtime = engineSchema.parse({ type: 'openai-realtime' });

test('a failure names code, provider and what the vendor said', () => {
  expect(providerFailure(realtime, 'OpenAI Realtime closed with 1011 internal error')).toBe(
    'PATTER_PROVIDER_FAILED openai-realtime: OpenAI Realtime closed with 1011 internal error',
  );
  expect(providerFailure(engineSchema.parse({ type: 'pipeline' }), 'x')).toBe(
    'PATTER_PROVIDER_FAILED pipeline (deepgram, openai, openai): x',
  );
});

test.each([
  ['Incorrect API key provided: sk-proj-abc***xyz. See the docs', 'xyz'],
  ['401 with Authorization: Bearer abcdefgh12345678', 'abcdefgh'],
  ['could not open wss://user:pass@api.example.com/v1/convai?token=s3cr3tvalue&x=1', 's3cr3t'],
  ['refused {"api_key":"0123456789abcdef"}', '0123456789'],
  ['no agent for +15005550001', '5550001'],
])('%s: the secret in it is not told', (message, secret) => {
  const told = providerFailure(realtime, message);
  expect(told).not.toContain(secret);
  expect(told).not.toContain('user:pass');
});

test('a page of HTML is cut', () => {
  expect(providerFailure(realtime, 'x'.repeat(5_000)).length).toBe(300);
});
