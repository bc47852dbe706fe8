import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalConfig } from '../options/local-config';
import { priceTableOf } from './prices';
import { hostOf, processConfig, publicUrlOf, requirePublicUrl } from './process-config';

const cwd = mkdtempSync(join(tmpdir(), 'patter-config-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function fields(some: Partial<LocalConfig> = {}): LocalConfig {
  return new LocalConfig({
    ...{ telephonyProvider: 'twilio', twilioSid: '', twilioToken: '', telnyxKey: '', telnyxConnectionId: '', telnyxPublicKey: '' },
    ...{ openaiKey: '', elevenlabsKey: '', deepgramKey: '', phoneNumber: '', webhookUrl: '', requireSignature: true },
    ...{ persistRoot: null, webhookSecret: '', appId: 'shop', tunnel: false, pricing: {} },
    ...some,
  });
}

test('options go over the environment, which goes over .env', () => {
  writeFileSync(join(cwd, '.env'), 'OPENAI_API_KEY=from-file\nDEEPGRAM_API_KEY=from-file\nPATTER_GATEWAY_MAX_CALLS=7\n');
  const config = processConfig(
    fields({ openaiKey: 'given', twilioSid: 'AC1', twilioToken: 't' }),
    { OPENAI_API_KEY: 'env', DEEPGRAM_API_KEY: 'env' },
    cwd,
  );
  expect(config).toMatchObject({
    OPENAI_API_KEY: 'given',
    DEEPGRAM_API_KEY: 'env',
    TWILIO_ACCOUNT_SID: 'AC1',
    PATTER_GATEWAY_MAX_CALLS: 7,
    PATTER_HOME: join(cwd, '.patter'),
    PATTER_LOG_LEVEL: 'warn',
    PATTER_TASK_QUEUE: 'patter-local-shop',
  });
});

test('what an embedded server sets by itself is only a default', () => {
  const config = processConfig(fields(), { PATTER_TASK_QUEUE: 'mine', PATTER_LOG_LEVEL: 'debug', PATTER_WORKER_VERSIONING: 'on' }, cwd);
  expect(config).toMatchObject({ PATTER_TASK_QUEUE: 'mine', PATTER_LOG_LEVEL: 'debug', PATTER_WORKER_VERSIONING: 'on' });
});

test.each([
  ['xxx.ngrok-free.dev', 'https://xxx.ngrok-free.dev'],
  ['xxx.ngrok-free.dev/', 'https://xxx.ngrok-free.dev'],
  ['https://phone.example.com', 'https://phone.example.com'],
  ['localhost:8000', 'http://localhost:8000'],
  ['127.0.0.1:8000', 'http://127.0.0.1:8000'],
  ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
])('the public host %s is called at %s', (webhookUrl, url) => {
  expect(publicUrlOf(webhookUrl)).toBe(url);
  expect(processConfig(fields({ webhookUrl }), {}, cwd).PATTER_PUBLIC_URL).toEqual([url]);
  expect(publicUrlOf(hostOf(url))).toBe(url);
});

test('a host with a path is refused', () => {
  expect(() => publicUrlOf('example.com/hooks')).toThrow('Write it without a path');
});

test('a real carrier needs a way here; one on this machine finds it', () => {
  const real = processConfig(fields({ twilioSid: 'AC1', twilioToken: 't' }), {}, cwd);
  expect(() => requirePublicUrl(real)).toThrow(/webhookUrl .* or tunnel: true/);
  // The environment's address was another server's, where a tunnel stands in its place.
  expect(() => requirePublicUrl(processConfig(fields(), { PATTER_PUBLIC_URL: 'https://other.example.com' }, cwd))).toThrow(
    'no way to reach',
  );
  requirePublicUrl(processConfig(fields(), { TWILIO_BASE_URL: 'http://127.0.0.1:1' }, cwd));
});

test('prices in dollars become micro-dollars for a million units', () => {
  expect(
    priceTableOf({
      'twilio/voice/outbound/second': { usd: 0.01, perStarted: 60 },
      'openai/llm/gpt-4o-mini/output_text_token': { usd: 0.5, per: 1_000_000 },
      'acme/tts/bell/character': 0.25,
    }),
  ).toEqual({
    'twilio/voice/outbound/second': expect.objectContaining({ microsPerMillion: 10_000_000_000, perStarted: 60 }),
    'openai/llm/gpt-4o-mini/output_text_token': { microsPerMillion: 500_000, label: 'OpenAI gpt-4o-mini' },
    'acme/tts/bell/character': { microsPerMillion: 250_000_000_000, label: 'acme tts bell' },
  });
});
