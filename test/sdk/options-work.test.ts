/** Options of campaigns, schedules and the tool: what is refused, and what is said then. Nothing is started. */
import type { AgentSpec } from '../../contracts/agent';
import {
  type AgentOptions,
  DeepgramSTT,
  ElevenLabsConvAI,
  ElevenLabsTTS,
  OpenAIRealtime,
  Patter,
  type PatterOptions,
  PatterTool,
  Tool,
} from '../../sdk';
import { resolveCloudCampaign } from '../../sdk/campaign/options';
import { resolveServe } from '../../sdk/options/resolve-serve';
import type { ResolvedServeOptions } from '../../sdk/options/serve';
import { resolveSchedule } from '../../sdk/schedule/options';
import { type KnownAgents, resolveScheduledCall } from '../../sdk/schedule/schedule';

const local = (more: PatterOptions = {}) =>
  new Patter({ twilioSid: 'AC1', twilioToken: 't', openaiKey: 'k', phoneNumber: '+15550001234', webhookUrl: 'example.com', ...more });
const agentOptions: AgentOptions = { systemPrompt: 'x' };
const campaign = (over: object = {}) => {
  const phone = local();
  return phone.campaign({ name: 'june', agent: phone.agent(agentOptions), contacts: 'contacts.csv', ...over });
};

test('a campaign has the fields of a campaign file, and its name is known before it starts', () => {
  expect(campaign({ dialing: { cps: 2, ringTimeout: '20s' }, until: '8h', window: { start: '09:00' } }).name).toBe('june');
});

test.each<[string, object, string, RegExp]>([
  ['a name with capitals', { name: 'June' }, 'name', /lower-case letters/],
  ['no agent', { agent: undefined }, 'agent', /phone\.agent/],
  ['contacts that are none', { contacts: 7 }, 'contacts', /CSV file, an array/],
  ['an empty path', { contacts: '' }, 'contacts', /CSV file, an array/],
  ['a pace of nothing', { dialing: { cps: 0 } }, 'dialing.cps', /dialing\.cps/],
  ['a wrong duration', { retry: { busy: 'soon' } }, 'retry.busy', /not a duration/],
  ['a time zone that is none', { compliance: { defaultTimezone: 'Mars/Olympus' } }, 'compliance.defaultTimezone', /Europe\/Berlin/],
  ['a wrong number', { from: '15550001234' }, 'from.0', /E\.164/],
  ['a country that is none', { region: 'XX' }, 'region', /country such as/],
  ['an unknown option', { maxConcurrent: 3 }, 'maxConcurrent', /no option maxConcurrent/],
  ['who runs it', { runBy: 'me' }, 'runBy', /'app' or 'workers'/],
  [
    'no way out for whom it calls',
    { agent: local().agent({ ...agentOptions, optOutKey: null }) },
    'agent.optOutKey',
    /or name another key/,
  ],
])('a campaign with %s is refused', (_, over, option, message) => {
  expect(() => campaign(over)).toThrow(message);
  expect(() => campaign(over)).toThrow(expect.objectContaining({ details: expect.objectContaining({ option }) }));
});

test('an agent that has no key to opt out with has one in a campaign', () => {
  const keyOf = (options: object) => {
    const agent = local().agent({ ...agentOptions, ...options });
    const { campaign: fields, spec } = resolveCloudCampaign({ name: 'june', agent, contacts: 'contacts.csv' });
    expect((fields.agent as AgentSpec).optOutKey).toBe(spec?.agent.optOutKey);
    return spec?.agent.optOutKey;
  };
  expect([keyOf({}), keyOf({ optOutKey: '*' })]).toEqual(['9', '*']);
});

const CALL = { call: { to: '+15550001111' } };
test.each<[string, object, string]>([
  ['no time', {}, 'at'],
  ['two times', { at: new Date(), every: '1h' }, 'at'],
  ['a time without offset', { at: '2026-12-01T09:00:00' }, 'at'],
  ['six fields', { cron: '0 0 9 * * *' }, 'cron'],
  ['a zone that is none', { cron: '0 9 * * *', timezone: 'Berlin!' }, 'timezone'],
  ['a zone without cron', { every: '1h', timezone: 'Europe/Berlin' }, 'timezone'],
  ['half a second', { every: 500 }, 'every'],
  ['an id with a slash', { every: '1h', id: 'a/b' }, 'id'],
  ['a grace of nothing', { every: '1h', grace: 0 }, 'grace'],
  ['both a call and a campaign', { every: '1h', campaign: {} }, 'call'],
])('a schedule with %s is refused', (_, over, option) => {
  expect(() => resolveSchedule({ id: 'x', ...CALL, ...over })).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ option }) }),
  );
});

