import { agentSchema } from '../contracts/agent';
import { campaignFileSchema } from '../contracts/campaign';
import fc from '../test/support/property';
import { changeTexts, fillAgent, textsOf, unfilledIn } from './texts';

const FILE = {
  name: 'c',
  from: ['+15005550006'],
  agent: {
    engine: { type: 'openai-realtime' },
    systemPrompt: '{prompt}',
    firstMessage: '{first}',
    disclosure: '{disclosure}',
    guardrails: [{ name: 'g', blockedTerms: ['x'], replacement: '{replacement}' }],
    turns: { idle: { prompts: ['{idle0}', '{idle1}'], goodbye: '{goodbye}' }, fillers: { phrases: ['{filler}'] } },
  },
  dialing: { voicemailMessage: '{voicemail}', answering: { screening: '{screening}' } },
  recording: { consent: '{consent}' },
  transfer: { to: ['+15005550009'], whisper: '{whisper}' },
};
const FIELDS = {
  prompt: 'agent.systemPrompt',
  first: 'agent.firstMessage',
  disclosure: 'agent.disclosure',
  replacement: 'agent.guardrails.0.replacement',
  idle0: 'agent.turns.idle.prompts.0',
  idle1: 'agent.turns.idle.prompts.1',
  goodbye: 'agent.turns.idle.goodbye',
  filler: 'agent.turns.fillers.phrases.0',
  consent: 'recording.consent',
  voicemail: 'dialing.voicemailMessage',
  screening: 'dialing.answering.screening',
  whisper: 'transfer.whisper',
};
const spec = campaignFileSchema.parse(FILE);

test('every text that is spoken or instructs is known by its field, and its placeholder as one without a value', () => {
  const unfilled = unfilledIn(spec, []);
  expect(Object.fromEntries(unfilled.map(({ name, field }) => [name, field]))).toEqual(FIELDS);
  expect(unfilledIn(spec, Object.keys(FIELDS))).toEqual([]);
  // In the spelling of a column, too.
  expect(unfilledIn({ agent: { systemPrompt: '{first_name}' } }, ['First Name'])).toEqual([]);
});

test('a placeholder is told once, with the first text that has it', () => {
  expect(unfilledIn({ agent: { systemPrompt: 'For {x}', firstMessage: '{x} {y}' } }, [])).toEqual([
    { name: 'x', field: 'agent.systemPrompt' },
    { name: 'y', field: 'agent.firstMessage' },
  ]);
});

test('what the carrier tells of every inbound call is nowhere missing', () => {
  const texts = { agent: { systemPrompt: '{caller} calls {called}.' }, transfer: { whisper: '{Caller Name} of {company}' } };
  expect(unfilledIn(texts, [])).toEqual([{ name: 'company', field: 'transfer.whisper' }]);
});

test('what an agent is filled with is what it is checked for, and nothing else of it changes', () => {
  const names = Object.keys(FIELDS);
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom(...names)), (given) => {
      const filled = fillAgent(spec.agent, Object.fromEntries(given.map((name) => [name, `«${name}»`])));
      expect(textsOf({ agent: filled }).flatMap(({ text }) => /[{}]/.exec(text)?.[0] ?? [])).toEqual([]);
      const back = changeTexts(
        filled,
        (_, field) => textsOf({ agent: spec.agent }).find((text) => text.field === `agent.${field}`)?.text ?? '',
      );
      expect(back).toEqual(spec.agent);
    }),
  );
});

test('an agent without any of the newer fields stays without them', () => {
  const old = { systemPrompt: 'Call {name}.' };
  expect(fillAgent(old, { name: 'Ada' })).toEqual({ systemPrompt: 'Call Ada.' });
  const plain = agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'x' });
  expect(fillAgent(plain, {})).toEqual(plain);
});
