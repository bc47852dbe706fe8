import { agentSchema } from '../../../contracts/agent';
import { sessionUpdateSchema } from '../../../lab/openai/realtime/session-config';
import { sessionOf } from './session-config';

function sessionFor(engine: object = {}, more: { language?: string; endpointing?: object } = {}) {
  const { language = 'en-US', endpointing } = more;
  const agent = agentSchema.parse({
    engine: { type: 'openai-realtime', ...engine },
    systemPrompt: 'x',
    ...(endpointing && { turns: { endpointing } }),
  });
  if (agent.engine.type !== 'openai-realtime') throw new Error('another engine');
  const tools = [{ name: 'book', description: 'Books.', parameters: { type: 'object' } }];
  return sessionOf({ spec: agent.engine, instructions: 'You are Anna.', language, tools, endpointing: agent.turns.endpointing });
}

const OFF = { create_response: false, interrupt_response: false };

test('the defaults, as they are documented', () => {
  expect(sessionFor()).toEqual({
    type: 'realtime',
    instructions: 'You are Anna.',
    output_modalities: ['audio'],
    audio: {
      input: {
        format: { type: 'audio/pcmu' },
        transcription: { model: 'gpt-4o-mini-transcribe', language: 'en' },
        turn_detection: { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500, ...OFF },
      },
      output: { format: { type: 'audio/pcmu' }, voice: 'alloy' },
    },
    tools: [{ type: 'function', name: 'book', description: 'Books.', parameters: { type: 'object' } }],
    tool_choice: 'auto',
    truncation: { type: 'retention_ratio', retention_ratio: 0.8 },
  });
});

test.each<[string, object, object]>([
  ['silenceMs', { silenceMs: 250 }, { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 250, ...OFF }],
  [
    'vad.silenceMs, which goes over it',
    { silenceMs: 250, vad: { type: 'server', silenceMs: 900 } },
    { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 900, ...OFF },
  ],
  [
    'threshold and padding',
    { vad: { type: 'server', threshold: 0.7, prefixPaddingMs: 100 } },
    { type: 'server_vad', threshold: 0.7, prefix_padding_ms: 100, silence_duration_ms: 500, ...OFF },
  ],
  ['semantic, of its own eagerness', { vad: { type: 'semantic' } }, { type: 'semantic_vad', eagerness: 'auto', ...OFF }],
  ...(['low', 'medium', 'high'] as const).map((eagerness): [string, object, object] => [
    `semantic, ${eagerness}`,
    { vad: { type: 'semantic', eagerness } },
    { type: 'semantic_vad', eagerness, ...OFF },
  ]),
])('turn detection: %s', (_, engine, expected) => {
  const session = sessionFor(engine);
  expect(session.audio?.input?.turn_detection).toEqual(expected);
  expect(sessionUpdateSchema.safeParse(session).error).toBeUndefined();
});

test('where the turns are found here, the vendor finds none', () => {
  expect(sessionFor({ vad: { type: 'semantic' } }, { endpointing: { type: 'vad' } }).audio?.input?.turn_detection).toBeNull();
  expect(sessionFor({ vad: { type: 'semantic' } }, { endpointing: { type: 'provider' } }).audio?.input?.turn_detection).not.toBeNull();
});

test.each<[string, object, object]>([
  ['noise_reduction near', { noiseReduction: 'near_field' }, { input: { noise_reduction: { type: 'near_field' } } }],
  ['noise_reduction far', { noiseReduction: 'far_field' }, { input: { noise_reduction: { type: 'far_field' } } }],
  ['speed', { speed: 1.25 }, { output: { speed: 1.25 } }],
  ['voice', { voice: 'marin' }, { output: { voice: 'marin' } }],
  ['transcription', { transcriptionModel: 'whisper-1' }, { input: { transcription: { model: 'whisper-1', language: 'en' } } }],
])('%s is asked for where it is set, and not where it is not', (_, engine, expected) => {
  const session = sessionFor(engine);
  expect(session.audio).toMatchObject(expected);
  expect(sessionUpdateSchema.safeParse(session).error).toBeUndefined();
  expect(sessionFor().audio).not.toMatchObject(expected);
});

test('the transcriber is told the language alone, without its region', () => {
  expect(sessionFor({}, { language: 'pt-BR' }).audio?.input?.transcription).toMatchObject({ language: 'pt' });
});
