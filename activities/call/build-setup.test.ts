import { campaignFileSchema } from '../../contracts/campaign';
import { SDK_RELAY_URL } from '../../contracts/sdk-protocol';
import { agentAsStored, agentToStore } from '../../contracts/sent-agent';
import { buildSetup } from './build-setup';

const spec = campaignFileSchema.parse({
  name: 'c',
  from: ['+15005550006'],
  agent: {
    engine: { type: 'openai-realtime' },
    systemPrompt: 'You call {first_name}.',
    firstMessage: 'Hi {first_name}.',
    disclosure: 'This is an AI, {first_name}.',
    guardrails: [{ name: 'g', blockedTerms: ['sue'], replacement: 'No, {first_name}.' }],
    turns: {
      idle: { prompts: ['Are you there, {first_name}?', 'Hello?'], goodbye: 'Bye, {First Name}.' },
      fillers: { phrases: ['One moment, {first_name}.'] },
    },
  },
  dialing: { voicemailMessage: 'Call back, {first_name}.', answering: { screening: 'For {first_name}.' } },
  recording: { consent: 'Recorded, {first_name}.' },
});
const source = { callId: 'call', tenantId: 't', campaignId: 'c', contactId: 'ct', spec, to: '+12125550101', from: '+15005550006' };

test('every text that is spoken or instructs has the contact’s values', () => {
  const { agent, ...setup } = buildSetup({ ...source, variables: { first_name: 'Ada' } });
  expect(agent).toMatchObject({
    systemPrompt: 'You call Ada.',
    firstMessage: 'Hi Ada.',
    disclosure: 'This is an AI, Ada.',
    guardrails: [{ replacement: 'No, Ada.' }],
    turns: { idle: { prompts: ['Are you there, Ada?', 'Hello?'], goodbye: 'Bye, Ada.' }, fillers: { phrases: ['One moment, Ada.'] } },
  });
  expect(setup).toMatchObject({
    voicemailMessage: 'Call back, Ada.',
    answering: { screening: 'For Ada.' },
    recording: { consent: 'Recorded, Ada.' },
  });
});

test('no placeholder is read aloud, whatever nobody has a value for', () => {
  expect(JSON.stringify(buildSetup({ ...source, variables: {} }))).not.toMatch(/\{ ?[Ff]irst/);
});

test('a call that came in has what it brought with it apart from what the carrier tells of every call, and from the agent’s own values', () => {
  const variables = { customer_id: '7734', caller: '+12125550101', called: '+15005550006', caller_name: 'ACME' };
  const agent = { ...spec.agent, variables: { first_name: 'Ada' } };
  const inbound = buildSetup({ ...source, spec: { ...spec, agent }, direction: 'inbound', variables });
  expect(inbound).toMatchObject({ variables: { ...variables, first_name: 'Ada' } });
  expect(inbound.customParams).toEqual({ customer_id: '7734' });
  const { caller, called } = variables;
  expect(buildSetup({ ...source, direction: 'inbound', variables: { caller, called } }).customParams).toEqual({});
});

test('who calls a connected program may press every key, although its line stores none to opt out with', () => {
  const program = agentAsStored({ engine: { type: 'pipeline', onMessage: { url: SDK_RELAY_URL } }, systemPrompt: 'x' });
  const line = { ...spec, agent: agentToStore(program) };
  expect(line.agent).not.toHaveProperty('optOutKey');
  expect(buildSetup({ ...source, spec: line, variables: {}, direction: 'inbound' }).agent.optOutKey).toBeNull();
  expect(buildSetup({ ...source, variables: {} }).agent.optOutKey).toBe('9');
});
