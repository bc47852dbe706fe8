import { Segment } from './segment';

/** The byte at a place of the item. */
const byteAt = (position: number) => (position * 7 + Math.floor(position / 251)) & 0xff;
const audioOf = (from: number, bytes: number) => Uint8Array.from({ length: bytes }, (_, index) => byteAt(from + index));
const same = (audio: Uint8Array, from: number) => Buffer.from(audio).equals(Buffer.from(audioOf(from, audio.length)));

it.each([800, 333, 20_000])('gives back what it was given, however it came (pieces of %i bytes) and is taken', (piece) => {
  const segment = new Segment('a', true);
  for (let at = 0; at < 60_000; at += piece) segment.append(audioOf(at, Math.min(piece, 60_000 - at)));
  segment.complete = true;
  let taken = 0;
  for (const bytes of [160, 7_840, 160, 24_000, 480]) {
    const audio = segment.take(bytes);
    expect(audio.length).toBe(bytes);
    expect(same(audio, taken)).toBe(true);
    taken += bytes;
  }
  expect(segment.unsentBytes).toBe(60_000 - taken);
  expect(same(segment.take(100_000), taken)).toBe(true);
  expect(segment.take(160).length).toBe(0);
});

it('goes back to the last heard byte, also when what lies before it is gone', () => {
  const segment = new Segment('a', true);
  segment.append(audioOf(0, 40_000));
  segment.take(32_000);
  segment.forget(19_000);
  segment.rewind(19_200);
  expect(segment.unsentBytes).toBe(20_800);
  expect(same(segment.take(20_800), 19_200)).toBe(true);
});

it('goes on to take audio after all that came before was heard', () => {
  const segment = new Segment('a', true);
  for (let at = 0; at < 40_000; at += 4_000) {
    segment.append(audioOf(at, 4_000));
    expect(same(segment.take(4_000), at)).toBe(true);
    segment.forget(at + 4_000);
  }
  expect(segment.sentBytes).toBe(40_000);
});
