/** Numbers that are the same in every run with the same seed. */
import { createHash } from 'node:crypto';

/** A number in [0, 1) that depends on nothing but its key: the order in which calls happen to be placed does not matter. */
export function seededFraction(...key: (string | number)[]): number {
  return createHash('sha1').update(key.join('\u0000')).digest().readUInt32BE(0) / 0x1_0000_0000;
}

/** A whole number of the range, both ends included; a plain number is itself. */
export function seededPick(range: number | readonly [number, number], ...key: (string | number)[]): number {
  if (typeof range === 'number') return range;
  const [low, high] = range;
  return low + Math.floor(seededFraction(...key) * (high - low + 1));
}
