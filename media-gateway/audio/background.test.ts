import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { BackgroundSounds } from './background';
import { rms } from './voice-activity';

const sounds = new BackgroundSounds();

describe.each(['office', 'room'] as const)('the sound of an %s', (sound) => {
  it('is heard, and quiet: between -62 and -46 dB of full scale at the default volume', () => {
    const level = rms(decodeMulaw(sounds.open({ sound, volume: 0.2 }).take(500)));
    expect(level).toBeGreaterThan(32_768 * 10 ** (-62 / 20));
    expect(level).toBeLessThan(32_768 * 10 ** (-46 / 20));
  });

  it('has no second that stands out, and no jump where the loop begins again', () => {
    const samples = decodeMulaw(sounds.open({ sound, volume: 1 }).take(1_200));
    const levels = Array.from({ length: 24 }, (_, i) => rms(samples.subarray(i * 8_000, (i + 1) * 8_000)));
    expect(Math.max(...levels) / Math.min(...levels)).toBeLessThan(4);
    const step = (i: number) => Math.abs((samples[i] as number) - (samples[i - 1] as number));
    const largest = Math.max(...Array.from({ length: 80_000 }, (_, i) => step(i + 1)));
    expect(step(12 * 8_000)).toBeLessThanOrEqual(largest);
  });

  it('is hardly louder under speech than the speech alone', () => {
    const speech = Int16Array.from({ length: 16_000 }, (_, i) => 4_000 * Math.sin(i / 5));
    const mixed = decodeMulaw(sounds.open({ sound, volume: 0.2 }).mix(encodeMulaw(speech)));
    expect(mixed).toHaveLength(speech.length);
    expect(Math.abs(20 * Math.log10(rms(mixed) / rms(speech)))).toBeLessThan(0.3);
  });
});

it('goes on under speech where the pause left it', () => {
  const alone = sounds.open({ sound: 'room', volume: 1 }).take(4);
  const other = sounds.open({ sound: 'room', volume: 1 });
  const parts = Buffer.concat([other.take(2), other.mix(new Uint8Array(320).fill(0xff))]);
  expect(parts.equals(Buffer.from(alone))).toBe(true);
});

it('volume 0 is silence', () => {
  expect(rms(decodeMulaw(sounds.open({ sound: 'office', volume: 0 }).take(50)))).toBe(0);
});
