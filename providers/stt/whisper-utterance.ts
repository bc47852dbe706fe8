import { BYTES_PER_MS, decodeMulaw, FRAME_BYTES } from '../../contracts/g711';

/** Before the first sound, so that its beginning is not cut. */
const LEAD_MS = 300;
/** The vendor takes 25 MB; this is less, and longer than anybody speaks without a pause. */
const MOST_MS = 120_000;
/** Mean magnitude of a frame, of 32,768, from which it is sound, where the line is quiet; and by how much it is louder than the line otherwise. */
const SOUND_LEVEL = 300;
const OVER_NOISE = 2;
/** The line's own noise is the least that is heard; a lesser one is forgotten within some seconds, longer than speech goes on without any dip. */
const FORGETS = 0.002;
/** Until there is more to go by: a clean line. */
const CLEAN = 50;
/** Sound that was followed by so much quiet, and after which nobody asked for words, was none of somebody's who speaks. */
const PASSED_MS = 2_000;
const WAV_HEADER_BYTES = 44;

/** One utterance in the making: silence before it is forgotten, because a model that is given silence makes words up. */
export class WhisperUtterance {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #hasSound = false;
  /** Since the last sound. */
  #quietBytes = 0;
  #noise = CLEAN;

  /** µ-law at 8 kHz. */
  push(audio: Uint8Array): void {
    for (let at = 0; at < audio.length; at += FRAME_BYTES) this.#frame(audio.subarray(at, at + FRAME_BYTES));
    this.#parts.push(audio);
    this.#bytes += audio.length;
    const most = (this.#hasSound ? MOST_MS : LEAD_MS) * BYTES_PER_MS;
    while (this.#bytes > most && this.#parts.length > 1) this.#bytes -= this.#parts.shift()?.length ?? 0;
  }

  /** What was said since the last time, as 16-bit WAV at 8 kHz; undefined: nothing. */
  take(): { wav: Buffer; seconds: number } | undefined {
    const audio = Buffer.concat(this.#parts);
    const hadSound = this.#hasSound;
    this.#parts = [];
    this.#bytes = 0;
    this.#hasSound = false;
    if (!hadSound) return undefined;
    return { wav: wavOf(decodeMulaw(audio)), seconds: audio.length / (1_000 * BYTES_PER_MS) };
  }

  #frame(mulaw: Uint8Array): void {
    const level = levelOf(mulaw);
    this.#noise = Math.min(level, this.#noise + (level - this.#noise) * FORGETS);
    if (level > Math.max(SOUND_LEVEL, OVER_NOISE * this.#noise)) {
      this.#hasSound = true;
      this.#quietBytes = 0;
      return;
    }
    this.#quietBytes += mulaw.length;
    if (this.#quietBytes >= PASSED_MS * BYTES_PER_MS) this.#hasSound = false;
  }
}

function levelOf(audio: Uint8Array): number {
  const samples = decodeMulaw(audio);
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += Math.abs(samples[i] as number);
  return sum / samples.length;
}

function wavOf(samples: Int16Array): Buffer {
  const wav = Buffer.alloc(WAV_HEADER_BYTES + 2 * samples.length);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(1, 22); // mono
  wav.writeUInt32LE(8_000, 24);
  wav.writeUInt32LE(16_000, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples.length, 40);
  for (let i = 0; i < samples.length; i++) wav.writeInt16LE(samples[i] as number, WAV_HEADER_BYTES + 2 * i);
  return wav;
}
