import type { AudioFormat } from '../../contracts/audio';
import { TELEPHONE_AUDIO } from '../../contracts/audio';
import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { Demodulator, modulate } from '../../lab/voice';
import fc from '../../test/support/property';
import { alawToMulaw, decodeAlaw, encodeAlaw, mulawToAlaw } from './alaw';
import { audioConverter } from './convert';

const LINEAR_24K: AudioFormat = { encoding: 'linear16', sampleRate: 24_000 };

function sine(hz: number, ms: number, rate: number): Int16Array {
  return Int16Array.from({ length: (ms * rate) / 1_000 }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / rate)));
}

const bytesOf = (samples: Int16Array) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
const samplesOf = (bytes: Uint8Array) =>
  Int16Array.from({ length: bytes.length >> 1 }, (_, i) => (((bytes[2 * i + 1] as number) << 24) >> 16) | (bytes[2 * i] as number));
const level = (samples: Int16Array) =>
  Math.sqrt(samples.subarray(200, -200).reduce((sum, sample) => sum + sample * sample, 0) / (samples.length - 400));

describe('formats of audio', () => {
  it('lets what both ends have in common through as it is', () => {
    expect(audioConverter(TELEPHONE_AUDIO, { encoding: 'mulaw', sampleRate: 8_000 })).toBeUndefined();
  });

  it.each([
    [8_000, 'alaw'],
    [8_000, 'linear16'],
    [16_000, 'linear16'],
    [24_000, 'linear16'],
  ] as const)('%i Hz %s and back keeps what a telephone carries', (sampleRate, encoding) => {
    const there = audioConverter(TELEPHONE_AUDIO, { encoding, sampleRate });
    const back = audioConverter({ encoding, sampleRate }, TELEPHONE_AUDIO);
    for (const hz of [300, 1_000, 2_000]) {
      const sent = sine(hz, 300, 8_000);
      const received = back?.(there?.(encodeMulaw(sent)) as Uint8Array) as Uint8Array;
      expect(received.length).toBe(2_400);
      expect(20 * Math.log10(level(decodeMulaw(received)) / level(sent))).toBeCloseTo(0, 0);
    }
  });

  it('does not fold what a telephone cannot carry back into the voice', () => {
    for (const hz of [5_500, 7_000, 9_000, 11_000]) {
      const convert = audioConverter(LINEAR_24K, { encoding: 'linear16', sampleRate: 8_000 });
      const out = convert?.(bytesOf(sine(hz, 300, 24_000))) as Uint8Array;
      expect(20 * Math.log10(level(samplesOf(out)) / level(sine(1_000, 300, 24_000)))).toBeLessThan(-38);
    }
  });

  it.each([
    [LINEAR_24K, TELEPHONE_AUDIO],
    [{ encoding: 'linear16', sampleRate: 16_000 }, TELEPHONE_AUDIO],
    [TELEPHONE_AUDIO, { encoding: 'linear16', sampleRate: 16_000 }],
    [TELEPHONE_AUDIO, LINEAR_24K],
  ] as [AudioFormat, AudioFormat][])('gives the same wherever the network cuts the stream: %j to %j', (from, to) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.array(fc.nat(), { maxLength: 12 }), (audio, places) => {
        const whole = audioConverter(from, to)?.(audio) as Uint8Array;
        const convert = audioConverter(from, to);
        const at = [...places.map((place) => place % (audio.length + 1)), audio.length].sort((a, b) => a - b);
        const parts = at.map((end, i) => convert?.(audio.subarray(at[i - 1] ?? 0, end)) as Uint8Array);
        expect(Buffer.concat(parts)).toEqual(Buffer.from(whole));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the words of the modem, 24 kHz down to the telephone, in pieces of the network', () => {
    const spoken = bytesOf(modulate('Grüße an Ada!', { sampleRate: 24_000, baud: 1_200 }));
    const convert = audioConverter(LINEAR_24K, TELEPHONE_AUDIO);
    const heard: string[] = [];
    const ear = new Demodulator({ sampleRate: 8_000, baud: 1_200 }, { text: (fragment) => heard.push(fragment) });
    for (let at = 0; at < spoken.length; at += 777) ear.push(decodeMulaw(convert?.(spoken.subarray(at, at + 777)) as Uint8Array));
    ear.push(new Int16Array(800));
    expect(heard.join('')).toBe('Grüße an Ada!');
  });
});

describe('A-law', () => {
  it('has the values of the standard', () => {
    expect([...decodeAlaw(Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a, 0xd4, 0x80))]).toEqual([8, -8, 32_256, -32_256, 24, 5_504]);
  });

  it('gives every code back as it was', () => {
    const every = Uint8Array.from({ length: 256 }, (_, code) => code);
    expect(encodeAlaw(decodeAlaw(every))).toEqual(every);
  });

  it('goes to µ-law and back within a step', () => {
    const every = Uint8Array.from({ length: 256 }, (_, code) => code);
    const there = decodeAlaw(mulawToAlaw(alawToMulaw(every)));
    decodeAlaw(every).forEach((sample, i) => {
      expect(Math.abs((there[i] as number) - sample)).toBeLessThanOrEqual(Math.max(16, Math.abs(sample) / 16));
    });
  });
});
