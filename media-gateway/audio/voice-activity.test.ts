/** With speech (test/fixtures/speech), because a modem's tone has neither soft sounds nor pauses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MULAW_SILENCE } from '../../contracts/g711';
import { DEFAULT_INTERRUPTION } from '../turns/interruption';
import { VoiceActivity } from './voice-activity';

const FRAME = 160;
const speech = (name: string) => readFileSync(join(__dirname, '..', '..', 'test', 'fixtures', 'speech', `${name}.ulaw`));
const silence = (ms: number) => Buffer.alloc(ms * 8, MULAW_SILENCE);

/** Plays it frame by frame; what the detector said after each. */
function play(...parts: Buffer[]): { longestRunMs: number; longestGapMs: number; voicedMs: number; end: VoiceActivity } {
  const end = new VoiceActivity();
  const all = Buffer.concat(parts);
  let [longestRunMs, longestGapMs, voicedMs] = [0, 0, 0];
  for (let at = 0; at < all.length; at += FRAME) {
    voicedMs += end.push(all.subarray(at, at + FRAME));
    longestRunMs = Math.max(longestRunMs, end.runMs);
    if (voicedMs > 0) longestGapMs = Math.max(longestGapMs, end.silentMs);
  }
  return { longestRunMs, longestGapMs, voicedMs, end };
}

test('a murmured "mm hmm" is shorter than what confirms an interruption, a sentence is longer', () => {
  const murmur = play(silence(300), speech('mhm'), silence(600));
  expect(murmur.voicedMs).toBeGreaterThan(0);
  expect(murmur.longestRunMs).toBeLessThan(DEFAULT_INTERRUPTION.confirmMs);
  expect(play(silence(300), speech('no-wait'), silence(600)).longestRunMs).toBeGreaterThan(1_000);
});

test('the soft sounds inside a word do not end the run of voice', () => {
  expect(play(speech('no-wait')).longestGapMs).toBeLessThan(240);
});

test('a hesitation of 350 ms ends the run, and is too short to end a turn of 500 ms', () => {
  const { longestGapMs, longestRunMs } = play(speech('hesitates'));
  expect(longestGapMs).toBeGreaterThanOrEqual(340);
  expect(longestGapMs).toBeLessThan(500);
  expect(longestRunMs).toBeLessThan(play(speech('no-wait')).voicedMs);
});

test('nothing is heard in silence, and the run is over after it', () => {
  expect(play(silence(2_000)).voicedMs).toBe(0);
  expect(play(speech('no-wait'), silence(400)).end.runMs).toBe(0);
});
