import { ManualClock } from '../../test/support/manual-clock';
import { LatencyMeter } from './latency-meter';

function world(kind: 'whole' | 'in parts') {
  const clock = new ManualClock();
  const line = { silentMs: 0 };
  const meter = new LatencyMeter(clock, kind, () => line.silentMs);
  return { clock, line, meter };
}

const AUDIO = new Uint8Array(160);

test('a pipeline: from the caller’s last sound to the words, to the model’s first word, to the first frame', () => {
  const { clock, line, meter } = world('in parts');
  meter.onEvent({ kind: 'speech_started', itemId: 'u1' });
  clock.pass(1_700);
  // The recogniser was sure half a second after the last sound.
  line.silentMs = 500;
  meter.onEvent({ kind: 'speech_stopped', itemId: 'u1' });
  clock.pass(20);
  meter.onEvent({ kind: 'user_transcript', itemId: 'u1', text: 'What time?' });
  clock.pass(300);
  meter.onEvent({ kind: 'first_words', itemId: 'a1' });
  clock.pass(150);
  meter.onEvent({ kind: 'audio', itemId: 'a1', mulaw: AUDIO });
  clock.pass(10);
  expect(meter.began('a1')).toEqual({ sttMs: 520, llmMs: 300, ttsMs: 160, totalMs: 980, speechMs: 1_200 });
  // Once: what the agent says next answers nobody.
  meter.onEvent({ kind: 'audio', itemId: 'a2', mulaw: AUDIO });
  expect(meter.began('a2')).toBeUndefined();
});

test('speech to speech is told as a whole, and a transcript that comes late changes nothing', () => {
  const { clock, line, meter } = world('whole');
  meter.onEvent({ kind: 'speech_started', itemId: 'u1' });
  clock.pass(1_000);
  line.silentMs = 400;
  meter.onEvent({ kind: 'speech_stopped', itemId: 'u1' });
  clock.pass(250);
  meter.onEvent({ kind: 'audio', itemId: 'a1', mulaw: AUDIO });
  meter.onEvent({ kind: 'user_transcript', itemId: 'u1', text: 'Hi.' });
  expect(meter.began('a1')).toEqual({ sttMs: 0, llmMs: 650, ttsMs: 0, totalMs: 650, speechMs: 600 });
});

test('greetings, fillers, sounds without words and who goes on to speak have no latency', () => {
  const { clock, meter } = world('in parts');
  meter.onEvent({ kind: 'audio', itemId: 'a0', mulaw: AUDIO });
  expect(meter.began('a0')).toBeUndefined();
  meter.onEvent({ kind: 'speech_started', itemId: 'u1' });
  clock.pass(500);
  meter.onEvent({ kind: 'speech_stopped', itemId: 'u1' });
  expect(meter.began('line_1')).toBeUndefined();
  meter.onEvent({ kind: 'user_transcript', itemId: 'u1', text: '' });
  meter.onEvent({ kind: 'audio', itemId: 'a1', mulaw: AUDIO });
  expect(meter.began('a1')).toBeUndefined();
  meter.onEvent({ kind: 'speech_stopped', itemId: 'u2' });
  meter.onEvent({ kind: 'speech_started', itemId: 'u3' });
  meter.onEvent({ kind: 'audio', itemId: 'a2', mulaw: AUDIO });
  expect(meter.began('a2')).toBeUndefined();
});
