/** Every documented default, rule and error of the package's options. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Agent,
  type AgentOptions,
  type CallOptions,
  CloudflareTunnel,
  DeepgramSTT,
  ElevenLabsConvAI,
  ElevenLabsTTS,
  Guardrail,
  guardrail,
  isPatterError,
  Ngrok,
  OpenAILLM,
  OpenAIRealtime,
  Patter,
  PatterConnectionError,
  PatterError,
  PatterTypeError,
  PatterValidationError,
  StaticTunnel,
  Telnyx,
  Tool,
  Twilio,
  tool,
} from '../../sdk';
import { compileAgent } from '../../sdk/agent/compile-agent';
import { resolveCloudConfig } from '../../sdk/options/cloud-config';
import { resolveLocalConfig } from '../../sdk/options/local-config';
import { resolveCall } from '../../sdk/options/resolve-call';
import { resolveConnect, resolveServe } from '../../sdk/options/resolve-serve';

const KEYS = { twilioSid: 'AC1', twilioToken: 'token', openaiKey: 'sk-1', phoneNumber: '+15005550006' };
const PROMPT = 'You are a helpful assistant.';

/** What the environment of the tests must not decide. */
const NAMES = /^(TWILIO|TELNYX|OPENAI|DEEPGRAM|ELEVENLABS|PATTER)_|^(PHONE_NUMBER|WEBHOOK_URL)$/;
let saved: NodeJS.ProcessEnv;
let cwd: string;
let folder: string;

beforeEach(() => {
  saved = process.env;
  process.env = Object.fromEntries(Object.entries(saved).filter(([name]) => !NAMES.test(name)));
  cwd = process.cwd();
  folder = mkdtempSync(join(tmpdir(), 'patter-options-'));
  process.chdir(folder);
});
afterEach(() => {
  process.env = saved;
  process.chdir(cwd);
  rmSync(folder, { recursive: true });
});

