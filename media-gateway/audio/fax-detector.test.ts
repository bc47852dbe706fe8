import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { modulate } from '../../lab/voice';
import { FaxDetector } from './fax-detector';

const silence = (ms: number) => new Int16Array(8 * ms);
const tone = (hz: number, ms: number, turnMs?: number) =>
  Int16Array.from({ length: 8 * ms }, (_, i) => {
    const turned = turnMs !== undefined && Math.floor(i / (8 * turnMs)) % 2 === 1;
    return Math.round(6_000 * Math.sin((2 * Math.PI * hz * i) / 8_000 + (turned ? Math.PI : 0)));
  });
/** As it comes: through µ-law, in frames of 20 ms. */
function finds(...parts: Int16Array[]): boolean {
  const detector = new FaxDetector();
  let found = 0;
  for (const part of parts) {
    const heard = decodeMulaw(encodeMulaw(part));
    for (let at = 0; at < heard.length; at += 160) if (detector.push(heard.subarray(at, at + 160))) found++;
  }
  expect(found).toBeLessThanOrEqual(1);
  return found === 1;
}

test.each([2_085, 2_100, 2_115])('a machine that answers is known by its tone of %d Hz', (hz) => {
  expect(finds(silence(300), tone(hz, 1_500))).toBe(true);
});

test('also where the tone turns its phase around every 450 ms, as modems of fax machines do', () => {
  expect(finds(silence(300), tone(2_100, 2_600, 450))).toBe(true);
});

test('a machine that calls is known by its rhythm: half a second, three seconds of nothing, half a second', () => {
  const once = [silence(500), tone(1_100, 500), silence(3_000)];
  expect(finds(...once)).toBe(false);
  expect(finds(...once, tone(1_100, 500), silence(200))).toBe(true);
  expect(finds(silence(500), tone(1_130, 500), silence(3_000), tone(1_130, 500), silence(200))).toBe(true);
});

test('beeps of mailboxes are no fax machine', () => {
  for (const hz of [800, 1_000, 1_100, 1_400, 2_100]) expect(finds(silence(200), tone(hz, 500), silence(600))).toBe(false);
  expect(finds(tone(1_100, 500), silence(1_000), tone(1_100, 500), silence(1_000))).toBe(false);
});

test('speech is no fax machine, and neither is a modem that writes', () => {
  const folder = join(__dirname, '../../test/fixtures/speech');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ulaw'))) {
    expect([file, finds(decodeMulaw(readFileSync(join(folder, file))))]).toEqual([file, false]);
  }
  expect(finds(modulate('A long text of the modem voice, so that every letter of it is heard.', { sampleRate: 8_000, baud: 300 }))).toBe(
    false,
  );
});
