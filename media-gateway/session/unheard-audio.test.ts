import { UnheardAudio } from './unheard-audio';

const SECOND = 8_000;
/** The byte at a place of the call: no two places near each other have the same ones. */
const byteAt = (position: number) => (position * 7 + Math.floor(position / 251)) & 0xff;
const audioOf = (from: number, bytes: number) => Uint8Array.from({ length: bytes }, (_, index) => byteAt(from + index));

/** A caller who goes on speaking. */
function caller(frame = 160) {
  const unheard = new UnheardAudio();
  let said = 0;
  return {
    unheard,
    speak(bytes: number) {
      for (const end = said + bytes; said < end; ) {
        const length = Math.min(frame, end - said);
        unheard.push(audioOf(said, length));
        said += length;
      }
    },
    /** What a new vendor is told is the caller's last so many bytes. */
    expectRelease(bytes: number) {
      expect(Buffer.from(unheard.release()).equals(Buffer.from(audioOf(said - bytes, bytes)))).toBe(true);
    },
  };
}

it.each([160, 93, 1_600])('keeps the last second, in order, for whatever begins in it (pieces of %i bytes)', (frame) => {
  const { speak, expectRelease } = caller(frame);
  speak(500);
  expectRelease(500);
  speak(10 * SECOND + 77);
  expectRelease(SECOND);
});

it('keeps a turn from a second before its beginning until it is written down', () => {
  const { unheard, speak, expectRelease } = caller();
  speak(3 * SECOND);
  unheard.begun('a');
  speak(5 * SECOND + 160);
  unheard.stopped('a');
  speak(SECOND);
  expectRelease(7 * SECOND + 160);
});

it('lets go of a turn that is written down, and not of the next one', () => {
  const { unheard, speak, expectRelease } = caller();
  speak(2 * SECOND);
  unheard.begun('a');
  speak(4 * SECOND);
  unheard.stopped('a');
  speak(2 * SECOND);
  unheard.begun('b');
  speak(SECOND);
  unheard.transcribed('a', true);
  speak(SECOND);
  expectRelease(3 * SECOND);
});

it('is as small as before once a long turn is written down', () => {
  const { unheard, speak, expectRelease } = caller();
  unheard.begun('a');
  speak(15 * SECOND);
  unheard.stopped('a');
  unheard.transcribed('a', true);
  speak(160);
  expectRelease(160);
  speak(9 * SECOND + 160);
  expectRelease(SECOND);
});

it('keeps twenty seconds while nobody listens, and no more', () => {
  const { unheard, speak, expectRelease } = caller();
  speak(3 * SECOND);
  unheard.hold();
  speak(2 * SECOND);
  expectRelease(3 * SECOND);
  unheard.hold();
  speak(70 * SECOND);
  expectRelease(20 * SECOND);
});

it('takes more at once than it may keep', () => {
  const { unheard, expectRelease, speak } = caller(30 * SECOND);
  unheard.hold();
  speak(30 * SECOND);
  expectRelease(20 * SECOND);
});