function caught(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function refused(act: () => unknown): string {
  const error = caught(act);
  expect(error).toBeInstanceOf(PatterValidationError);
  expect((error as PatterError).code).toBe('PATTER_OPTION_INVALID');
  return (error as Error).message;
}

function warnings(): { codes: string[]; stop(): void } {
  const codes: string[] = [];
  const spy = jest.spyOn(process, 'emitWarning').mockImplementation(((_: string, options: { code: string }) => {
    codes.push(options.code);
  }) as never);
  return { codes, stop: () => spy.mockRestore() };
}

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
    await expect(cloud.call({ to: '+15005550001', agent })).rejects.toThrow('In cloud mode the agent is what connect() has as onMessage');
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

describe('the constructor in local mode', () => {
  const config = (options = {}, env = {}) => resolveLocalConfig(options, env, folder);

  test('has the documented defaults', () => {
    const { appId, ...rest } = config();
    expect(rest).toEqual({
      ...{ telephonyProvider: 'twilio', twilioSid: '', twilioToken: '', telnyxKey: '', telnyxConnectionId: '', telnyxPublicKey: '' },
      ...{ openaiKey: '', elevenlabsKey: '', deepgramKey: '', phoneNumber: '', webhookUrl: '', requireSignature: true, persistRoot: null },
      ...{ tunnel: false, pricing: {} },
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
    expect(config({ persist: true }).persistRoot).toBe(join(folder, '.patter', 'calls'));
    expect(config({ persist: 'history' }).persistRoot).toBe(join(folder, 'history'));
    expect(config({}, { PATTER_LOG_DIR: '/var/log/calls' }).persistRoot).toBe('/var/log/calls');
    expect(config({ persist: false }, { PATTER_LOG_DIR: '/var/log/calls' }).persistRoot).toBeNull();
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
    expect(JSON.stringify(dict)).not.toContain('secret');
  });
});

describe('agent()', () => {
  const phone = () => new Patter({ ...KEYS, deepgramKey: 'dg', elevenlabsKey: 'el' });
  const agent = (options: Partial<AgentOptions> = {}) => phone().agent({ systemPrompt: PROMPT, ...options });

  test('has the documented defaults', () => {
    expect(agent()).toMatchObject({
      ...{
        systemPrompt: PROMPT,
        voice: 'alloy',
        model: 'gpt-realtime-mini',
        language: 'en',
        firstMessage: '',
        provider: 'openai_realtime',
      },
      ...{ tools: [], guardrails: [], variables: {}, stt: undefined, tts: undefined },
    });
  });

  test('is frozen, as all option objects are', () => {
    const one = agent({ tools: [tool({ name: 'a', handler: () => '' })], variables: { a: 1 } });
    const frozen = [
      one,
      one.tools,
      one.tools[0],
      one.variables,
      new Twilio(),
      new Telnyx(),
      new OpenAIRealtime(),
      new DeepgramSTT(),
      new ElevenLabsTTS(),
    ];
    for (const object of [...frozen, guardrail({ name: 'g', blockedTerms: ['x'] }), new CloudflareTunnel()])
      expect(Object.isFrozen(object)).toBe(true);
  });

  test('an old model name is accepted, mapped and warned of', () => {
    const { codes, stop } = warnings();
    const { spec } = compileAgent(agent({ model: 'gpt-4o-mini-realtime-preview' }), { app: 'a' });
    const { spec: larger } = compileAgent(agent({ model: 'gpt-4o-realtime-preview-2024-12-17' }), { app: 'a' });
    const { spec: current } = compileAgent(agent({ model: 'gpt-realtime' }), { app: 'a' });
    stop();
    expect([spec.engine, larger.engine, current.engine].map((engine) => 'model' in engine && engine.model)).toEqual([
      ...['gpt-realtime-mini', 'gpt-realtime', 'gpt-realtime'],
    ]);
    expect(codes).toEqual(['PATTER_MODEL_REPLACED', 'PATTER_MODEL_REPLACED']);
  });

  test('a voice that Realtime lacks is mapped and warned of', () => {
    const { codes, stop } = warnings();
    const { spec } = compileAgent(agent({ engine: new OpenAIRealtime({ voice: 'nova' }) }), { app: 'a' });
    stop();
    expect(spec.engine).toMatchObject({ type: 'openai-realtime', voice: 'coral' });
    expect(codes).toEqual(['PATTER_VOICE_REPLACED']);
  });

  test.each<[string, Partial<AgentOptions> | Record<string, unknown>, string]>([
    ['no prompt', { systemPrompt: '' }, 'systemPrompt must not be empty'],
    [
      'an unknown provider',
      { provider: 'gemini' },
      "provider must be 'openai_realtime', 'elevenlabs_convai' or 'pipeline' (got \"gemini\")",
    ],
    ['a pipeline without a recogniser', { provider: 'pipeline' }, 'A pipeline agent needs stt'],
    ['a pipeline without a voice', { stt: new DeepgramSTT() }, 'A pipeline agent needs tts'],
    [
      'engine and parts of a pipeline',
      { engine: new OpenAIRealtime(), stt: new DeepgramSTT() },
      'stt belong to a pipeline, and engine hears',
    ],
    [
      'parts of a pipeline and another provider',
      { provider: 'openai_realtime', tts: new ElevenLabsTTS() },
      "tts belong to a pipeline, and provider is 'openai_realtime'",
    ],
    [
      'engine and another provider',
      { engine: new OpenAIRealtime(), provider: 'pipeline' },
      "provider is 'pipeline', and engine is one of 'openai_realtime'",
    ],
    ['two voices', { engine: new OpenAIRealtime({ voice: 'ash' }), voice: 'alloy' }, 'voice is given twice'],
    ['ConvAI without its agent', { engine: new ElevenLabsConvAI() }, 'ELEVENLABS_AGENT_ID'],
    [
      'a value of 501 characters',
      { variables: { name: 'x'.repeat(501) } },
      'variables.name has 501 characters; a value may have 500 at most',
    ],
    ['no disclosure', { disclosure: ' ' }, 'callers are told that they speak with an AI'],
    ['a bad agentId', { agentId: 'a b' }, 'agentId must have 1 to 64 letters'],
    ['a tool of a built-in name', { tools: [{ name: 'end_call', handler: () => '' }] }, 'every agent has end_call already'],
    ['two tools of one name', { tools: ['x', 'x'].map((name) => ({ name, handler: () => '' })) }, 'another tool is called x too'],
    ['a tool without anything to call', { tools: [{ name: 'x' }] }, 'tools[0]: Tool "x" needs a handler or a webhookUrl'],
    ['an unknown option', { system_prompt: 'x' }, 'agent() has no option system_prompt: write systemPrompt'],
    [
      'a vendor that does not exist',
      { stt: Object.freeze(Object.assign(Object.create(DeepgramSTT.prototype), { provider: 'acme' })), tts: new ElevenLabsTTS() },
      'STTConfig has no provider "acme". There are: deepgram, whisper, openai',
    ],
    ['a conversation that is too long', { maxDurationMs: 1e9 }, 'maxDurationMs'],
  ])('%s is refused', (_, options, message) => {
    expect(refused(() => agent(options as Partial<AgentOptions>))).toContain(message);
  });

  test.each<[string, Record<string, unknown>]>([
    ['tools', { tools: {} }],
    ['stt', { stt: { provider: 'deepgram' } }],
    ['engine', { engine: 'openai' }],
    ['systemPrompt', { systemPrompt: 7 }],
    ['variables.x', { variables: { x: {} } }],
    ['tools[0].handler', { tools: [{ name: 'x', handler: 'y' }] }],
  ])('%s of another type is a TypeError', (option, options) => {
    const error = caught(() => agent(options as Partial<AgentOptions>));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as PatterTypeError).details.option).toBe(option);
  });

  test.each<[string, Partial<AgentOptions>, string]>([
    ['openai_realtime', {}, 'openaiKey'],
    ['elevenlabs_convai', { engine: new ElevenLabsConvAI({ agentId: 'agent_1' }) }, 'elevenlabsKey'],
    ['pipeline', { stt: new DeepgramSTT(), tts: new ElevenLabsTTS({ apiKey: 'el' }) }, 'deepgramKey'],
  ])('%s needs its key, from wherever', (provider, options, key) => {
    const bare = new Patter({ phoneNumber: '+15005550006' });
    const error = caught(() => bare.agent({ systemPrompt: PROMPT, ...options })) as PatterError;
    expect(error).toBeInstanceOf(PatterValidationError);
    expect(error.code).toBe('PATTER_CREDENTIAL_MISSING');
    expect(error.message).toContain(`An agent with provider '${provider}' needs ${key}: give it to new Patter(), or set `);
    expect(new Patter({ [key]: 'a-key' }).agent({ systemPrompt: PROMPT, ...options }).provider).toBe(provider);
  });

  test('a key of its own is enough, and is in no specification', () => {
    const one = new Patter().agent({ systemPrompt: PROMPT, engine: new OpenAIRealtime({ apiKey: 'sk-own' }) });
    const { spec, credentials } = compileAgent(one, { app: 'a' });
    expect(credentials).toEqual({ openaiKey: 'sk-own' });
    expect(JSON.stringify(spec)).not.toContain('sk-own');
  });

  test('toDict() has the documented fields', () => {
    const one = agent({ stt: Patter.whisper({ apiKey: 'sk-1' }), tts: Patter.openaiTts({ apiKey: 'sk-1' }), variables: { name: 'Jane' } });
    expect(one.toDict()).toEqual({
      ...{ system_prompt: PROMPT, voice: 'alloy', model: 'gpt-4o-mini', language: 'en', first_message: '', provider: 'pipeline' },
      ...{ variables: { name: 'Jane' }, tools: [], guardrails: [] },
      stt: { provider: 'whisper', api_key: 'sk-1', language: 'en' },
      tts: { provider: 'openai', api_key: 'sk-1', voice: 'alloy' },
    });
  });
});

describe('compileAgent()', () => {
  const phone = () => new Patter({ ...KEYS, deepgramKey: 'dg', elevenlabsKey: 'el' });

  test('a pipeline: vendors, voices, models and languages as given', () => {
    const agent = phone().agent({
      systemPrompt: PROMPT,
      stt: new DeepgramSTT({ model: 'flux-general-en', language: 'de', keyterms: ['Patter'] }),
      tts: new ElevenLabsTTS({ voice: 'josh', speed: 1.1 }),
      llm: new OpenAILLM({ model: 'gpt-4.1', temperature: 0.3 }),
    });
    const { spec, needs } = compileAgent(agent, { app: 'a' });
    expect(spec.language).toBe('de');
    expect(spec.engine).toMatchObject({
      type: 'pipeline',
      stt: { provider: 'deepgram', model: 'flux-general-en', keyterms: ['Patter'] },
      tts: { provider: 'elevenlabs', voice: 'josh', speed: 1.1 },
      llm: { provider: 'openai', model: 'gpt-4.1', temperature: 0.3 },
    });
    expect(needs).toEqual(['deepgramKey', 'elevenlabsKey', 'openaiKey']);
    // Where a function answers, no model is asked.
    expect(compileAgent(agent, { app: 'a', onMessage: () => '' }).needs).toEqual(['deepgramKey', 'elevenlabsKey']);
  });

  test('the static helpers make what the classes make', () => {
    expect(Patter.deepgram({ apiKey: 'dg' }).toDict()).toEqual({ provider: 'deepgram', api_key: 'dg', language: 'en' });
    expect(Patter.whisper({ apiKey: 'sk', language: 'it' }).toDict()).toEqual({ provider: 'whisper', api_key: 'sk', language: 'it' });
    expect(Patter.elevenlabs({ apiKey: 'el' }).toDict()).toEqual({ provider: 'elevenlabs', api_key: 'el', voice: 'rachel' });
    expect(Patter.openaiTts({ apiKey: 'sk' }).toDict()).toEqual({ provider: 'openai', api_key: 'sk', voice: 'alloy' });
    expect(Patter.tool({ name: 'x', webhookUrl: 'https://example.com/x' })).toEqual(
      new Tool({ name: 'x', webhookUrl: 'https://example.com/x' }),
    );
    expect(Patter.guardrail({ name: 'x', blockedTerms: ['y'] })).toEqual(new Guardrail({ name: 'x', blockedTerms: ['y'] }));
  });

  test('functions stay in the process, and get the call in both spellings', async () => {
    const seen: unknown[] = [];
    const agent = phone().agent({
      systemPrompt: PROMPT,
      tools: [
        {
          name: 'book',
          parameters: { type: 'object' },
          durable: true,
          handler: (args, context) => seen.push(args, context.callId, context.call_id),
        },
        { name: 'look', webhookUrl: 'https://example.com/look', timeoutMs: 2_000 },
      ],
      guardrails: [{ name: 'no numbers', check: (text) => /\d/.test(text), blockedTerms: ['secret'] }],
    });
    const { spec, code } = compileAgent(agent, { app: 'my-app' });
    expect(spec.tools).toEqual([
      { name: 'book', description: '', parameters: { type: 'object' }, handler: true, durable: true, timeoutMs: 10_000 },
      {
        name: 'look',
        description: '',
        parameters: { type: 'object', properties: {} },
        webhookUrl: 'https://example.com/look',
        durable: false,
        timeoutMs: 2_000,
      },
    ]);
    expect(spec.guardrails).toEqual([
      { name: 'no numbers', blockedTerms: ['secret'], check: true, timeoutMs: 1_000, replacement: "I'm sorry, I can't respond to that." },
    ]);
    const context = {
      ...{ callId: 'call_1', caller: '+15005550001', callee: '+15005550002', direction: 'inbound' as const },
      ...{ variables: {}, history: [], signal: new AbortController().signal },
    };
    await code.tools?.book?.({ day: 'Monday' }, context);
    expect(seen).toEqual([{ day: 'Monday' }, 'call_1', 'call_1']);
    expect([await code.guardrails?.['no numbers']?.('at 5', context), await code.guardrails?.['no numbers']?.('at five', context)]).toEqual(
      [true, false],
    );
  });

  test('an agent keeps its name over a restart, and another agent has another one', () => {
    const make = (handler: () => string, prompt = PROMPT) =>
      compileAgent(phone().agent({ systemPrompt: prompt, tools: [{ name: 'x', handler }] }), { app: 'my-app' }).spec.code;
    const name = make(() => 'one');
    expect(name).toMatch(/^my-app\/agent-[0-9a-f]{16}$/);
    expect(make(() => 'one')).toBe(name);
    expect(make(() => 'two')).not.toBe(name);
    expect(make(() => 'one', 'Another prompt.')).not.toBe(name);
    const named = phone().agent({ systemPrompt: PROMPT, agentId: 'reception' });
    expect(compileAgent(named, { app: 'my-app', firstMessage: 'Hi' }).spec).toMatchObject({ code: 'my-app/reception', firstMessage: 'Hi' });
  });

  test('variables are known by the names that templates use', () => {
    const agent = phone().agent({ systemPrompt: 'For {First Name}: {order}.', variables: { 'First Name': 'Jane', order: 7 } });
    expect(compileAgent(agent, { app: 'a' }).spec.variables).toEqual({ first_name: 'Jane', order: '7' });
  });

  test('onMessage belongs to a pipeline', () => {
    const agent = phone().agent({ systemPrompt: PROMPT });
    expect(refused(() => compileAgent(agent, { app: 'a', onMessage: () => '' }))).toContain(
      "this agent's provider is 'openai_realtime', where the model answers",
    );
    const piped = phone().agent({ systemPrompt: PROMPT, stt: new DeepgramSTT(), tts: new ElevenLabsTTS() });
    expect(compileAgent(piped, { app: 'a', onMessage: 'https://example.com/turn' }).spec.engine).toMatchObject({
      onMessage: { url: 'https://example.com/turn' },
    });
  });
});

describe('tool() and guardrail()', () => {
  test('a tool has exactly one of handler and webhookUrl', () => {
    expect(refused(() => tool({ name: 'x' }))).toBe('Tool "x" needs a handler or a webhookUrl: give one of them.');
    expect(refused(() => tool({ name: 'x', handler: () => '', webhookUrl: 'https://example.com' }))).toBe(
      'Tool "x" has both a handler and a webhookUrl: give one of them.',
    );
    expect(refused(() => tool({ name: 'not a name', handler: () => '' }))).toContain('a tool name has 1 to 64 letters');
    expect(refused(() => tool({ name: 'x', webhookUrl: 'example' }))).toContain('webhookUrl');
    expect(tool({ name: 'x', webhookUrl: 'https://example.com' }).toDict()).toEqual({
      ...{ name: 'x', description: '', parameters: { type: 'object', properties: {} }, webhook_url: 'https://example.com' },
    });
  });

  test('a guardrail has something that it guards against', () => {
    expect(refused(() => guardrail({ name: 'x' }))).toContain('a guardrail needs blockedTerms or a check');
    expect(guardrail({ name: 'x', blockedTerms: ['sue'] }).replacement).toBe("I'm sorry, I can't respond to that.");
  });
});

describe('serve()', () => {
  const agent = () => new Patter(KEYS).agent({ systemPrompt: PROMPT });
  const serve = (settings: object = {}, config = { webhookUrl: '', tunnel: false as boolean }) => resolveServe(agent(), settings, config);

  test('has the documented defaults', () => {
    const { agent: served, ...rest } = serve();
    expect(served).toBeInstanceOf(Agent);
    expect(rest).toEqual({
      ...{ port: 8000, recording: false, callbacks: {}, onMessage: undefined, voicemailMessage: '', dashboard: true, dashboardToken: '' },
      ...{ tunnel: false, configureNumber: 'if-unset' },
    });
  });

  test('takes the agent first, or among the options', () => {
    const one = agent();
    const config = { webhookUrl: '', tunnel: false };
    expect(resolveServe(one, { port: 9 }, config)).toEqual(resolveServe({ agent: one, port: 9 }, undefined, config));
  });

  test.each([0, 65_536, 80.5, Number.NaN, '80'])('port %p is out of range', async (port) => {
    expect(refused(() => serve({ port }))).toContain('port must be a whole number from 1 to 65535');
  });

  test.each([undefined, {}, { agent: {} }, { agent: { systemPrompt: PROMPT } }, 'agent'])('%p is no agent', async (options) => {
    const error = await new Patter(KEYS).serve(options as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toBeInstanceOf(PatterError);
    expect((error as Error).message).toContain('agent must be an Agent: what phone.agent({...}) returns');
  });

  test('callbacks are functions or URLs; onMachine is onMachineDetection', () => {
    const onMachine = () => {};
    expect(serve({ onMachine, onCallEnd: 'https://example.com/end' }).callbacks).toEqual({
      ...{ onMachineDetection: onMachine, onCallEnd: 'https://example.com/end' },
    });
    expect(refused(() => serve({ onCallEnd: 'example' }))).toContain('onCallEnd must be a function or a URL');
    expect(refused(() => serve({ onMachine, onMachineDetection: () => {} }))).toContain(
      'onMachine is the older name of onMachineDetection',
    );
    expect(caught(() => serve({ onCallStart: 7 }))).toBeInstanceOf(TypeError);
  });

  test('a tunnel and webhookUrl exclude each other; that of the constructor holds', () => {
    expect(refused(() => serve({ tunnel: true }, { webhookUrl: 'a.example.com', tunnel: false }))).toContain('Give either webhookUrl');
    expect(serve({}, { webhookUrl: '', tunnel: true }).tunnel).toBe(true);
  });

  test('an onMessage that the engine has no use for is refused before anything starts', async () => {
    await expect(new Patter(KEYS).serve(agent(), { onMessage: () => '' })).rejects.toThrow("this agent's provider is 'openai_realtime'");
  });

  test('a placeholder without a value is warned of: a caller may bring it', () => {
    const { codes, stop } = warnings();
    resolveServe(new Patter(KEYS).agent({ systemPrompt: 'For {order}, called from {caller}.' }), {}, { webhookUrl: '', tunnel: false });
    resolveServe(
      new Patter(KEYS).agent({ systemPrompt: 'For {order}.', variables: { order: '7' } }),
      {},
      { webhookUrl: '', tunnel: false },
    );
    stop();
    expect(codes).toEqual(['PATTER_PLACEHOLDER_EMPTY']);
  });
});

describe('call()', () => {
  const call = (options: Partial<CallOptions> & Record<string, unknown> = {}, mode: 'local' | 'cloud' = 'local') =>
    resolveCall({ to: '+15005550001', ...options }, { mode, phoneNumber: '+15005550006' });

  test('has the documented defaults, of the newer page', () => {
    expect(call()).toEqual({
      ...{ to: '+15005550001', from: '+15005550006', agent: undefined, agentId: undefined, firstMessage: undefined, onMessage: undefined },
      ...{ callbacks: {}, machineDetection: true, voicemailMessage: undefined, ringTimeoutMs: 25_000, variables: {}, customParams: {} },
      ...{ idempotencyKey: undefined, recording: undefined },
    });
    expect(call({}, 'cloud').machineDetection).toBe(false);
  });

  test('a voicemail message implies machine detection; an empty one does not', () => {
    expect(call({ machineDetection: false, voicemailMessage: 'Call us back.' }).machineDetection).toBe(true);
    expect(call({ voicemailMessage: 'Call us back.' }, 'cloud').machineDetection).toBe(true);
    expect(call({ machineDetection: false, voicemailMessage: '' }).machineDetection).toBe(false);
  });

  test('ringTimeout is in seconds, and null leaves it out', () => {
    expect(call({ ringTimeout: 60 }).ringTimeoutMs).toBe(60_000);
    expect(call({ ringTimeout: null }).ringTimeoutMs).toBeNull();
    for (const ringTimeout of [0, 4, 601, Number.NaN])
      expect(refused(() => call({ ringTimeout }))).toContain('ringTimeout must be 5 to 600 seconds');
  });

  test('both numbers are E.164 in form', () => {
    expect(call({ to: '+1234567890' }).to).toBe('+1234567890');
    expect(refused(() => call({ to: '555-0123' }))).toBe('to must be in E.164 format, like +14155551234 (got "555-0123").');
    expect(refused(() => call({ fromNumber: '5005550006' }))).toContain('fromNumber must be in E.164 format');
    expect(call({ fromNumber: '+15005550002' }).from).toBe('+15005550002');
  });

  test('values are strings of at most 500 characters', () => {
    expect(call({ variables: { 'Order Id': 7, vip: true } }).variables).toEqual({ order_id: '7', vip: 'true' });
    expect(refused(() => call({ variables: { a: 'x'.repeat(501) } }))).toContain('variables.a has 501 characters');
    expect(refused(() => call({ customParams: { a: 'x'.repeat(501) } }))).toContain('customParams.a has 501 characters');
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['an unknown option', { machine_detection: true }, 'call() has no option machine_detection: write machineDetection'],
    ['an empty idempotency key', { idempotencyKey: '' }, 'idempotencyKey must be a string of 1 to 200 characters'],
    ['an onMessage that is no URL', { onMessage: 'ftp://example.com' }, 'onMessage must be a function or a URL'],
  ])('%s is refused', (_, options, message) => {
    expect(refused(() => call(options))).toContain(message);
  });

  test('something else than an agent is a TypeError', () => {
    expect(caught(() => call({ agent: { systemPrompt: PROMPT } as never }))).toBeInstanceOf(TypeError);
  });

  test('without an agent and without a server there is nobody to talk', async () => {
    const error = await new Patter(KEYS).call({ to: '+15005550001' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PatterConnectionError);
    expect(error).toMatchObject({
      code: 'PATTER_NOT_CONNECTED',
      message: 'call() has nobody to talk: give it an agent, or serve() one first.',
    });
  });

  test('a wrong number is told before that', async () => {
    await expect(new Patter(KEYS).call({ to: '12' })).rejects.toBeInstanceOf(PatterValidationError);
  });

  test('an unknown placeholder is told before anybody is dialled', async () => {
    const phone = new Patter(KEYS);
    const agent = phone.agent({ systemPrompt: 'You help {customer_name} with {order}.', variables: { order: '7' } });
    const error = await phone.call({ to: '+15005550001', agent }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PatterValidationError);
    expect((error as Error).message).toBe(
      "The agent's texts use {customer_name}, and there is no value for it: give variables to call(), or to agent() for every call.",
    );
    const greeted = phone.call({ to: '+15005550001', agent, firstMessage: 'Hi {nick}!', variables: { customer_name: 'Jane' } });
    await expect(greeted).rejects.toThrow('{nick}');
  });

  test('an agent is named by its agentId, if there is one of that name', async () => {
    const phone = new Patter(KEYS);
    await expect(phone.call({ to: '+15005550001', agentId: 'nobody' })).rejects.toThrow('There is no agent with agentId "nobody"');
    phone.agent({ systemPrompt: 'You help {name}.', agentId: 'somebody' });
    await expect(phone.call({ to: '+15005550001', agentId: 'somebody' })).rejects.toThrow('{name}');
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
  });
});

test('importing the package and making a Patter starts nothing, and loads none of the heavy packages', () => {
  const before = process.listenerCount('SIGINT');
  new Patter(KEYS);
  expect(process.listenerCount('SIGINT')).toBe(before);
  const heavy = /node_modules[\\/](@temporalio[\\/](worker|client|workflow)|fastify|pg|ws|openai|twilio|telnyx|@deepgram)[\\/]/;
  expect(Object.keys(require.cache).filter((file) => heavy.test(file))).toEqual([]);
});
