/** What serve() and call() take, with every documented default, rule and error. */
import { Agent, type CallOptions, EmbeddedServer, Patter, PatterConnectionError, PatterError, PatterValidationError } from '../../sdk';
import { compileAgent } from '../../sdk/agent/compile-agent';
import { lineOf } from '../../sdk/local/configure-line';
import { checkPlaceholders, resolveCall, withServed } from '../../sdk/options/resolve-call';
import { resolveServe } from '../../sdk/options/resolve-serve';
import { caught, inEmptyFolder, KEYS, PROMPT, refused, warnings } from './support/options';

inEmptyFolder();

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

  test('transfer is as in a campaign, and a whisper that nobody would hear is refused', () => {
    expect(serve({ transfer: { to: ['+15005550009'], mode: 'warm', whisper: 'Acme.', ringTimeout: '15s' } }).transfer).toEqual({
      ...{ to: ['+15005550009'], mode: 'warm', whisper: 'Acme.', ringTimeout: 15_000 },
    });
    const { agent: one, recording, transfer } = serve({ transfer: { to: ['+15005550009'], mode: 'warm' } });
    const { spec } = compileAgent(one, { app: 'a' });
    // So it is stored with the number, for whoever calls it.
    expect(lineOf({ number: KEYS.phoneNumber, carrier: 'twilio', agent: spec, recording, transfer })).toMatchObject({
      ...{ agent: { optOutKey: null }, transfer: { to: ['+15005550009'], mode: 'warm', ringTimeout: 20_000 } },
    });
    expect(refused(() => serve({ transfer: { to: ['5550009'] } }))).toContain('serve() has a wrong transfer.to.0');
    expect(refused(() => serve({ transfer: { to: ['+15005550009'], whisper: 'Acme.' } }))).toContain(
      'transfer.whisper: only a warm transfer',
    );
    expect(caught(() => serve({ transfer: '+15005550009' }))).toBeInstanceOf(TypeError);
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

  test('what a call does not say is as serve() has it, but no message for machines where none are looked for', () => {
    const served = {
      recording: true,
      voicemailMessage: 'Call us back.',
      transfer: { to: ['+15005550009'], ringTimeout: 1, mode: 'warm', whisper: '' },
    } as const;
    expect(withServed(call(), { ...served, transfer: { ...served.transfer, to: [...served.transfer.to] } })).toMatchObject(served);
    expect(withServed(call({ machineDetection: false }), { ...served, transfer: undefined })).toMatchObject({
      ...{ machineDetection: false, voicemailMessage: '', recording: true },
    });
    expect(withServed(call({ voicemailMessage: 'Mine.', recording: false }), { ...served, transfer: undefined })).toMatchObject({
      ...{ voicemailMessage: 'Mine.', recording: false },
    });
    expect(withServed(call(), undefined)).toMatchObject({ voicemailMessage: '', recording: false });
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
      "The agent's texts use {customer_name} (systemPrompt), and there is no value for it: give variables to call(), or to agent() for every call.",
    );
    const greeted = phone.call({ to: '+15005550001', agent, firstMessage: 'Hi {nick}!', variables: { customer_name: 'Jane' } });
    await expect(greeted).rejects.toThrow('{nick} (firstMessage)');
  });

  test('a placeholder that only custom parameters fill is filled', () => {
    const agent = new Patter(KEYS).agent({ systemPrompt: 'You help with {order_id}.' });
    expect(() => checkPlaceholders(agent, call({ customParams: { order_id: 'A-1' } }))).not.toThrow();
  });

  test('an agent that takes calls makes them, too: what comes with inbound calls is no missing variable', () => {
    const agent = new Patter(KEYS).agent({ systemPrompt: '{caller} calls {called}; the name is {caller_name}.' });
    expect(() => checkPlaceholders(agent, call({}))).not.toThrow();
  });

  test.each<[string, object, Partial<CallOptions>?]>([
    ['disclosure', { disclosure: 'This is an AI, {nick}.' }],
    ['turns.idle.prompts.0', { turns: { idle: { prompts: ['Are you there, {nick}?'] } } }],
    ['turns.idle.goodbye', { turns: { idle: { goodbye: 'Bye, {nick}.' } } }],
    ['turns.fillers.phrases.0', { turns: { fillers: { phrases: ['One moment, {nick}.'] } } }],
    ['guardrails.0.replacement', { guardrails: [{ name: 'g', blockedTerms: ['sue'], replacement: 'No, {nick}.' }] }],
    ['voicemailMessage', {}, { voicemailMessage: 'Call back, {nick}.' }],
  ])('an unknown placeholder in %s is told by the field', (field, more, called = {}) => {
    const agent = new Patter(KEYS).agent({ systemPrompt: PROMPT, ...more });
    expect(() => checkPlaceholders(agent, call(called))).toThrow(`{nick} (${field})`);
    expect(() => checkPlaceholders(agent, call({ ...called, variables: { nick: 'Jane' } }))).not.toThrow();
  });

  test('an agent is named by its agentId, if there is one of that name', async () => {
    const phone = new Patter(KEYS);
    await expect(phone.call({ to: '+15005550001', agentId: 'nobody' })).rejects.toThrow('There is no agent with agentId "nobody"');
    phone.agent({ systemPrompt: 'You help {name}.', agentId: 'somebody' });
    await expect(phone.call({ to: '+15005550001', agentId: 'somebody' })).rejects.toThrow('{name}');
  });
});

describe('EmbeddedServer', () => {
  const phone = () => new Patter(KEYS);
  const agent = (options: object = {}) => phone().agent({ systemPrompt: PROMPT, ...options });
  const server = (options: object = {}) => new EmbeddedServer({ config: phone().config, agent: agent(), ...options });

  test('has what serve() has', () => {
    const one = server({ recording: true, voicemailMessage: 'Call us back.' });
    expect(one).toMatchObject({ recording: true, voicemailMessage: 'Call us back.', config: { phoneNumber: KEYS.phoneNumber } });
    expect(one.agent).toBeInstanceOf(Agent);
  });

  test.each<[string, () => object, string]>([
    ['an option of another type', () => ({ recording: 'yes' }), 'recording must be true or false'],
    ['an unknown option', () => ({ onCallEnded: () => {} }), 'serve() has no option onCallEnded'],
    ['an onMessage that the engine has no use for', () => ({ onMessage: () => '' }), "this agent's provider is 'openai_realtime'"],
    ['a key that is missing', () => ({ config: new Patter({ phoneNumber: KEYS.phoneNumber }).config }), 'needs openaiKey'],
    ['no agent', () => ({ agent: undefined }), 'agent must be an Agent'],
    ['no configuration', () => ({ config: {} }), 'config must be a LocalConfig'],
  ])('%s is refused before anything starts', (_, options, message) => {
    expect(() => server(options())).toThrow(message);
  });

  test('a port that cannot be is refused', async () => {
    await expect(server().start(0)).rejects.toThrow('port must be a whole number from 1 to 65535');
  });
});
