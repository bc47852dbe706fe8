import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import fc from '../../test/support/property';
import { Demodulator, type ModemOptions, modulate, modulatedSamples, textWithin } from './index';

const BAUDS = [150, 300, 600, 1200];
const baud = fc.constantFrom(...BAUDS);
/** What people say, and what they should not. */
const utterance = fc
  .oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }))
  .map((text) => Buffer.from(text).toString());

const silence = (samples: number) => new Int16Array(Math.round(samples));

function join(...parts: Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Three samples become one: what a cheap resampler does. */
function to8k(pcm: Int16Array): Int16Array {
  return Int16Array.from({ length: Math.floor(pcm.length / 3) }, (_, i) => (pcm[3 * i]! + pcm[3 * i + 1]! + pcm[3 * i + 2]!) / 3);
}

/** A windowed-sinc low pass at 3.4 kHz before taking every third sample: what a careful resampler does. */
function to8kFiltered(pcm: Int16Array): Int16Array {
  const taps = Array.from({ length: 48 }, (_, i) => {
    const x = i - 23.5;
    const cutoff = 3_400 / 24_000;
    return (Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x)) * (0.54 + 0.46 * Math.cos((Math.PI * x) / 24));
  });
  const padded = join(silence(24), pcm, silence(24));
  return Int16Array.from({ length: Math.floor(pcm.length / 3) }, (_, i) => taps.reduce((sum, tap, k) => sum + tap * padded[3 * i + k]!, 0));
}

function listen(pcm: Int16Array, options: ModemOptions, chunks: number[] = [160]) {
  const heard = { text: '', fragments: [] as { text: string; at: number }[], starts: [] as number[], ends: [] as number[] };
  const demodulator = new Demodulator(options, {
    text: (text, at) => {
      heard.text += text;
      heard.fragments.push({ text, at });
    },
    speechStart: (at) => heard.starts.push(at),
    speechEnd: (at) => heard.ends.push(at),
  });
  for (let at = 0, i = 0; at < pcm.length; i++) {
    const size = chunks[i % chunks.length]!;
    demodulator.push(pcm.subarray(at, at + size));
    at += size;
  }
  return heard;
}

const SENTENCE = 'Hello, this is Anna from Acme Dental about your appointment on Friday.';

