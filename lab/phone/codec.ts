/**
 * The formats of a call's legs beside µ-law, which is what the people of the lab hear and speak. Written here and not shared with the product: what a
 * simulator encodes must not be right only because the product is wrong in the same way.
 */
import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';

/** ITU-T G.711 A-law: sign, segment, and four bits of it; every second bit inverted on the wire. */
export function encodeAlaw(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    const positive = sample >= 0;
    const magnitude = Math.min(positive ? sample : -sample - 1, 32_767) >> 4;
    const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
    const code = segment === 0 ? magnitude : (segment << 4) | ((magnitude >> (segment - 1)) & 0x0f);
    bytes[i] = (positive ? code | 0x80 : code) ^ 0x55;
  }
  return bytes;
}

export function decodeAlaw(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const code = (bytes[i] as number) ^ 0x55;
    const segment = (code >> 4) & 0x07;
    const mantissa = code & 0x0f;
    const magnitude = segment === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (segment - 1);
    samples[i] = code & 0x80 ? magnitude : -magnitude;
  }
  return samples;
}

/** 16 bits in network byte order, as RTP carries it. */
export function encodeL16(samples: Int16Array): Uint8Array {
  const bytes = Buffer.alloc(2 * samples.length);
  for (let i = 0; i < samples.length; i++) bytes.writeInt16BE(samples[i] as number, 2 * i);
  return bytes;
}

export function decodeL16(bytes: Uint8Array): Int16Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Int16Array(bytes.length >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = view.readInt16BE(2 * i);
  return samples;
}

/** To 8 kHz by the mean of every `factor` samples: enough for a voice that stays within the telephone band. */
export function decimate(samples: Int16Array, factor: number): Int16Array {
  if (factor === 1) return samples;
  const out = new Int16Array(Math.floor(samples.length / factor));
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let k = 0; k < factor; k++) sum += samples[i * factor + k] as number;
    out[i] = Math.round(sum / factor);
  }
  return out;
}

/** Two frames at once are heard at once. `SILENT_FRAME` itself costs nothing. */
export function mix(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (b === SILENT_FRAME) return a;
  if (a === SILENT_FRAME) return b;
  const left = decodeMulaw(a);
  const right = decodeMulaw(b);
  for (let i = 0; i < left.length; i++) {
    left[i] = Math.max(-32_768, Math.min(32_767, (left[i] as number) + (right[i] as number)));
  }
  return encodeMulaw(left);
}
