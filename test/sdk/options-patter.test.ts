/** Which mode, which keys and which server: what the constructor, serve() and connect() take, and every documented default, rule and error of theirs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudflareTunnel,
  isPatterError,
  Ngrok,
  Patter,
  PatterConnectionError,
  PatterError,
  PatterTypeError,
  PatterValidationError,
  StaticTunnel,
  Telnyx,
  Twilio,
} from '../../sdk';
import { resolveCloudConfig } from '../../sdk/options/cloud-config';
import { resolveLocalConfig } from '../../sdk/options/local-config';
import { resolveConnect } from '../../sdk/options/resolve-serve';
import { caught, inEmptyFolder, KEYS, PROMPT, refused } from './support/options';

const folder = inEmptyFolder();

describe('errors', () => {
  test('all of them are PatterErrors, and TypeErrors are TypeErrors too', () => {
    const errors = [new PatterConnectionError('x'), new PatterValidationError('port', 'x'), new PatterTypeError('agent', 'x')];
    for (const error of errors) {
      expect(error).toBeInstanceOf(PatterError);
      expect(isPatterError(error)).toBe(true);
      expect(error).toBeInstanceOf(Error);
      expect(`${error}`).toMatch(/^PATTER_[A-Z_]+: x$/);
    }
    expect(errors[2]).toBeInstanceOf(TypeError);
    expect(errors[0]).not.toBeInstanceOf(PatterValidationError);
    expect(errors[1]).not.toBeInstanceOf(PatterConnectionError);
    expect(new TypeError('x')).not.toBeInstanceOf(PatterError);
    expect(new PatterError('PATTER_CALL_ENDED', 'x')).not.toBeInstanceOf(PatterConnectionError);
  });
});

describe('mode', () => {
  test('is local without an apiKey and cloud with one', () => {
    expect(new Patter().mode).toBe('local');
    expect(new Patter(KEYS).mode).toBe('local');
    expect(new Patter({ carrier: new Twilio() }).mode).toBe('local');
    expect(new Patter({ apiKey: 'pt_1' }).mode).toBe('cloud');
  });

  test('a mix is refused, with what to do', () => {
    expect(refused(() => new Patter({ apiKey: 'pt_1', twilioSid: 'AC1' }))).toBe(
      "twilioSid belongs to local mode, and apiKey to cloud mode: give one or the other. In cloud mode the carrier's keys go to connect().",
    );
    expect(refused(() => new Patter({ mode: 'local', apiKey: 'pt_1' }))).toContain(
      "apiKey belongs to cloud mode, and mode is 'local': leave it out",
    );
    expect(refused(() => new Patter({ mode: 'cloud', ...KEYS }))).toContain("belong to local mode, and mode is 'cloud'");
    expect(refused(() => new Patter({ mode: 'remote' as 'local' }))).toBe("mode must be 'local' or 'cloud' (got \"remote\").");
  });

  test('what belongs to the other mode says so', async () => {
    const local = new Patter(KEYS);
    const cloud = new Patter({ apiKey: 'pt_1' });
    await expect(local.connect({ onMessage: () => '' })).rejects.toThrow('connect() is for cloud mode: give new Patter() an apiKey.');
    const agent = local.agent({ systemPrompt: PROMPT });
    await expect(cloud.serve({ agent })).rejects.toThrow(
      'serve() is for local mode, and this Patter has an apiKey. In cloud mode use connect',
    );
    await expect(cloud.serve({ agent })).rejects.toBeInstanceOf(PatterConnectionError);
    await expect(cloud.test(agent)).rejects.toBeInstanceOf(PatterConnectionError);
    await expect(cloud.call({ to: '+15005550001', agentId: 'nobody' })).rejects.toThrow(
      'There is no agent with agentId "nobody": make it with phone.agent(',
    );
    await expect(cloud.call({ to: '+15005550001', agent: local.agent({ systemPrompt: 'You call {name}.' }) })).rejects.toThrow('{name}');
    expect(() => cloud.config).toThrow(PatterConnectionError);
  });

  test('cloud mode needs a key, and finds it in the environment', () => {
    const error = caught(() => new Patter({ mode: 'cloud' })) as PatterError;
    expect(error).toBeInstanceOf(PatterValidationError);
    expect(error.code).toBe('PATTER_CREDENTIAL_MISSING');
    process.env.PATTER_API_KEY = 'pt_env';
    expect(new Patter({ mode: 'cloud' }).mode).toBe('cloud');
  });

  test('the backend is the documented one, then what the environment says, then what the options say', () => {
    const urls = (options: object, env = {}) => {
      const { backendUrl, restUrl } = resolveCloudConfig({ apiKey: 'pt_1', ...options }, env);
      return [backendUrl, restUrl];
    };
    const env = { PATTER_BACKEND_URL: 'ws://127.0.0.1:1', PATTER_REST_URL: 'http://127.0.0.1:2/' };
    expect(urls({})).toEqual(['wss://api.getpatter.com', 'https://api.getpatter.com']);
    expect(urls({}, env)).toEqual(['ws://127.0.0.1:1', 'http://127.0.0.1:2']);
    expect(urls({ backendUrl: 'ws://localhost:8000' }, env)).toEqual(['ws://localhost:8000', 'http://localhost:8000']);
    expect(urls({ backendUrl: 'ws://localhost:8000', restUrl: 'http://localhost:9' }, env)).toEqual([
      'ws://localhost:8000',
      'http://localhost:9',
    ]);
    expect(refused(() => urls({ backendUrl: 'localhost:8000' }))).toContain('backendUrl must be a URL such as wss://');
  });
});

test('URLs of callbacks inside the network are for a backend on this machine, or for who says so', () => {
  const allowed = (options: object, env = {}) => resolveCloudConfig({ apiKey: 'pt_1', ...options }, env).allowPrivate;
  const here = { backendUrl: 'ws://127.0.0.1:8090' };
  expect([allowed({}), allowed(here)]).toEqual([false, true]);
  expect([allowed({ ...here, restUrl: 'https://patter.example.com' }), allowed(here, { PATTER_ALLOW_PRIVATE_WEBHOOKS: 'false' })]).toEqual([
    false,
    false,
  ]);
  expect(allowed({}, { PATTER_ALLOW_PRIVATE_WEBHOOKS: 'true' })).toBe(true);
  expect(refused(() => allowed({}, { PATTER_ALLOW_PRIVATE_WEBHOOKS: 'perhaps' }))).toContain('must be true or false');
});

describe('the constructor in local mode', () => {
  const config = (options = {}, env = {}) => resolveLocalConfig(options, env, folder.path);

  test('has the documented defaults', () => {
    const { appId, ...rest } = config();
    expect(rest).toEqual({
      ...{ telephonyProvider: 'twilio', twilioSid: '', twilioToken: '', telnyxKey: '', telnyxConnectionId: '', telnyxPublicKey: '' },
      ...{ openaiKey: '', elevenlabsKey: '', deepgramKey: '', phoneNumber: '', webhookUrl: '', requireSignature: true, persistRoot: null },
      ...{ webhookSecret: '', tunnel: false, pricing: {} },
    });
    expect(appId).toBe(config().appId);
    expect(appId).toMatch(/^app-[0-9a-f]{16}$/);
    expect(config({ phoneNumber: '+15005550006' }).appId).not.toBe(appId);
    expect(Object.isFrozen(config())).toBe(true);
  });

  test.each([
    ['twilioSid', ['TWILIO_ACCOUNT_SID', 'TWILIO_SID'], 'AC9'],
    ['twilioToken', ['TWILIO_AUTH_TOKEN', 'TWILIO_TOKEN'], 't'],
    ['telnyxKey', ['TELNYX_API_KEY', 'TELNYX_KEY'], 'KEY9'],
    ['openaiKey', ['OPENAI_API_KEY', 'OPENAI_KEY'], 'sk-9'],
    ['elevenlabsKey', ['ELEVENLABS_API_KEY', 'ELEVENLABS_KEY'], 'el-9'],
    ['deepgramKey', ['DEEPGRAM_API_KEY', 'DEEPGRAM_KEY'], 'dg-9'],
    ['phoneNumber', ['PATTER_PHONE_NUMBER', 'PHONE_NUMBER'], '+15005550009'],
    ['webhookUrl', ['PATTER_PUBLIC_URL', 'WEBHOOK_URL'], 'env.example.com'],
  ] as const)('%s comes from the environment when not given', (name, variables, value) => {
    for (const variable of variables) expect(config({}, { [variable]: value })[name]).toBe(value);
    const own = name === 'phoneNumber' ? '+15005550001' : 'own.example.com';
    expect(config({ [name]: own }, { [variables[0]]: value })[name]).toBe(own);
  });

  test('the .env of the folder counts too', () => {
    writeFileSync('.env', 'TWILIO_ACCOUNT_SID=AC-of-the-file\nOPENAI_API_KEY=sk-of-the-file\n');
    process.env.OPENAI_API_KEY = 'sk-of-the-environment';
    const { twilioSid, openaiKey } = new Patter().config;
    expect([twilioSid, openaiKey]).toEqual(['AC-of-the-file', 'sk-of-the-environment']);
  });

  test('a placeholder of the documentation is filled from the environment, or refused', () => {
    const env = { TWILIO_SID: 'AC9', WEBHOOK_URL: 'env.example.com', PHONE_NUMBER: '+15005550009' };
    const { twilioSid, webhookUrl, phoneNumber } = config(
      { twilioSid: 'AC...', webhookUrl: 'xxx.ngrok-free.dev', phoneNumber: '+1...' },
      env,
    );
    expect([twilioSid, webhookUrl, phoneNumber]).toEqual(['AC9', 'env.example.com', '+15005550009']);
    expect(refused(() => config({ openaiKey: 'sk-...' }))).toBe(
      'openaiKey is still the documentation\'s placeholder ("sk-..."). Put your own value there, or leave it out and set OPENAI_API_KEY.',
    );
  });

  test('the carrier is an object or flat keys, of one carrier', () => {
    expect(config({ carrier: new Telnyx({ apiKey: 'KEY1', connectionId: '7', publicKey: 'pk' }) })).toMatchObject({
      ...{ telephonyProvider: 'telnyx', telnyxKey: 'KEY1', telnyxConnectionId: '7', telnyxPublicKey: 'pk', twilioSid: '' },
    });
    expect(config({ carrier: new Twilio() }, { TWILIO_ACCOUNT_SID: 'AC9', TWILIO_AUTH_TOKEN: 't', TELNYX_API_KEY: 'k' })).toMatchObject({
      ...{ telephonyProvider: 'twilio', twilioSid: 'AC9', twilioToken: 't', telnyxKey: '' },
    });
    expect(config({ telnyxKey: 'KEY1' }, { TWILIO_ACCOUNT_SID: 'AC9' }).telephonyProvider).toBe('telnyx');
    expect(config({}, { TELNYX_API_KEY: 'k' }).telephonyProvider).toBe('telnyx');
    expect(refused(() => config({ carrier: new Twilio(), twilioSid: 'AC1' }))).toBe(
      'Give either carrier or twilioSid: the carrier has the keys in it.',
    );
    expect(refused(() => config({ twilioSid: 'AC1', telnyxKey: 'k' }))).toContain('Give the keys of one carrier');
    expect(refused(() => config({ carrier: { accountSid: 'AC1' } }))).toBe('carrier must be new Twilio({...}) or new Telnyx({...}).');
  });

  test('numbers are E.164, in form only', () => {
    expect(config({ phoneNumber: '+1234567890' }).phoneNumber).toBe('+1234567890');
    for (const phoneNumber of ['5005550006', '+1 500 555 0006', '+0123456789', '+123']) {
      expect(refused(() => config({ phoneNumber }))).toContain('phoneNumber must be in E.164 format, like +14155551234');
    }
  });

  test('webhookUrl is a host name, with or without a scheme', () => {
    expect(config({ webhookUrl: 'https://a.example.com/' }).webhookUrl).toBe('a.example.com');
    expect(config({ webhookUrl: 'localhost:8000' }).webhookUrl).toBe('localhost:8000');
    expect(refused(() => config({ webhookUrl: 'https://a.example.com/path' }))).toContain(
      'a public host name such as example.ngrok.app, without a path',
    );
  });

  test('a tunnel and webhookUrl exclude each other', () => {
    expect(refused(() => config({ webhookUrl: 'a.example.com', tunnel: true }))).toContain('Give either webhookUrl or tunnel');
    expect(config({ tunnel: new CloudflareTunnel() }, { WEBHOOK_URL: 'a.example.com' }).webhookUrl).toBe('');
    expect(new StaticTunnel('https://a.example.com/').hostname).toBe('a.example.com');
    expect(new Ngrok({ domain: 'a.ngrok.app' }).domain).toBe('a.ngrok.app');
    expect(refused(() => new StaticTunnel({ hostname: '' }))).toContain('StaticTunnel needs the host name');
    expect(refused(() => config({ tunnel: 'cloudflare' }))).toContain('tunnel must be true, false, new CloudflareTunnel()');
  });

  test('persist is off, a folder, or what PATTER_LOG_DIR says', () => {
    expect(config({ persist: true }).persistRoot).toBe(join(folder.path, '.patter', 'calls'));
    expect(config({ persist: 'history' }).persistRoot).toBe(join(folder.path, 'history'));
    expect(config({}, { PATTER_LOG_DIR: '/var/log/calls' }).persistRoot).toBe('/var/log/calls');
    expect(config({ persist: false }, { PATTER_LOG_DIR: '/var/log/calls' }).persistRoot).toBeNull();
  });

  test('webhookSecret is of Standard Webhooks, comes from the environment too, and is shown to nobody', () => {
    const [secret, other] = [5, 6].map((fill) => `whsec_${Buffer.alloc(24, fill).toString('base64')}`) as [string, string];
    const env = { PATTER_WEBHOOK_SECRET: other };
    expect([config({ webhookSecret: secret }, env).webhookSecret, config({}, env).webhookSecret]).toEqual([secret, other]);
    expect([resolveCloudConfig({ apiKey: 'pt_1' }, env).webhookSecret, new Patter({ apiKey: 'pt_1', webhookSecret: secret }).mode]).toEqual(
      [other, 'cloud'],
    );
    expect(JSON.stringify(config({ webhookSecret: secret }).toDict())).not.toContain(secret);
    for (const wrong of [
      secret.slice(6),
      'whsec_',
      `whsec_${'A'.repeat(8)}`,
      'whsec_not base64 but long enough for it',
      `whsec_${'A'.repeat(120)}`,
    ]) {
      const told = refused(() => config({ webhookSecret: wrong }));
      expect(told).toContain('openssl rand -base64 32');
      if (wrong !== 'whsec_') expect(told).not.toContain(wrong);
    }
  });

  test('prices are dollars by what is priced', () => {
    const pricing = { 'twilio/voice/outbound/second': { usd: 0.01, perStarted: 60 }, 'openai/llm/*/output_text_token': 0.000001 };
    expect(config({ pricing }).pricing).toEqual(pricing);
    expect(refused(() => config({ pricing: { twilio: 0.01 } }))).toContain('write what is priced as provider/service/item/unit');
    expect(refused(() => config({ pricing: { 'a/b/c/d': -1 } }))).toContain('pricing.a/b/c/d must be dollars for one unit');
  });

  test('an option that does not exist is refused, with the one that was meant', () => {
    expect(refused(() => new Patter({ twilio_sid: 'AC1' } as object))).toBe('new Patter() has no option twilio_sid: write twilioSid.');
    expect(refused(() => new Patter({ colour: 'red' } as object))).toContain(
      'new Patter() has no option colour. Its options are: mode, apiKey',
    );
  });

  test('toDict() is in snake_case and shows no key', () => {
    const dict = config({ ...KEYS, openaiKey: 'sk-secret-1234' }).toDict();
    expect(dict).toMatchObject({
      telephony_provider: 'twilio',
      phone_number: '+15005550006',
      openai_key: '…1234',
      require_signature: true,
    });
    expect(JSON.stringify(dict)).not.toContain('sk-secret');
  });
});

