import fc from '../../test/support/property';
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

  it('of one that is still being made is no more than the sound that came can hold', () => {
    const whole = { deltas: [{ text: TEXT, atAudioMs: 0, exact: true }], audioMs: 500, audibleMs: 500, open: true };
    // By the sound that came, all of it was heard; half a second holds a word.
    expect(heardText(whole, 500)).toBe('Your');
    expect(heardText({ ...whole, open: false }, 500)).toBe(TEXT);
    const written = {
      deltas: [
        { text: 'One two ', atAudioMs: 0 },
        { text: 'three four.', atAudioMs: 1_000 },
      ],
      audioMs: 1_000,
      audibleMs: 1_000,
      open: true,
    };
    expect(heardText(written, 1_000)).toBe('One two');
  });

  it('of one that is still being made goes by the pace of what was said of it before', () => {
    const deltas = [
      { text: 'One two three four five. ', atAudioMs: 0, exact: true },
      { text: 'Six seven eight nine ten.', atAudioMs: 500, exact: true },
    ];
    expect(heardText({ deltas, audioMs: 750, audibleMs: 750, open: true }, 750)).toBe('One two three four five. Six seven');
  });

  it('is all of it where the vendor tells neither the places of words nor, at once, the end', () => {
    const said = { deltas: [{ text: 'I stop.', atAudioMs: 0 }], audioMs: 120, audibleMs: 120, open: true };
    expect(heardText(said, 120)).toBe('I stop.');
  });

  it('is all that was written where the words come behind their sound', () => {
    const deltas = [{ text: 'One two three.', atAudioMs: 900 }];
    expect(heardText({ deltas, audioMs: 900, audibleMs: 900, open: true }, 900)).toBe('One two three.');
  });

  it('is always a beginning of the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.nat(5_000))),
        fc.nat(6_000),
        fc.nat(6_000),
        fc.boolean(),
        (parts, audioMs, heardMs, open) => {
          const deltas = parts.map(([text, atAudioMs]) => ({ text, atAudioMs }));
          const whole = deltas
            .map((delta) => delta.text)
            .join('')
            .trim();
          expect(whole.startsWith(heardText({ deltas, audioMs, audibleMs: audioMs, open }, heardMs))).toBe(true);
        },
      ),
      // Of a vendor that tells its places in no order.
      {
        examples: [
          [
            [
              ['', 0],
              ['!', 1],
              ['"', 0],
            ],
            1,
            1,
            true,
          ],
        ],
      },
    );
  });
});
