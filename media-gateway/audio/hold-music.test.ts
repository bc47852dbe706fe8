import { BYTES_PER_MS, decodeMulaw } from '../../contracts/g711';
import { wavFrames } from '../../lab/phone/wav';
import { HOLD_MUSIC, holdMusicWav, playHoldMusic } from './hold-music';

describe('hold music', () => {
  const samples = decodeMulaw(HOLD_MUSIC);

  test('is never silent for a tenth of a second, and never loud', () => {
    const WINDOW = 800;
    const peaks: number[] = [];
    for (let at = 0; at < samples.length; at += WINDOW) {
      peaks.push(Math.max(...Array.from(samples.subarray(at, at + WINDOW), Math.abs)));
    }
    expect(Math.min(...peaks)).toBeGreaterThan(300);
    expect(Math.max(...peaks)).toBeLessThan(16_000);
  });

  test('follows on itself without a click', () => {
    const steps = Array.from(samples, (value, i) => Math.abs(value - (samples.at(i - 1) as number)));
    expect(steps[0]).toBeLessThanOrEqual(steps.slice(1).reduce((a, b) => Math.max(a, b)));
  });

  test('is sent in real time with a short lead, over its end and on', () => {
    let now = 0;
    const timers: { at: number; fn: () => void }[] = [];
    const clock = {
      now: () => now,
      monotonic: () => now,
      after: (ms: number, fn: () => void) => {
        const timer = { at: now + ms, fn };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), 1);
      },
    };
    const sent: Uint8Array[] = [];
    const stop = playHoldMusic({ sendAudio: (mulaw) => sent.push(mulaw) }, clock);
    const musicMs = HOLD_MUSIC.length / BYTES_PER_MS;
    let most = 0;
    while (now < musicMs + 2_000) {
      const next = timers.shift() as { at: number; fn: () => void };
      // Every timer is late.
      now = next.at + 7;
      next.fn();
      most = Math.max(most, sent.reduce((sum, { length }) => sum + length, 0) / BYTES_PER_MS - now);
    }
    expect(most).toBeLessThanOrEqual(800);
    const all = Buffer.concat(sent);
    expect(all.subarray(HOLD_MUSIC.length, HOLD_MUSIC.length + 8_000)).toEqual(Buffer.from(HOLD_MUSIC.subarray(0, 8_000)));
    stop();
    expect(timers).toEqual([]);
  });

  test('is a file that a carrier can read', () => {
    expect(Buffer.from(wavFrames(holdMusicWav()))).toEqual(Buffer.from(HOLD_MUSIC));
  });
});
