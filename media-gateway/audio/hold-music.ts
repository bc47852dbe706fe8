/**
 * What a caller hears who waits for a person: slow broken chords of soft plucked tones, made here so that it is nobody's but ours. All of it lies
 * below 800 Hz, where a telephone is good and a voice on the line can still be made out.
 */

import type { Clock } from '../../contracts/clock';
import { BYTES_PER_MS, encodeMulaw, FRAME_MS } from '../../contracts/g711';

const SAMPLE_RATE = 8_000;
const NOTE_S = 0.5;
/** Of one tone, until a third of it is left. */
const DECAY_S = 0.7;
const ATTACK_S = 0.012;
/** A quarter of full scale, all tones together: softer than the agent's voice. */
const LOUDNESS = 3_200;
/** I–vi–IV–V in C, each chord broken upwards and back, as semitones above A at 220 Hz. */
const CHORDS: readonly (readonly number[])[] = [
  [3, 7, 10, 15, 10, 7, 10, 7],
  [0, 3, 7, 12, 7, 3, 7, 3],
  [-4, 0, 3, 8, 3, 0, 3, 0],
  [-2, 2, 5, 10, 5, 2, 5, 2],
];

/** 16 seconds of µ-law that follow on themselves without a seam. */
export const HOLD_MUSIC: Uint8Array = encodeMulaw(compose());

function compose(): Int16Array {
  const notes = CHORDS.flat();
  const noteLength = NOTE_S * SAMPLE_RATE;
  const length = notes.length * noteLength;
  const mix = new Float64Array(length);
  // Three notes later a tone has died away.
  const toneLength = 3 * noteLength;
  notes.forEach((semitone, index) => {
    const step = (2 * Math.PI * 220 * 2 ** (semitone / 12)) / SAMPLE_RATE;
    for (let i = 0; i < toneLength; i++) {
      const seconds = i / SAMPLE_RATE;
      const fade = (1 - i / toneLength) ** 2;
      const envelope = Math.min(1, seconds / ATTACK_S) * Math.exp(-seconds / DECAY_S) * fade;
      // A little of the octave makes it a string and not a whistle. Tones of the end ring on into the beginning.
      const at = (index * noteLength + i) % length;
      mix[at] = (mix[at] as number) + envelope * (Math.sin(step * i) + 0.2 * Math.sin(2 * step * i));
    }
  });
  return Int16Array.from(mix, (value) => Math.round(value * LOUDNESS));
}

/** The same as a WAV file, for a carrier that plays it itself. */
export function holdMusicWav(): Buffer {
  const header = Buffer.alloc(58);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(header.length - 8 + HOLD_MUSIC.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(18, 16);
  const MULAW_FORMAT = 7;
  header.writeUInt16LE(MULAW_FORMAT, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  // Other formats than PCM also say how many samples there are.
  header.write('fact', 38, 'latin1');
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(HOLD_MUSIC.length, 46);
  header.write('data', 50, 'latin1');
  header.writeUInt32LE(HOLD_MUSIC.length, 54);
  return Buffer.concat([header, HOLD_MUSIC]);
}

const CHUNK_MS = 20 * FRAME_MS;
/** The carrier has so much in hand: a busy moment of this process is not heard. */
const LEAD_MS = CHUNK_MS;

/** Plays it over and over into a stream, in real time. Returns what stops it; what the carrier has in hand it plays to its end. */
export function playHoldMusic(sink: { sendAudio(mulaw: Uint8Array): void }, clock: Clock): () => void {
  const startedAt = clock.monotonic();
  let sentMs = 0;
  let cancel = () => {};
  const send = () => {
    const offset = (sentMs * BYTES_PER_MS) % HOLD_MUSIC.length;
    sink.sendAudio(HOLD_MUSIC.subarray(offset, offset + CHUNK_MS * BYTES_PER_MS));
    sentMs += CHUNK_MS;
    // By absolute deadlines: a late timer does not add up.
    cancel = clock.after(Math.max(0, startedAt + sentMs - LEAD_MS - clock.monotonic()), send);
  };
  send();
  return () => cancel();
}
