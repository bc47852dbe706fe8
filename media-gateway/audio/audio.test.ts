import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { Demodulator, modulate } from '../../lab/voice';
import { BeepDetector, type BeepEvent } from './beep-detector';
import { resample24kTo8k } from './resample';
import { rms, VoiceActivity } from './voice-activity';

const tone = (hz: number, ms: number, rate = 8_000, amplitude = 8_000) =>
  Int16Array.from({ length: (rate * ms) / 1_000 }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rate));
const phone = (samples: Int16Array) => decodeMulaw(encodeMulaw(samples));
const silence = (ms: number) => new Int16Array(8 * ms);

function detect(...parts: Int16Array[]): BeepEvent[] {
  const detector = new BeepDetector();
  const events: BeepEvent[] = [];
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 160) {
      const event = detector.push(part.subarray(at, at + 160));
      if (event) events.push(event);
    }
  }
  return events;
}

describe('resampling 24 kHz to 8 kHz', () => {
  it('keeps a third of the samples and the level of what a telephone carries', () => {
    for (const hz of [300, 1_000, 2_400, 3_000]) {
      const out = resample24kTo8k(tone(hz, 500, 24_000));
      expect(out).toHaveLength(4_000);
      expect(rms(out.subarray(100, -100)) / rms(tone(hz, 500))).toBeCloseTo(1, 1);
    }
  });

  it('takes out what would fold back into the band', () => {
    for (const hz of [4_500, 5_600, 7_000, 11_000])
      expect(rms(resample24kTo8k(tone(hz, 500, 24_000)).subarray(100, -100))).toBeLessThan(30);
  });

  it('leaves a modem readable', () => {
    let heard = '';
    const ear = new Demodulator({ sampleRate: 8_000, baud: 1_200 }, { text: (fragment) => (heard += fragment) });
    ear.push(phone(resample24kTo8k(modulate('Grüße an Ada!', { sampleRate: 24_000, baud: 1_200 }))));
    ear.push(silence(100));
    expect(heard).toBe('Grüße an Ada!');
  });
});

describe('the beep', () => {
  it('is a steady tone of 800 to 1,150 Hz and at least 200 ms, through µ-law', () => {
    for (const hz of [810, 950, 1_000, 1_013, 1_140])
      expect(detect(silence(300), phone(tone(hz, 400)), silence(200))).toEqual(['beep', 'beep_ended']);
  });

  it('is not a short blip, not a low or high tone, and not silence', () => {
    expect(detect(silence(100), tone(1_000, 120), silence(200))).toEqual([]);
    for (const hz of [350, 440, 600, 1_400, 2_000]) expect(detect(tone(hz, 800), silence(100))).toEqual([]);
    expect(detect(silence(2_000))).toEqual([]);
    expect(detect(tone(1_000, 500, 8_000, 100))).toEqual([]);
  });

  it('is not a glide, not two tones at once, and not noise', () => {
    const glide = Int16Array.from({ length: 8_000 }, (_, i) => 8_000 * Math.sin((2 * Math.PI * (600 * i + (i * i) / 20)) / 8_000));
    expect(detect(glide)).toEqual([]);
    const other = tone(1_100, 1_000);
    const dial = Int16Array.from(tone(900, 1_000), (sample, i) => sample / 2 + (other[i] as number) / 2);
    expect(detect(dial)).toEqual([]);
    let seed = 1;
    const noise = Int16Array.from({ length: 16_000 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return (seed % 16_000) - 8_000;
    });
    expect(detect(noise)).toEqual([]);
  });

  it('is not heard in a modem, whatever it says', () => {
    for (const baud of [150, 300, 600, 1_200]) {
      expect(
        detect(phone(modulate('You have reached Ada. UUUU @@@@ \u00ff\u00ff Please leave a message.', { sampleRate: 8_000, baud }))),
      ).toEqual([]);
    }
  });
});

describe('voice activity', () => {
  it('measures how long somebody has really spoken', () => {
    const activity = new VoiceActivity();
    expect(activity.push(encodeMulaw(silence(500)))).toBe(0);
    expect(activity.silentMs).toBe(500);
    expect(activity.push(encodeMulaw(tone(500, 300)))).toBe(300);
    expect(activity.push(encodeMulaw(silence(100)))).toBe(0);
    expect(activity.push(encodeMulaw(tone(500, 200)))).toBe(200);
    expect(activity.runMs).toBe(500);
    activity.push(encodeMulaw(silence(1_000)));
    expect(activity.runMs).toBe(0);
    expect(activity.silentMs).toBe(1_000);
  });

  it('takes the hum of a line for silence', () => {
    const activity = new VoiceActivity();
    expect(activity.push(encodeMulaw(tone(100, 2_000, 8_000, 150)))).toBe(0);
    expect(activity.silentMs).toBe(2_000);
  });

  it('is the same for every way the audio is cut up', () => {
    const whole = new VoiceActivity();
    const pieces = new VoiceActivity();
    const audio = encodeMulaw(tone(700, 600));
    let voiced = 0;
    for (let at = 0; at < audio.length; at += 77) voiced += pieces.push(audio.subarray(at, at + 77));
    expect(voiced).toBe(whole.push(audio));
  });
});
