import fc from 'fast-check';
import { heardText } from './heard-text';

const TEXT = 'Your appointment is on Friday at ten.';

describe('the text that was heard', () => {
  it('is the text in proportion to the audio, cut at a word', () => {
    const item = { deltas: [{ text: TEXT, atAudioMs: 0 }], audioMs: 3_700, audibleMs: 3_700 };
    expect(heardText(item, 1_700)).toBe('Your appointment');
    expect(heardText(item, 1_900)).toBe('Your appointment is');
    expect(heardText(item, 3_700)).toBe(TEXT);
    expect(heardText(item, 0)).toBe('');
  });

  it('lacks the last word of a sentence that was cut 60 ms before its last sound', () => {
    const item = { deltas: [{ text: TEXT, atAudioMs: 0 }], audioMs: 3_700, audibleMs: 3_700 };
    expect(heardText(item, 3_640)).toBe('Your appointment is on Friday at');
  });

  it('is all of it when only the silence at the end was cut', () => {
    const item = { deltas: [{ text: TEXT, atAudioMs: 0 }], audioMs: 3_900, audibleMs: 3_700 };
    expect(heardText(item, 3_710)).toBe(TEXT);
  });

  it('has no words that came only with audio that was not heard', () => {
    const deltas = [
      { text: 'One two ', atAudioMs: 0 },
      { text: 'three four.', atAudioMs: 2_000 },
    ];
    // By proportion half of it; but the third word had not even been written.
    expect(heardText({ deltas, audioMs: 2_400, audibleMs: 2_400 }, 1_900)).toBe('One two');
  });

  it('has the words that came behind their audio', () => {
    const deltas = [
      { text: 'One two three ', atAudioMs: 500 },
      { text: 'four.', atAudioMs: 4_000 },
    ];
    expect(heardText({ deltas, audioMs: 4_000, audibleMs: 4_000 }, 600)).toBe('One two three');
  });

  it('is always a beginning of the text', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.nat(5_000))), fc.nat(6_000), fc.nat(6_000), (parts, audioMs, heardMs) => {
        const deltas = parts.map(([text, atAudioMs]) => ({ text, atAudioMs }));
        const whole = deltas
          .map((delta) => delta.text)
          .join('')
          .trim();
        expect(whole.startsWith(heardText({ deltas, audioMs, audibleMs: audioMs }, heardMs))).toBe(true);
      }),
    );
  });
});
