/**
 * The lab's voice: text as frequency-shift keying in the telephone band, so that every transcript is read from the audio that
 * really arrived. Mark (1) is 1200 Hz and space (0) 2400 Hz: both are whole multiples of every usual baud rate, thus orthogonal over one
 * bit, and lie where µ-law telephony is flat. Bytes of UTF-8 travel as start bit, eight data bits (lowest first), stop bit.
 */

export interface ModemOptions {
  /** Samples a second. */
  sampleRate: 8000 | 24000;
  /** Bits a second, 50 to 1200. A byte takes ten bits. */
  baud: number;
}

/** Bits of mark before the first start bit. Longer than any run of marks within text (0xff and its stop bit: 9), so it always locks. */
export const PREAMBLE_BITS = 12;
/** Bits of mark after the last stop bit, so that the last character is out before the audio ends. */
export const POSTAMBLE_BITS = 2;
export const BITS_PER_BYTE = 10;
/** Peak of the tone, of 32,768. */
const AMPLITUDE = 8_000;
/** The tones' phase moves by whole twentieths of a turn per sample at both rates: one small table, exact for ever. */
const TURN = 20;
const SINE = Int16Array.from({ length: TURN }, (_, i) => Math.round(AMPLITUDE * Math.sin((2 * Math.PI * i) / TURN)));

function checkBaud(baud: number): void {
  if (!(baud >= 50 && baud <= 1200)) throw new RangeError(`baud must be 50 to 1200, not ${baud}`);
}

/** How many samples `modulate` makes of a text. */
export function modulatedSamples(text: string, options: ModemOptions): number {
  if (text === '') return 0;
  const bits = PREAMBLE_BITS + Buffer.byteLength(text) * BITS_PER_BYTE + POSTAMBLE_BITS;
  return Math.ceil((bits * options.sampleRate) / options.baud);
}

/**
 * The part of `text` that is complete within the first `samples` of its audio: what was heard before a cut.
 * Half a stop bit is enough to hear that a byte ended well.
 */
export function textWithin(text: string, samples: number, options: ModemOptions): string {
  const bits = (samples * options.baud) / options.sampleRate - PREAMBLE_BITS + 0.5;
  let budget = Math.floor(bits / BITS_PER_BYTE);
  let heard = '';
  for (const character of text) {
    budget -= Buffer.byteLength(character);
    if (budget < 0) break;
    heard += character;
  }
  return heard;
}

/** Speaks a text: 16-bit samples, self-framing, with continuous phase and no silence around. An empty text is no audio. */
export function modulate(text: string, options: ModemOptions): Int16Array {
  const { sampleRate, baud } = options;
  checkBaud(baud);
  const bytes = Buffer.from(text);
  const samples = new Int16Array(modulatedSamples(text, options));
  const markStep = (1200 * TURN) / sampleRate;
  const dataBits = bytes.length * BITS_PER_BYTE;
  let phase = 0;
  for (let i = 0; i < samples.length; i++) {
    const bit = Math.floor((i * baud) / sampleRate) - PREAMBLE_BITS;
    let mark = true;
    if (bit >= 0 && bit < dataBits) {
      const place = bit % BITS_PER_BYTE;
      if (place === 0) mark = false;
      else if (place <= 8) mark = (((bytes[(bit / BITS_PER_BYTE) | 0] as number) >> (place - 1)) & 1) === 1;
    }
    samples[i] = SINE[phase] as number;
    phase = (phase + (mark ? markStep : 2 * markStep)) % TURN;
  }
  return samples;
}
