/** Audio that carries numbers: frames that can be recognised on the other side of whatever they went through. */
import { randomBytes } from 'node:crypto';
import { FRAME_BYTES } from '../../contracts/g711';

const MAGIC = Buffer.from('5a17c3990ff1e2d4', 'hex');

/** Loud noise: as much work for a voice detector as speech is. */
const NOISE = Array.from({ length: 64 }, () => randomBytes(FRAME_BYTES));
const NOISE_BASE64 = NOISE.map((frame) => frame.toString('base64'));

export function noiseFrame(index: number): string {
  return NOISE_BASE64[index % NOISE_BASE64.length] as string;
}

/** @param bytes of noise, the tag in front */
export function taggedAudio(tag: number, bytes: number): string {
  const audio = Buffer.concat(
    Array.from({ length: Math.ceil(bytes / FRAME_BYTES) }, (_, index) => NOISE[(tag + index) % NOISE.length] as Buffer),
  );
  MAGIC.copy(audio);
  audio.writeUInt32LE(tag, MAGIC.length);
  return audio.subarray(0, bytes).toString('base64');
}

/** The tags at the beginnings of frames. */
export function readTags(base64: string): number[] {
  const audio = Buffer.from(base64, 'base64');
  const tags: number[] = [];
  for (let at = 0; at + FRAME_BYTES <= audio.length; at += FRAME_BYTES) {
    if (audio.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) === 0) tags.push(audio.readUInt32LE(at + MAGIC.length));
  }
  return tags;
}
