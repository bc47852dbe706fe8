/** G.711 A-law, the telephone's wire format outside North America and Japan, and its way to µ-law and back. 8 kHz, one byte a sample. */
import { decodeMulaw, encodeMulaw } from '../../contracts/g711';

const DECODE = new Int16Array(256);
for (let code = 0; code < 256; code++) {
  const value = code ^ 0x55;
  const exponent = (value & 0x70) >> 4;
  const mantissa = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  DECODE[code] = value & 0x80 ? magnitude : -magnitude;
}

const ENCODE = new Uint8Array(65_536);
for (let sample = -32_768; sample <= 32_767; sample++) {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = Math.min(sample < 0 ? -sample - 1 : sample, 32_767) >> 4;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 3);
  const mantissa = (magnitude >> Math.max(0, exponent - 1)) & 0x0f;
  ENCODE[sample & 0xffff] = (sign | (exponent << 4) | mantissa) ^ 0x55;
}

const every = Uint8Array.from({ length: 256 }, (_, code) => code);
const FROM_MULAW = encodeAlaw(decodeMulaw(every));
const TO_MULAW = encodeMulaw(decodeAlaw(every));

export function decodeAlaw(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = DECODE[bytes[i] as number] as number;
  return samples;
}

export function encodeAlaw(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = ENCODE[(samples[i] as number) & 0xffff] as number;
  return bytes;
}

export function alawToMulaw(alaw: Uint8Array): Uint8Array {
  return through(alaw, TO_MULAW);
}

export function mulawToAlaw(mulaw: Uint8Array): Uint8Array {
  return through(mulaw, FROM_MULAW);
}

function through(bytes: Uint8Array, table: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) result[i] = table[bytes[i] as number] as number;
  return result;
}
