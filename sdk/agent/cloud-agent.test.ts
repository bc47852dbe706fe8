import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { resolveCloudCampaign } from '../campaign/options';
import type { AgentOptions } from '../options/agent';
import { Patter } from '../patter';
import { DeepgramSTT } from '../providers/stt';
import { ElevenLabsTTS } from '../providers/tts';
import { cloudAgent } from './cloud-agent';

const schema = join(__dirname, '../../test/fixtures/schemas/agent-before.json');
/** The agent of a backend that its operator has not updated. */
const before = z.fromJSONSchema(JSON.parse(readFileSync(schema, 'utf8')));
const phone = new Patter({ apiKey: 'pk_test', backendUrl: 'ws://127.0.0.1:1' });
const voices = { stt: new DeepgramSTT(), tts: new ElevenLabsTTS() };
const agent = (over: Partial<AgentOptions> = {}) => phone.agent({ systemPrompt: 'You help.', ...over });

test.each<[string, Partial<AgentOptions>]>([
  ['a plain agent', {}],
  ['a pipeline', { provider: 'pipeline', ...voices }],
  ['a pipeline with voice detection of ours', { provider: 'pipeline', ...voices, turns: { endpointing: { type: 'vad' } } }],
  ['a key to opt out with', { optOutKey: '*' }],
])('a backend of the version before takes the agent of a call, a schedule and a campaign: %s', (_, over) => {
  const sent = [
    cloudAgent(agent(over)),
    resolveCloudCampaign({ name: 'june', agent: agent(over), contacts: 'contacts.csv' }).campaign.agent,
    ...(over.provider === 'pipeline' ? [cloudAgent(agent(over), { answeredHere: true })] : []),
  ];
  for (const one of sent) expect(before.safeParse(JSON.parse(JSON.stringify(one))).error).toBeUndefined();
});

test('the key to opt out with goes along where the agent names one, or says that there is none', () => {
  const keyOf = (over: Partial<AgentOptions>) => cloudAgent(agent(over)).optOutKey;
  expect([keyOf({}), keyOf({ optOutKey: null }), keyOf({ optOutKey: '9' })]).toEqual([undefined, null, '9']);
});