describe('the modem voice', () => {
  it('is heard as it was spoken, at every rate and baud, in chunks of any size, through µ-law', () => {
    fc.assert(
      fc.property(
        utterance,
        baud,
        fc.constantFrom<8000 | 24000>(8000, 24000),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 }),
        (text, rate, sampleRate, mulaw, chunks) => {
          const options = { sampleRate, baud: rate };
          const pcm = modulate(text, options);
          expect(listen(mulaw ? decodeMulaw(encodeMulaw(pcm)) : pcm, options, chunks).text).toBe(text);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    ['averaged', to8k],
    ['filtered', to8kFiltered],
  ])('survives being %s from 24 kHz down to 8 kHz and then µ-law', (_, resample) => {
    fc.assert(
      fc.property(utterance, baud, fc.nat(40), (text, rate, lead) => {
        const spoken = join(silence(lead), modulate(text, { sampleRate: 24000, baud: rate }));
        expect(listen(decodeMulaw(encodeMulaw(resample(spoken))), { sampleRate: 8000, baud: rate }).text).toBe(text);
      }),
      { numRuns: 60 },
    );
  });

  it('is heard with any pauses between utterances, and each is told apart by its beginning and end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(utterance, fc.integer({ min: 1_000, max: 4_000 })), { minLength: 1, maxLength: 4 }),
        baud,
        (said, rate) => {
          const options = { sampleRate: 8000 as const, baud: rate };
          const pcm = join(...said.flatMap(([text, pause]) => [silence(pause), modulate(text, options)]), silence(1_000));
          const heard = listen(pcm, options);
          expect(heard.text).toBe(said.map(([text]) => text).join(''));
          let at = 0;
          for (const [i, [text, pause]] of said.entries()) {
            at += pause;
            expect(Math.abs(heard.starts[i]! - at)).toBeLessThanOrEqual(80);
            at += modulatedSamples(text, options);
            expect(Math.abs(heard.ends[i]! - at)).toBeLessThanOrEqual(80);
          }
          expect(heard.ends).toHaveLength(said.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is heard to the character when it is cut off, by silence or by the next utterance', () => {
    fc.assert(
      fc.property(baud, fc.double({ min: 0.1, max: 1, noNaN: true }), fc.boolean(), (rate, share, goesOn) => {
        const options = { sampleRate: 8000 as const, baud: rate };
        const cut = modulate(SENTENCE, options).slice(0, Math.floor(modulatedSamples(SENTENCE, options) * share));
        const expected = textWithin(SENTENCE, cut.length - 4000 / rate, options);
        const heard = listen(join(cut, goesOn ? modulate('Sorry?', options) : silence(2_000)), options).text;
        if (goesOn) {
          expect(heard.endsWith('Sorry?')).toBe(true);
          expect(heard.startsWith(expected)).toBe(true);
          // The character that was cut is at most one garbled one, besides one that was as good as complete.
          expect(heard.length - expected.length - 'Sorry?'.length).toBeLessThanOrEqual(2);
        } else {
          const bit = 8000 / rate;
          expect([textWithin(SENTENCE, cut.length - bit / 2, options), textWithin(SENTENCE, cut.length + bit / 2, options)]).toContain(
            heard,
          );
        }
      }),
    );
  });

  it('is heard whole when frames come late, as a person would hear it, and the holes are told', () => {
    fc.assert(
      fc.property(
        utterance,
        baud,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 3 }),
        (text, rate, late) => {
          const options = { sampleRate: 8000 as const, baud: rate };
          const spoken = decodeMulaw(encodeMulaw(modulate(text, options)));
          const cuts = late.map(([at, frames]) => ({ at: at % spoken.length, frames })).sort((a, b) => a.at - b.at);
          const parts = cuts.flatMap(({ at, frames }, n) => [spoken.slice(cuts[n - 1]?.at ?? 0, at), silence(frames * 160)]);
          expect(listen(join(...parts, spoken.slice(cuts.at(-1)!.at), silence(1_000)), options).text).toBe(text);
        },
      ),
    );
    const options = { sampleRate: 8000 as const, baud: 300 };
    const spoken = modulate('Hello?', options);
    const holes: number[] = [];
    const ear = new Demodulator(options, { text: () => undefined, hole: (samples) => holes.push(samples) });
    ear.push(join(spoken.slice(0, 800), silence(480), spoken.slice(800), silence(2_000), spoken, silence(2_000)));
    expect(holes).toEqual([expect.closeTo(480, -1)]);
  });

  it('is understood again after a pause, wherever it goes on', () => {
    fc.assert(
      fc.property(
        baud,
        fc.double({ min: 0.2, max: 0.5, noNaN: true }),
        fc.integer({ min: 6, max: 100 }),
        fc.integer({ min: 0, max: 4 }),
        (rate, share, frames, again) => {
          const options = { sampleRate: 8000 as const, baud: rate };
          const spoken = modulate(SENTENCE, options);
          const at = Math.floor((spoken.length * share) / 160) * 160;
          const heard = listen(join(spoken.slice(0, at), silence(frames * 160), spoken.slice(at - again * 160)), options).text;
          expect(heard.endsWith(SENTENCE.slice(-20))).toBe(true);
          expect(heard.startsWith(textWithin(SENTENCE, at - 8000 / rate, options))).toBe(true);
        },
      ),
    );
  });

  it('says nothing of its own where the next utterance comes a while after a cut one', () => {
    fc.assert(
      fc.property(baud, fc.double({ min: 0.1, max: 1, noNaN: true }), fc.integer({ min: 160, max: 4_000 }), (rate, share, pause) => {
        const options = { sampleRate: 8000 as const, baud: rate };
        const cut = modulate(SENTENCE, options).slice(0, Math.floor(modulatedSamples(SENTENCE, options) * share));
        const heard = listen(join(cut, silence(pause), modulate('Sorry?', options)), options).text;
        const bit = 8000 / rate;
        const before = [cut.length - bit / 2, cut.length + bit / 2].map((samples) => textWithin(SENTENCE, samples, options));
        expect(heard.endsWith('Sorry?')).toBe(true);
        expect(before).toContain(heard.slice(0, -'Sorry?'.length).replace('\uFFFD', ''));
      }),
    );
  });

  it('is understood by a listener who comes in the middle, after a few characters', () => {
    fc.assert(
      fc.property(baud, fc.double({ min: 0.1, max: 0.6, noNaN: true }), (rate, share) => {
        const options = { sampleRate: 8000 as const, baud: rate };
        const spoken = modulate(SENTENCE, options);
        const from = Math.floor(spoken.length * share);
        const missed = textWithin(SENTENCE, from, options).length;
        const heard = listen(spoken.slice(from), options).text;
        expect(heard[0]).toBe('\uFFFD');
        // The very first may be misread: of what could be text the most plausible is taken.
        expect(SENTENCE.endsWith(heard.slice(3))).toBe(true);
        expect(heard.length - 1).toBeGreaterThanOrEqual(SENTENCE.length - missed - 5);
      }),
    );
  });

  it.each([
    ['lost', (pcm: Int16Array, at: number) => join(pcm.slice(0, at), pcm.slice(at + 160))],
    ['silent', (pcm: Int16Array, at: number) => join(pcm.slice(0, at), silence(160), pcm.slice(at + 160))],
    ['doubled', (pcm: Int16Array, at: number) => join(pcm.slice(0, at + 160), pcm.slice(at))],
  ])('shows a %s frame and is understood again after it', (_, damage) => {
    fc.assert(
      fc.property(baud, fc.integer({ min: 10, max: 20 }), (rate, percent) => {
        const options = { sampleRate: 8000 as const, baud: rate };
        const spoken = modulate(SENTENCE, options);
        const at = Math.floor((spoken.length * percent) / 100 / 160) * 160;
        const heard = listen(damage(spoken, at), options).text;
        expect(heard).not.toBe(SENTENCE);
        const before = textWithin(SENTENCE, at, options);
        expect(heard.startsWith(before)).toBe(true);
        expect(heard.endsWith(SENTENCE.slice(-30))).toBe(true);
      }),
    );
  });

  it('hears nothing in silence, in hum and in faint noise', () => {
    const noise = Int16Array.from({ length: 16_000 }, (_, i) => ((i * 7919) % 401) - 200 + 100 * Math.sin(i / 25));
    expect(listen(join(silence(8_000), noise), { sampleRate: 8000, baud: 300 })).toEqual({ text: '', fragments: [], starts: [], ends: [] });
  });

  it('gives each character at the moment at which it is complete', () => {
    const options = { sampleRate: 24000 as const, baud: 300 };
    const { fragments } = listen(modulate(SENTENCE, options), options, [1]);
    expect(fragments.map((fragment) => fragment.text).join('')).toBe(SENTENCE);
    for (const [i, fragment] of fragments.entries()) {
      const end = (12 + 10 * (i + 1)) * 80;
      expect(Math.abs(fragment.at - end)).toBeLessThanOrEqual(12);
    }
  });

  it('has no sound for an empty text and refuses a baud that does not fit the band', () => {
    expect(modulate('', { sampleRate: 8000, baud: 300 })).toHaveLength(0);
    expect(() => modulate('x', { sampleRate: 8000, baud: 4800 })).toThrow(/baud/);
  });
});
