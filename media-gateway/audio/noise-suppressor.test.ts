import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMulaw, encodeMulaw, FRAME_BYTES } from '../../contracts/g711';
import { NoiseSuppressor } from './noise-suppressor';
import { VoiceActivity } from './voice-activity';

const speech = (name: string) => decodeMulaw(readFileSync(join(__dirname, '..', '..', 'test', 'fixtures', 'speech', `${name}.ulaw`)));
const LATE = 256;

function random() {
  let state = 5;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2_147_483_648 - 1;
  };
}
const hiss = (rms: number) => {
  const next = random();
  return () => next() * rms * Math.sqrt(3);
};
const hum = (rms: number) => (i: number) => rms * Math.SQRT2 * Math.sin((2 * Math.PI * 120 * i) / 8_000);

function filtered(samples: Int16Array): Int16Array {
  const suppressor = new NoiseSuppressor();
  const mulaw = encodeMulaw(samples);
  const out = new Uint8Array(mulaw.length);
  for (let at = 0; at < mulaw.length; at += FRAME_BYTES) out.set(suppressor.process(mulaw.subarray(at, at + FRAME_BYTES)), at);
  return decodeMulaw(out);
}

const dB = (samples: Int16Array) => 10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 1) / samples.length);
const seconds = (count: number, value: (i: number) => number) => Int16Array.from({ length: count * 8_000 }, (_, i) => value(i));

it.each([
  ['hiss', hiss(250)],
  ['hum', hum(300)],
])('steady %s is more than 10 dB lower after three seconds', (_, noise) => {
  const before = seconds(8, noise);
  const after = filtered(before);
  expect(dB(before.subarray(24_000)) - dB(after.subarray(24_000))).toBeGreaterThan(10);
});

it.each(['monologue-en', 'no-wait', 'pauses-de', 'pauses-fr'])('clean speech keeps its loudness within 1 dB (%s)', (name) => {
  const clean = speech(name);
  expect(Math.abs(dB(clean) - dB(filtered(clean)))).toBeLessThan(1);
});

it('takes the noise out of the pauses of speech, and leaves the words', () => {
  const clean = speech('pauses-en');
  const noise = hiss(200);
  const lead = 4 * 8_000;
  const noisy = Int16Array.from({ length: lead + clean.length + 8_000 }, (_, i) => (clean[i - lead] ?? 0) + noise());
  const after = filtered(noisy);
  const loud: number[] = [];
  const quiet: number[] = [];
  for (let at = lead; at + 160 <= lead + clean.length; at += 160) {
    const level = dB(clean.subarray(at - lead, at - lead + 160));
    const change = dB(after.subarray(at + LATE, at + LATE + 160)) - dB(noisy.subarray(at, at + 160));
    if (level > 60) loud.push(change);
    if (level < 20) quiet.push(change);
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(quiet.length).toBeGreaterThan(20);
  expect(mean(quiet)).toBeLessThan(-8);
  expect(mean(loud)).toBeGreaterThan(-1.5);
});

it('lets a voice detection hear the pause that the noise had filled', () => {
  const noise = hiss(700);
  const noisy = Int16Array.from({ length: 5 * 8_000 }, () => noise());
  const voiced = (samples: Int16Array) => {
    const activity = new VoiceActivity();
    let ms = 0;
    for (let at = 0; at < samples.length; at += 160) ms += activity.push(encodeMulaw(samples.subarray(at, at + 160)));
    return ms;
  };
  expect(voiced(filtered(noisy).subarray(3 * 8_000))).toBe(0);
  expect(voiced(noisy.subarray(0, 1_000 * 8))).toBeGreaterThan(500);
});

it('gives as much as it takes, whatever the pieces, and the same', () => {
  const mulaw = encodeMulaw(speech('no-wait'));
  const whole = Buffer.from(new NoiseSuppressor().process(mulaw));
  const suppressor = new NoiseSuppressor();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < mulaw.length; at += 93) parts.push(suppressor.process(mulaw.subarray(at, at + 93)));
  expect(Buffer.concat(parts).length).toBe(whole.length);
  // What is late differs with the pieces by no more than the window.
  expect(Buffer.concat(parts).indexOf(whole.subarray(LATE * 4, LATE * 5))).toBeGreaterThanOrEqual(0);
});