describe('connect()', () => {
  const connect = (options: object, env = {}) => resolveConnect({ onMessage: () => '', ...options } as never, env);

  test('onMessage is needed', () => {
    expect(caught(() => connect({ onMessage: undefined }))).toBeInstanceOf(TypeError);
    expect(caught(() => connect({ onMessage: 'https://example.com' }))).toBeInstanceOf(TypeError);
  });

  test('the key of a carrier comes with its secret and its number', () => {
    const own = { number: '+14155550000', providerKey: 'AC1', providerSecret: 's' };
    expect(connect(own)).toMatchObject({ ...own, provider: 'twilio' });
    expect(refused(() => connect({ providerKey: 'AC1', providerSecret: 's' }))).toContain('give number too');
    expect(refused(() => connect({ ...own, providerSecret: undefined }))).toContain('providerKey needs its providerSecret');
    expect(refused(() => connect({ ...own, providerKey: undefined }))).toContain('providerSecret needs its providerKey');
    expect(refused(() => connect({ ...own, provider: 'acme' }))).toContain("provider must be 'twilio' or 'telnyx'");
    expect(refused(() => connect({ ...own, number: '555' }))).toContain('number must be in E.164 format');
    const shown = connect(
      { ...own, providerKey: 'ACxxxxxxxx', providerSecret: 'your_auth_token' },
      { TWILIO_SID: 'AC9', TWILIO_TOKEN: 't9' },
    );
    expect([shown.providerKey, shown.providerSecret]).toEqual(['AC9', 't9']);
    const stt = Patter.deepgram({ apiKey: 'dg_xxx', language: 'de' });
    const filled = connect({ ...own, stt, tts: Patter.openaiTts({ apiKey: 'sk-1' }) }, { DEEPGRAM_KEY: 'dg9' });
    expect(filled.stt).toEqual(Patter.deepgram({ apiKey: 'dg9', language: 'de' }));
    expect(filled.tts?.apiKey).toBe('sk-1');
    expect(refused(() => connect({ ...own, stt }))).toContain('stt.apiKey is still the documentation');
  });
});

test('importing the package and making a Patter starts nothing, and loads none of the heavy packages', () => {
  const before = process.listenerCount('SIGINT');
  new Patter(KEYS);
  expect(process.listenerCount('SIGINT')).toBe(before);
  const heavy = /node_modules[\\/](@temporalio[\\/](worker|client|workflow)|fastify|pg|ws|openai|twilio|telnyx|@deepgram)[\\/]/;
  expect(Object.keys(require.cache).filter((file) => heavy.test(file))).toEqual([]);
});
