import { agentSchema } from '../contracts/agent';
import { optionsWithoutEffect } from './options-without-effect';

const REALTIME = { type: 'openai-realtime' };
const CONVAI = { type: 'elevenlabs-convai', agentId: 'agent_1' };
const PIPELINE = { type: 'pipeline' };
const FLUX = { provider: 'deepgram', model: 'flux-general-en', eagerEotThreshold: 0.4 };

test.each<[string, object, object, string[]]>([
  ['the defaults', REALTIME, {}, []],
  ['the defaults', CONVAI, {}, []],
  ['the defaults', PIPELINE, {}, []],
  ['our own voice detection', REALTIME, { endpointing: { type: 'vad', minDelayMs: 400, minSilenceMs: 100 } }, []],
  ['a longest delay that the caller’s pauses lead to', REALTIME, { endpointing: { type: 'vad', dynamic: true, maxDelayMs: 2_000 } }, []],
  ['a longest delay', REALTIME, { endpointing: { type: 'vad', maxDelayMs: 2_000 } }, ['maxDelayMs']],
  ['a judge', REALTIME, { endpointing: { type: 'silero', modelPath: 'm', judgeModel: 'gpt-4o-mini' } }, ['judgeModel']],
  ['words that are not looked at', REALTIME, { endpointing: { type: 'vad', semantic: false } }, ['semantic']],
  ['a recogniser that is not there', REALTIME, { endpointing: { type: 'stt' } }, ['stt acts as vad']],
  ['two voice detections', { ...REALTIME, vad: { type: 'semantic' } }, { endpointing: { type: 'vad' } }, ['engine.vad']],
  ['prepared answers', REALTIME, { preemptive: true }, ['preemptive']],
  ['prepared answers and turns of ours', CONVAI, { preemptive: true, endpointing: { type: 'vad' } }, ['preemptive', 'endpointing']],
  ['prepared answers', PIPELINE, { preemptive: true }, []],
  ['a judge', PIPELINE, { endpointing: { type: 'vad', judgeModel: 'gpt-4o-mini', maxDelayMs: 2_000 } }, []],
  ['Whisper', { ...PIPELINE, stt: { provider: 'openai', model: 'whisper-1' } }, { endpointing: { type: 'stt' } }, ['stt acts as vad']],
  ['an eager end that nobody waits for', { ...PIPELINE, stt: FLUX }, {}, ['eagerEotThreshold']],
  ['an eager end', { ...PIPELINE, stt: FLUX }, { preemptive: true }, []],
])('%s of %j with %j', (_, engine, turns, expected) => {
  const found = optionsWithoutEffect(agentSchema.parse({ engine, turns, systemPrompt: 'Be kind.' }));
  expect(found).toEqual(expected.map((words) => expect.stringContaining(words)));
});
