/** Audio formats at the borders of vendors and carriers. Inside the gateway all audio is µ-law at 8 kHz, mono. */

export const AUDIO_ENCODINGS = ['mulaw', 'alaw', 'linear16'] as const;
export type AudioEncoding = (typeof AUDIO_ENCODINGS)[number];

/** `linear16` is 16-bit little endian, no header. */
export interface AudioFormat {
  readonly encoding: AudioEncoding;
  /** Samples a second. */
  readonly sampleRate: 8_000 | 16_000 | 24_000;
}

/** The telephone's own format: what passes through without a copy where both ends can. */
export const TELEPHONE_AUDIO = { encoding: 'mulaw', sampleRate: 8_000 } as const satisfies AudioFormat;
