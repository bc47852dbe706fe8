import type { AudioEncoding, AudioFormat } from '../../contracts/audio';
import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { alawToMulaw, decodeAlaw, encodeAlaw, mulawToAlaw } from './alaw';
import { downsampler, type StreamResampler, upsampler } from './stream-resampler';

/** One direction of one stream: bytes of one format in, of the other out; pieces of any length. What it returns is the receiver's own. */
export type AudioConverter = (audio: Uint8Array) => Uint8Array;

/**
 * `undefined`: both are the same, and the bytes go through as they are.
 * Exactly one of the two is at 8 kHz, or both have one rate; 16 to 24 kHz is asked for by nobody.
 */
export function audioConverter(from: AudioFormat, to: AudioFormat): AudioConverter | undefined {
  if (from.encoding === to.encoding && from.sampleRate === to.sampleRate) return undefined;
  if (from.sampleRate === to.sampleRate && from.encoding === 'alaw' && to.encoding === 'mulaw') return alawToMulaw;
  if (from.sampleRate === to.sampleRate && from.encoding === 'mulaw' && to.encoding === 'alaw') return mulawToAlaw;
  const decode = decoder(from.encoding);
  const encode = ENCODERS[to.encoding];
  const resampler = resamplerFor(from.sampleRate, to.sampleRate);
  return resampler ? (audio) => encode(resampler.push(decode(audio))) : (audio) => encode(decode(audio));
}

const ENCODERS: Readonly<Record<AudioEncoding, (samples: Int16Array) => Uint8Array>> = {
  mulaw: encodeMulaw,
  alaw: encodeAlaw,
  linear16: encodeLinear16,
};

const EVERY = Uint8Array.from({ length: 256 }, (_, code) => code);
const FROM_MULAW = decodeMulaw(EVERY);
const FROM_ALAW = decodeAlaw(EVERY);

/** Into one buffer again and again: what it returns is good until the next call. */
function tableDecoder(table: Int16Array): (audio: Uint8Array) => Int16Array {
  let samples = new Int16Array(320);
  return (audio) => {
    if (audio.length > samples.length) samples = new Int16Array(2 * audio.length);
    for (let i = 0; i < audio.length; i++) samples[i] = table[audio[i] as number] as number;
    return samples.subarray(0, audio.length);
  };
}

function decoder(encoding: AudioEncoding): (audio: Uint8Array) => Int16Array {
  switch (encoding) {
    case 'mulaw':
      return tableDecoder(FROM_MULAW);
    case 'alaw':
      return tableDecoder(FROM_ALAW);
    case 'linear16':
      return linear16Decoder();
    default:
      return encoding satisfies never;
  }
}

function resamplerFor(from: AudioFormat['sampleRate'], to: AudioFormat['sampleRate']): StreamResampler | undefined {
  if (from === to) return undefined;
  const factor = Math.max(from, to) / Math.min(from, to);
  if (factor !== 2 && factor !== 3) throw new Error(`Nothing makes ${to} samples a second of ${from}`);
  return from > to ? downsampler(factor) : upsampler(factor);
}

/** Every machine that Node runs on today is little endian, as the format is: bytes are read in place. A network cuts samples in two: the odd byte waits. */
function linear16Decoder(): (audio: Uint8Array) => Int16Array {
  let odd: number | undefined;
  return (audio) => {
    const aligned = odd === undefined && audio.byteOffset % 2 === 0;
    const bytes = aligned ? audio : copyOf(audio, odd);
    odd = bytes.length % 2 === 1 ? bytes[bytes.length - 1] : undefined;
    return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  };
}

function copyOf(audio: Uint8Array, first: number | undefined): Uint8Array {
  const lead = first === undefined ? 0 : 1;
  const bytes = new Uint8Array(lead + audio.length);
  if (first !== undefined) bytes[0] = first;
  bytes.set(audio, lead);
  return bytes;
}

function encodeLinear16(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.slice().buffer);
}
