/** G.711 µ-law, the telephone's wire format: 8 kHz, one byte a sample; and A-law, its sister in Europe. Tables, because it runs for every frame of every call. */

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

/** Of A-law (ITU-T G.711): even bits inverted, sign in the top bit, 13-bit magnitudes. */
const DECODE_ALAW = new Int16Array(256);
for (let code = 0; code < 256; code++) {
  const value = code ^ 0x55;
  const exponent = (value & 0x70) >> 4;
  const magnitude = exponent === 0 ? ((value & 0x0f) << 4) + 8 : (((value & 0x0f) << 4) + 0x108) << (exponent - 1);
  DECODE_ALAW[code] = value & 0x80 ? magnitude : -magnitude;
}

const ENCODE_ALAW = new Uint8Array(65_536);
for (let sample = -32_768; sample <= 32_767; sample++) {
  const sign = sample < 0 ? 0 : 0x80;
  // One less than the magnitude of a negative sample, as the standard has it: the two halves mirror each other.
  const magnitude = sample < 0 ? ~sample : sample;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 0x0f;
  ENCODE_ALAW[sample & 0xffff] = (sign | (exponent << 4) | mantissa) ^ 0x55;
}

const ALAW_TO_MULAW = new Uint8Array(256);
const MULAW_TO_ALAW = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  ALAW_TO_MULAW[code] = ENCODE[(DECODE_ALAW[code] as number) & 0xffff] as number;
  MULAW_TO_ALAW[code] = ENCODE_ALAW[(DECODE[code] as number) & 0xffff] as number;
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

export function decodeAlaw(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = DECODE_ALAW[bytes[i] as number] as number;
  return samples;
}

export function encodeAlaw(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = ENCODE_ALAW[(samples[i] as number) & 0xffff] as number;
  return bytes;
}

export function alawToMulaw(bytes: Uint8Array): Uint8Array {
  const mulaw = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) mulaw[i] = ALAW_TO_MULAW[bytes[i] as number] as number;
  return mulaw;
}

export function mulawToAlaw(bytes: Uint8Array): Uint8Array {
  const alaw = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) alaw[i] = MULAW_TO_ALAW[bytes[i] as number] as number;
  return alaw;
}
