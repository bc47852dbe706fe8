import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';
import { decimate, decodeAlaw, decodeL16, encodeAlaw, encodeL16, mix } from './codec';

test('A-law has the codes of the standard', () => {
  // Of ITU-T G.711: silence, the largest, and one of each segment's ends.
  const samples = Int16Array.of(0, -1, 32_767, -32_768, 255, 256, 511, 512, -256, 1024);
  expect([...encodeAlaw(samples)]).toEqual([0xd5, 0x55, 0xaa, 0x2a, 0xda, 0xc5, 0xca, 0xf5, 0x5a, 0xe5]);
});

test('every A-law code decodes to a sample that encodes to it', () => {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
  expect([...encodeAlaw(decodeAlaw(codes))]).toEqual([...codes]);
});

test('L16 is big endian and survives', () => {
  const samples = Int16Array.of(1, -2, 0x1234);
  expect([...encodeL16(samples)]).toEqual([0, 1, 0xff, 0xfe, 0x12, 0x34]);
  expect(decodeL16(encodeL16(samples))).toEqual(samples);
});

test('a higher rate is brought to 8 kHz by means', () => {
  expect(decimate(Int16Array.of(10, 20, 30, 50, 7), 2)).toEqual(Int16Array.of(15, 40));
});

test('two voices at once are heard at once, and silence costs nothing', () => {
  const a = encodeMulaw(new Int16Array(160).fill(1000));
  const b = encodeMulaw(new Int16Array(160).fill(2000));
  expect(mix(a, SILENT_FRAME)).toBe(a);
  expect(mix(SILENT_FRAME, b)).toBe(b);
  expect(Math.abs((decodeMulaw(mix(a, b))[0] as number) - 3000)).toBeLessThan(130);
});