describe('a scheduled call', () => {
  const desk = { phoneNumber: '+15550001234' };
  const serving = (options: object = {}) => {
    const phone = local();
    return resolveServe(phone.agent({ systemPrompt: 'Served.' }), options, { webhookUrl: 'example.com', tunnel: false });
  };
  const known = (served?: ResolvedServeOptions): KnownAgents => ({
    serving: served,
    named: (agentId) => (agentId === undefined ? undefined : local().agent({ systemPrompt: 'Named.', agentId })),
  });
  const resolved = (call: object, served?: ResolvedServeOptions) =>
    resolveScheduledCall({ to: '+15550001111', ...call }, desk, known(served));

  test('is talked by the agent that it names, else by that of serve()', () => {
    expect(resolved({ agentId: 'evening' }, serving()).agent.systemPrompt).toBe('Named.');
    expect(resolved({}, serving()).agent.systemPrompt).toBe('Served.');
    expect(() => resolved({})).toThrow('A scheduled call needs an agent');
  });

  test('has what serve() has: a message for machines, a recording', () => {
    const served = serving({ voicemailMessage: 'Call us back.', recording: true });
    expect(resolved({}, served).call).toMatchObject({ voicemailMessage: 'Call us back.', recording: true });
    expect(resolved({ voicemailMessage: '', recording: false }, served).call).toMatchObject({ voicemailMessage: '', recording: false });
    expect(() => resolved({}, serving({ voicemailMessage: 'Call {name} back.' }))).toThrow('{name}');
  });

  test('has the transfer of serve(), whose whisper is checked now and not at the firing', () => {
    const warm = (whisper: string) => serving({ transfer: { to: ['+15550002222'], mode: 'warm', whisper } });
    expect(() => resolved({}, warm('{nick} is on the line'))).toThrow('{nick} (transfer.whisper)');
    expect(resolved({ variables: { nick: 'Jo' } }, warm('{nick} is on the line')).call.transfer).toMatchObject({ mode: 'warm' });
    expect(resolved({}, warm('{caller_name} is on the line')).call.transfer).toMatchObject({ mode: 'warm' });
  });

  test('refuses an onMessage, which may be gone by then, and says what to do', () => {
    expect(() => resolved({ onMessage: () => 'Hello.' }, serving())).toThrow(/give onMessage to serve\(\)/);
  });
});

test('times are taken to the second, durations in words, cron in UTC unless said otherwise', () => {
  const times = (over: object) => resolveSchedule({ id: 'x', ...CALL, ...over }).times;
  expect(times({ at: '2026-12-01T09:00:00.400+01:00' })).toEqual({ kind: 'at', at: '2026-12-01T08:00:01.000Z' });
  expect(times({ every: '15m' })).toEqual({ kind: 'every', everyMs: 900_000 });
  expect(times({ cron: ' 30 9 * * MON-FRI ' })).toEqual({ kind: 'cron', cron: '30 9 * * MON-FRI', timezone: 'UTC' });
  expect(resolveSchedule({ id: 'x', every: '1d', ...CALL }).graceMs).toBe(3_600_000);
});

const cloud = () => new Patter({ apiKey: 'pt_x' });
const TOOL = { name: 'book', description: 'Books.', parameters: { type: 'object' } };
test.each<[string, object, string, RegExp]>([
  ['a callback', { onCallEnd: () => undefined }, 'onCallEnd', /connect\(\)/],
  ['who runs it', { runBy: 'app' }, 'runBy', /backend/],
  ['a function of this program', { tools: [{ ...TOOL, handler: () => 'done' }] }, 'agent', /webhookUrl/],
  ['a key of its own', { engine: new OpenAIRealtime({ apiKey: 'sk-1' }) }, 'agent', /openaiKey/],
  ['a wrong pace', { dialing: { cps: 0 } }, 'dialing.cps', /dialing\.cps/],
  ['an empty idempotency key', { idempotencyKey: '' }, 'idempotencyKey', /1 to 200/],
  ['an agent that is none', { agent: {} }, 'agent', /phone\.agent/],
])('a campaign in cloud mode with %s is refused', (_, over, option, message) => {
  const { engine, tools, ...options } = over as { engine?: OpenAIRealtime; tools?: AgentOptions['tools'] };
  const phone = cloud();
  const make = () => phone.campaign({ name: 'june', agent: phone.agent({ ...agentOptions, engine, tools }), contacts: [], ...options });
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ details: expect.objectContaining({ option }) }));
});

