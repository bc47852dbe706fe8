/** G.711 µ-law, the telephone's wire format: 8 kHz, one byte a sample. Tables, because it runs for every frame of every call. */

const DECODE = new Int16Array(256);
for (let code = 0; code < 256; code++) {
  const value = ~code & 0xff;
  const magnitude = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
  DECODE[code] = value & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

const ENCODE = new Uint8Array(65_536);
for (let sample = -32_768; sample <= 32_767; sample++) {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(sample < 0 ? -sample : sample, 32_635) + 0x84;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  ENCODE[sample & 0xffff] = ~(sign | (exponent << 4) | mantissa) & 0xff;
}

/** The byte of silence. */
export const MULAW_SILENCE = 0xff;
/** Bytes of one 20 ms frame. */
export const FRAME_BYTES = 160;
export const FRAME_MS = 20;
export const BYTES_PER_MS = 8;

export function decodeMulaw(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = DECODE[bytes[i] as number] as number;
  return samples;
}

export function encodeMulaw(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = ENCODE[(samples[i] as number) & 0xffff] as number;
  return bytes;
}
