/** What agent(), tool() and guardrail() take, with every documented default, rule and error, and what becomes of it. */
import {
  type AgentOptions,
  CloudflareTunnel,
  DeepgramSTT,
  ElevenLabsConvAI,
  ElevenLabsTTS,
  Guardrail,
  guardrail,
  OpenAILLM,
  OpenAIRealtime,
  OpenAITTS,
  Patter,
  type PatterError,
  type PatterTypeError,
  PatterValidationError,
  Telnyx,
  Tool,
  Twilio,
  tool,
} from '../../sdk';
import { compileAgent } from '../../sdk/agent/compile-agent';
import { caught, inEmptyFolder, KEYS, PROMPT, refused, warnings } from './support/options';

inEmptyFolder();

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

  test('any part of `turns` and of the engine’s voice detection can be set, and the rest has its defaults', () => {
    const one = agent({
      turns: { interruption: { minWords: 2 }, endpointing: { type: 'vad', minSilenceMs: 300 }, mute: ['tools'] },
      engine: new OpenAIRealtime({ vad: { type: 'server', threshold: 0.6 }, silenceMs: 700, noiseReduction: 'far_field' }),
      maxDurationWarningMs: 10_000,
    });
    const { spec } = compileAgent(one, { app: 'a' });
    expect(spec.turns).toMatchObject({
      interruption: { minWords: 2, minDurationMs: 800, enabled: true },
      endpointing: { type: 'vad', minSilenceMs: 300, minSpeechMs: 50, minDelayMs: 500 },
      mute: ['tools'],
    });
    expect(spec.engine).toMatchObject({
      vad: { type: 'server', threshold: 0.6, prefixPaddingMs: 300 },
      silenceMs: 700,
      noiseReduction: 'far_field',
    });
    expect(spec.maxDurationWarningMs).toBe(10_000);
    const semantic = agent({ engine: new OpenAIRealtime({ vad: { type: 'semantic', eagerness: 'low' } }) });
    expect(compileAgent(semantic, { app: 'a' }).spec.engine).toMatchObject({ vad: { type: 'semantic', eagerness: 'low' } });
    expect(refused(() => agent({ turns: { interruption: { minWords: 99 } } }))).toContain('turns.interruption.minWords');
  });

  test('an option that another makes ineffective is warned of, once', () => {
    const { codes, stop } = warnings();
    agent({ turns: { preemptive: true } });
    agent({ turns: { endpointing: { type: 'vad', judgeModel: 'gpt-4o-mini' } } });
    agent({ turns: { endpointing: { type: 'vad', minDelayMs: 400 } } });
    agent({ stt: new DeepgramSTT(), tts: new ElevenLabsTTS(), turns: { preemptive: true } });
    stop();
    expect(codes).toEqual(['PATTER_OPTION_WITHOUT_EFFECT', 'PATTER_OPTION_WITHOUT_EFFECT']);
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
    [
      'a voice beside that of tts',
      { stt: new DeepgramSTT(), tts: new ElevenLabsTTS({ voice: 'josh' }), voice: 'sarah' },
      'voice is given twice, in tts and beside it',
    ],
    [
      'a language beside that of stt',
      { stt: new DeepgramSTT({ language: 'de' }), tts: new ElevenLabsTTS(), language: 'en' },
      'language is given twice, in stt and beside it',
    ],
    [
      'a Realtime model of an agent at ElevenLabs',
      { engine: new ElevenLabsConvAI({ agentId: 'agent_1' }), model: 'gpt-realtime' },
      'is a model of OpenAI Realtime, and an agent at ElevenLabs has another',
    ],
    [
      'two models of an agent at ElevenLabs',
      { engine: new ElevenLabsConvAI({ agentId: 'agent_1', override: { llm: 'gpt-4.1' } }), model: 'gemini-2.5-flash' },
      'model is given twice, in override.llm of the engine and beside it',
    ],
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
    ['voice', { voice: 7, engine: new ElevenLabsConvAI({ agentId: 'agent_1' }) }],
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

  test('voice and language of the agent reach what speaks and hears, where that names none itself', () => {
    const piped = (tts: ElevenLabsTTS | OpenAITTS, options: object = {}) => {
      const agent = phone().agent({ systemPrompt: PROMPT, stt: new DeepgramSTT(), tts, ...options });
      const { engine, language } = compileAgent(agent, { app: 'a' }).spec;
      return [agent.voice, 'tts' in engine && engine.tts.voice, language];
    };
    expect(piped(new ElevenLabsTTS(), { voice: 'josh', language: 'de' })).toEqual(['josh', 'josh', 'de']);
    expect(piped(new OpenAITTS(), { voice: 'nova' })).toEqual(['nova', 'nova', 'en']);
    expect(piped(new ElevenLabsTTS({ voice: 'josh' }), { voice: 'josh' })).toEqual(['josh', 'josh', 'en']);
    // The documented default is a voice of OpenAI's.
    expect(piped(new ElevenLabsTTS(), { voice: 'alloy' })).toEqual(['rachel', 'rachel', 'en']);
    expect(piped(new OpenAITTS())).toEqual(['alloy', 'alloy', 'en']);
    // Written out beside a voice that is named, it is no second one.
    expect(piped(new OpenAITTS({ voice: 'nova' }), { voice: 'alloy' })).toEqual(['nova', 'nova', 'en']);
  });

  test('a voice of OpenAI’s beside what speaks at ElevenLabs is warned of, and not sent there as the id of a voice', () => {
    const { codes, stop } = warnings();
    const engineOf = (options: Partial<AgentOptions>) => {
      const agent = phone().agent({ systemPrompt: PROMPT, voice: 'nova', ...options });
      // The copy has the voice that is used: of it nothing is said.
      return compileAgent(phone().agent({ ...agent }), { app: 'a' }).spec.engine;
    };
    const piped = [new ElevenLabsTTS(), new ElevenLabsTTS({ voice: 'josh' })].map((tts) => engineOf({ stt: new DeepgramSTT(), tts }));
    const own = [undefined, 'josh'].map((voice) => engineOf({ engine: new ElevenLabsConvAI({ agentId: 'agent_1', voice }) }));
    stop();
    expect(piped.map((engine) => 'tts' in engine && engine.tts.voice)).toEqual(['rachel', 'josh']);
    expect(own.map((engine) => 'override' in engine && engine.override.voiceId)).toEqual([undefined, 'josh']);
    expect(codes).toEqual(Array(4).fill('PATTER_VOICE_REPLACED'));
  });

  test('an agent at ElevenLabs speaks in the voice that it is given, its fixed lines too, else in its own', () => {
    const engineOf = (voice?: string, own?: string) => {
      const engine = new ElevenLabsConvAI({ agentId: 'agent_1', ...(own && { voice: own }) });
      return compileAgent(phone().agent({ systemPrompt: PROMPT, engine, ...(voice && { voice }) }), { app: 'a' }).spec.engine;
    };
    for (const engine of [engineOf('josh'), engineOf(undefined, 'josh')])
      expect(engine).toMatchObject({ override: { voiceId: 'josh' }, lineVoice: 'josh' });
    for (const engine of [engineOf(), engineOf('alloy')])
      expect(engine).toEqual({ ...engine, override: { prompt: false, language: false }, lineVoice: 'rachel' });
  });

  test('an agent at ElevenLabs thinks with the model that it is given, else with its own', () => {
    const modelOf = (options: object, override = {}) => {
      const engine = new ElevenLabsConvAI({ agentId: 'agent_1', override });
      const { spec } = compileAgent(phone().agent({ systemPrompt: PROMPT, engine, ...options }), { app: 'a' });
      return 'override' in spec.engine && spec.engine.override.llm;
    };
    expect([modelOf({ model: 'gpt-4.1' }), modelOf({}, { llm: 'gpt-4.1' }), modelOf({})]).toEqual(['gpt-4.1', 'gpt-4.1', undefined]);
    // The documented default, written out: now, and as it was in 0.3.0.
    for (const model of ['gpt-realtime-mini', 'gpt-4o-mini-realtime-preview'])
      expect([modelOf({ model }), modelOf({ model }, { llm: 'gpt-4.1' })]).toEqual([undefined, 'gpt-4.1']);
  });

  test.each<[string, Partial<AgentOptions>]>([
    ['of one model', {}],
    ['of one model that is named', { engine: new OpenAIRealtime({ model: 'gpt-realtime', voice: 'ash' }) }],
    ['at ElevenLabs', { engine: new ElevenLabsConvAI({ agentId: 'agent_1' }) }],
    [
      'at ElevenLabs with model and voice',
      { engine: new ElevenLabsConvAI({ agentId: 'agent_1', voice: 'josh', override: { llm: 'gpt-4.1' } }) },
    ],
    ['of a pipeline', { stt: new DeepgramSTT({ language: 'de' }), tts: new ElevenLabsTTS() }],
    [
      'of a pipeline with model and voice',
      { stt: new DeepgramSTT(), tts: new OpenAITTS({ voice: 'nova' }), llm: new OpenAILLM({ model: 'gpt-4.1' }) },
    ],
  ])('the copy of an agent %s is that agent', (_, options) => {
    const agent = phone().agent({ systemPrompt: PROMPT, ...options });
    const copy = phone().agent({ ...agent, firstMessage: 'Hello' });
    expect({ ...copy }).toEqual({ ...agent, firstMessage: 'Hello' });
    expect(compileAgent(copy, { app: 'a' }).spec.engine).toEqual(compileAgent(agent, { app: 'a' }).spec.engine);
  });

  test('the default model of a copy goes to no pipeline that it becomes', () => {
    const agent = phone().agent({ systemPrompt: PROMPT });
    const copy = phone().agent({ ...agent, provider: 'pipeline', stt: new DeepgramSTT(), tts: new ElevenLabsTTS() });
    expect(copy).toMatchObject({ model: 'gpt-4o-mini', voice: 'rachel' });
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
          handler: (args, context) => seen.push(args, context.callId, context.call_id, context.custom_params.crm, context.toolCallId),
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
    await code.tools?.book?.({ day: 'Monday' }, { ...context, customParams: { crm: '7' }, toolCallId: 'tool_1' });
    expect(seen).toEqual([{ day: 'Monday' }, 'call_1', 'call_1', '7', 'tool_1']);
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
    const greets = phone().agent({ systemPrompt: PROMPT, firstMessage: 'Hello' });
    const [usual, other] = [undefined, 'Hi'].map((firstMessage) => compileAgent(greets, { app: 'my-app', firstMessage }).spec);
    expect(other).toEqual({ ...usual, firstMessage: 'Hi' });
    const named = phone().agent({ systemPrompt: PROMPT, agentId: 'reception' });
    expect(compileAgent(named, { app: 'my-app', firstMessage: 'Hi' }).spec).toMatchObject({ code: 'my-app/reception', firstMessage: 'Hi' });
  });

  test('every key is the agent’s, unless one is named that opts out', () => {
    const key = (optOutKey?: string | null) =>
      compileAgent(phone().agent({ systemPrompt: PROMPT, optOutKey }), { app: 'my-app' }).spec.optOutKey;
    expect([key(), key(null), key('*')]).toEqual([null, null, '*']);
    expect(refused(() => key('12'))).toContain('optOutKey');
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

describe('hooks', () => {
  const phone = () => new Patter({ ...KEYS, deepgramKey: 'dg', elevenlabsKey: 'el' });
  const filter = { callerFilter: () => ({ process: (mulaw: Uint8Array) => mulaw }) };
  const piped = { stt: new DeepgramSTT(), tts: new ElevenLabsTTS() };
  const withHooks = (hooks: object, more: object = {}) => phone().agent({ systemPrompt: PROMPT, hooks, ...more });

  test('those of the audio belong to any engine, and reach the code of the agent’s calls', () => {
    for (const more of [{}, piped, { engine: new ElevenLabsConvAI({ agentId: 'x' }) }]) {
      expect(compileAgent(withHooks(filter, more), { app: 'a' }).code.hooks).toBe(filter);
    }
  });

  test.each(['beforeSendToStt', 'afterTranscribe', 'beforeLlm', 'afterLlm', 'beforeSynthesize', 'afterSynthesize'])(
    '%s needs a pipeline',
    (name) => {
      const hooks = { [name]: (value: unknown) => value };
      for (const more of [{}, { engine: new ElevenLabsConvAI({ agentId: 'x' }) }]) {
        expect(refused(() => withHooks(hooks, more))).toContain(`hooks.${name} is a stage of a pipeline`);
      }
      expect(compileAgent(withHooks(hooks, piped), { app: 'a' }).code.hooks).toBe(hooks);
    },
  );

  test('one that is misspelt or no function is refused; an object of a class is taken, with what else it holds', () => {
    expect(refused(() => withHooks({ before_llm: () => null }, piped))).toContain('hooks has no option before_llm: write beforeLlm');
    expect(caught(() => withHooks({ callerFilter: 'quiet' }))).toBeInstanceOf(TypeError);
    class Masked {
      readonly masked = new Set<string>();
      readonly mask = (text: string) => text.replace(/\d/g, '#');
      afterTranscribe(text: string) {
        return this.mask(text);
      }
    }
    const hooks = new Masked();
    expect(compileAgent(withHooks(hooks, piped), { app: 'a' }).code.hooks).toBe(hooks);
    expect(refused(() => withHooks(hooks))).toContain('hooks.afterTranscribe');
    // In an object that was written for this, each function is meant as a hook.
    expect(refused(() => withHooks({ mask: hooks.mask }, piped))).toContain('hooks has no option mask');
    class Misspelt {
      readonly after_transcribe = (text: string) => text;
    }
    expect(refused(() => withHooks(new Misspelt(), piped))).toContain('write afterTranscribe');
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
