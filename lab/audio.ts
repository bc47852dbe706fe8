/** Telephone audio in 20 ms frames of µ-law. */
import { decodeMulaw, encodeMulaw, FRAME_BYTES, MULAW_SILENCE } from '../contracts/g711';
import { modulate } from './voice';

/** Shared by all calls and compared by identity: never write into it. */
export const SILENT_FRAME: Uint8Array = new Uint8Array(FRAME_BYTES).fill(MULAW_SILENCE);

const DECODED = decodeMulaw(Uint8Array.from({ length: 256 }, (_, code) => code));

/** Decodes without allocating: `into` has the length of `mulaw`. */
export function decodeInto(mulaw: Uint8Array, into: Int16Array): void {
  for (let i = 0; i < mulaw.length; i++) into[i] = DECODED[mulaw[i] as number] as number;
}

/** No sample above about 120 of 32,768: the lowest of the eight segments of µ-law. */
export function isSilent(frame: Uint8Array): boolean {
  if (frame === SILENT_FRAME) return true;
  for (let i = 0; i < frame.length; i++) if (((frame[i] as number) & 0x70) !== 0x70) return false;
  return true;
}

/** What a person of the lab sounds like, filled up with silence to whole frames. */
export function speak(text: string, baud: number): Uint8Array {
  return toFrames(encodeMulaw(modulate(text, { sampleRate: 8000, baud })));
}

export function tone(hz: number, ms: number): Uint8Array {
  const samples = new Int16Array(ms * 8);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(9000 * Math.sin((2 * Math.PI * hz * i) / 8000));
  return toFrames(encodeMulaw(samples));
}

export function toFrames(mulaw: Uint8Array): Uint8Array {
  const rest = mulaw.length % FRAME_BYTES;
  if (rest === 0) return mulaw;
  const padded = new Uint8Array(mulaw.length + FRAME_BYTES - rest).fill(MULAW_SILENCE);
  padded.set(mulaw);
  return padded;
}
