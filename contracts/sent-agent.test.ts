import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type AgentSpec, agentSchema } from './agent';
import { SDK_RELAY_URL } from './sdk-protocol';
import { agentAsStored, agentToStore, withoutNewFields } from './sent-agent';

const before = z.fromJSONSchema(JSON.parse(readFileSync(join(__dirname, '../test/fixtures/schemas/agent-before.json'), 'utf8')));
const agent = (over: object = {}) =>
  agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'You help.', ...over }) as AgentSpec;
const program = (over: object = {}) => agent({ engine: { type: 'pipeline', onMessage: { url: SDK_RELAY_URL } }, ...over });
const vad = (over: object = {}) => ({ turns: { endpointing: { type: 'vad', ...over } } });
const silero = { turns: { endpointing: { type: 'silero', modelPath: 'silero.onnx' } } };

test.each<[string, AgentSpec]>([
  ['plain', agent()],
  ['pipeline', agent({ engine: { type: 'pipeline' } })],
  ['ConvAI', agent({ engine: { type: 'elevenlabs-convai', agentId: 'a' } })],
  ['own voice detection', agent(vad())],
  ['Silero', agent(silero)],
  ['rich', agent({ tools: [{ name: 't', webhookUrl: 'https://x.example' }], guardrails: [{ name: 'g', blockedTerms: ['sue'] }] })],
])('an agent is sent so that the version before takes it, and means the same: %s', (_, spec) => {
  const sent = withoutNewFields(spec);
  expect(before.safeParse(sent).error).toBeUndefined();
  expect(agentSchema.parse(sent)).toEqual(spec);
});

test('what was asked for is sent, also where the version before refuses it', () => {
  const spec = agent({ maxDurationWarningMs: 10_000, ...vad({ minSpeechMs: 80 }) });
  expect(agentSchema.parse(withoutNewFields(spec))).toEqual(spec);
  expect(before.safeParse(withoutNewFields(spec)).success).toBe(false);
});

test.each<[string, AgentSpec]>([
  ['a program without a key to opt out with', program({ optOutKey: null })],
  ['a program with one', program({ optOutKey: '9' })],
  ['an agent of a file', agent()],
  ['an agent of a file, which has none', agent({ optOutKey: null })],
])('a line means what it meant when it was stored: %s', (_, spec) => {
  expect(agentAsStored(agentToStore(spec))).toEqual(spec);
});

test('the line of a program can be read by a control of the version before', () => {
  expect(before.safeParse(agentToStore(program({ optOutKey: null }))).error).toBeUndefined();
});
