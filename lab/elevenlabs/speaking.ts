/** Text to µ-law with the places of its characters, in parts as they are sent. */
import { encodeMulaw } from '../../contracts/g711';
import { BITS_PER_BYTE, modulate, PREAMBLE_BITS } from '../voice';

export interface SpokenPart {
  audio: Buffer;
  alignment: { chars: string[]; charStartTimesMs: number[]; charDurationsMs: number[] };
}

const PART_MS = 200;

/** Times count from the part's own beginning, as the vendor's do. */
export function speakInParts(text: string, baud: number): SpokenPart[] {
  const audio = Buffer.from(encodeMulaw(modulate(text, { sampleRate: 8000, baud })));
  const size = PART_MS * 8;
  const parts: SpokenPart[] = [];
  for (let at = 0; at < audio.length; at += size) {
    parts.push({ audio: audio.subarray(at, at + size), alignment: { chars: [], charStartTimesMs: [], charDurationsMs: [] } });
  }
  let bits = PREAMBLE_BITS;
  for (const character of text) {
    const startMs = (1_000 * bits) / baud;
    bits += Buffer.byteLength(character) * BITS_PER_BYTE;
    const endMs = (1_000 * bits) / baud;
    // In the part in which it is complete: what is aligned has been sent.
    const index = Math.min(parts.length - 1, Math.floor((endMs - 0.01) / PART_MS));
    const { alignment } = parts[index] as SpokenPart;
    alignment.chars.push(character);
    alignment.charStartTimesMs.push(Math.max(0, Math.round(startMs - index * PART_MS)));
    alignment.charDurationsMs.push(Math.round(endMs - startMs));
  }
  return parts;
}