test('a campaign in cloud mode needs no agent, and tools with a URL go', () => {
  const phone = cloud();
  const agent = phone.agent({ ...agentOptions, tools: [new Tool({ ...TOOL, webhookUrl: 'https://example.com/book' })] });
  expect([phone.campaign({ name: 'june', contacts: [] }).name, phone.campaign({ name: 'july', agent, contacts: [] }).name]).toEqual([
    'june',
    'july',
  ]);
});

test.each<[string, object, string]>([
  ['who runs it', { runBy: 'app' }, 'runBy'],
  ['a callback', { call: { ...CALL.call, onCallEnd: () => undefined } }, 'call.onCallEnd'],
  ['an agent that is named', { call: { ...CALL.call, agentId: 'reception' } }, 'call.agentId'],
  ['a campaign with a callback', { call: undefined, campaign: { name: 'june', contacts: [], onCallEnd: () => undefined } }, 'onCallEnd'],
  ['a campaign with a long name', { call: undefined, campaign: { name: 'j'.repeat(50), contacts: [] } }, 'campaign.name'],
])('a schedule in cloud mode with %s is refused', async (_, over, option) => {
  await expect(cloud().schedule({ id: 'x', every: '1h', ...CALL, ...over })).rejects.toMatchObject({ details: { option } });
});

test.each<[string, object, string]>([
  ['no phone', { phone: undefined }, 'phone'],
  ['a name with a blank', { name: 'make call' }, 'name'],
  ['a second', { timeoutMs: 1_000 }, 'timeoutMs'],
  ['an agent that is none', { agent: {} }, 'agent'],
])('a tool with %s is refused', (_, over, option) => {
  expect(() => new PatterTool({ phone: local(), ...over })).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ option }) }),
  );
});

test('peer defect 19: what a model writes wrongly is refused before anybody is called', async () => {
  const call = jest.fn();
  const tool = new PatterTool({ phone: { call }, allow: (to) => to.startsWith('+1') });
  await expect(tool.run('not JSON')).rejects.toThrow('not JSON');
  await expect(tool.run('{"to":"+15550001111"}')).rejects.toThrow(/goal/);
  await expect(tool.run({ to: '911', goal: 'x' })).rejects.toThrow(/E\.164/);
  await expect(tool.run({ to: '+445550001111', goal: 'x' })).rejects.toThrow(/not among/);
  const aborted = AbortSignal.abort(new Error('too late'));
  await expect(tool.run({ to: '+15550001111', goal: 'x' }, { signal: aborted })).rejects.toThrow('too late');
  expect(call).not.toHaveBeenCalled();
});

test.each<[string, Partial<AgentOptions>]>([
  ['of one model', {}],
  ['at ElevenLabs', { engine: new ElevenLabsConvAI({ agentId: 'agent_1' }) }],
  ['of a pipeline', { stt: new DeepgramSTT(), tts: new ElevenLabsTTS() }],
])('an agent %s makes the calls of a tool', async (_, options) => {
  const phone = local({ deepgramKey: 'dg', elevenlabsKey: 'el' });
  const agent = phone.agent({ ...agentOptions, ...options });
  const call = jest.fn().mockRejectedValue(new Error('engaged'));
  const tool = new PatterTool({ phone: { call }, agent });
  await expect(tool.run({ to: '+15550001111', goal: 'Book a table.' })).rejects.toThrow('engaged');
  const { model, provider, voice } = agent;
  expect(call.mock.calls[0][0].agent).toMatchObject({ model, provider, voice, systemPrompt: expect.stringContaining('Book a table.') });
});

test('the shapes of the tool are those that each framework takes', () => {
  const tool = new PatterTool({ phone: { call: jest.fn() }, name: 'ring', description: 'Rings.' });
  const parameters = { type: 'object', required: ['to', 'goal'], properties: { to: { type: 'string' }, goal: { type: 'string' } } };
  expect(tool.openai()).toMatchObject({ type: 'function', function: { name: 'ring', description: 'Rings.', parameters } });
  expect(tool.openaiResponses()).toMatchObject({ type: 'function', name: 'ring', parameters, strict: false });
  expect(tool.vercel().inputSchema.safeParse({ to: '+15550001111' }).success).toBe(false);
  expect(tool.langchain()).toMatchObject({ name: 'ring', description: 'Rings.', lc_namespace: expect.any(Array) });
});
