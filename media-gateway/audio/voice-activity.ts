import { FRAME_MS } from '../../contracts/g711';
import { NoiseFloor } from './noise-floor';

const FRAME_SAMPLES = 160;
/** Root mean square of what counts as voice at least: about −44 dB of full scale, below quiet speech on a phone. */
const LEAST_RMS = 200;
/** Voice is this much louder than the line's own noise. */
const OVER_NOISE = 3;
/** A shorter gap belongs to the word around it. */
const GAP_MS = 240;

export function rms(samples: Int16Array): number {
  if (samples.length === 0) return 0;
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    sum += sample * sample;
  }
  return Math.sqrt(sum / samples.length);
}

/**
 * How long somebody has really been speaking, by loudness. The vendor's voice detection tells when a turn begins and ends, the end late by its own
 * silence time-out; only this tells a short "mhm" from half a sentence while it happens.
 */
export class VoiceActivity {
  readonly #noise = new NoiseFloor();
  #runMs = 0;
  #silentMs = 0;
  #rest = new Int16Array(0);

  /** Milliseconds of voice in the current run; 0 in silence. */
  get runMs(): number {
    return this.#runMs;
  }

  /** Milliseconds since the last voice, or since the start. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Any length. Returns the milliseconds of voice in it. */
  push(samples: Int16Array): number {
    // As the carrier sends it, fifty times a second: one frame, and nothing to copy.
    if (this.#rest.length === 0 && samples.length === FRAME_SAMPLES) return this.#frame(rms(samples)) ? FRAME_MS : 0;
    const all = this.#rest.length === 0 ? samples : concat(this.#rest, samples);
    let voicedMs = 0;
    let at = 0;
    for (; at + FRAME_SAMPLES <= all.length; at += FRAME_SAMPLES) {
      if (this.#frame(rms(all.subarray(at, at + FRAME_SAMPLES)))) voicedMs += FRAME_MS;
    }
    this.#rest = all.slice(at);
    return voicedMs;
  }

  #frame(level: number): boolean {
    this.#noise.push(level);
    const voiced = level > Math.max(LEAST_RMS, OVER_NOISE * this.#noise.level);
    if (voiced) {
      this.#runMs += FRAME_MS;
      this.#silentMs = 0;
    } else {
      this.#silentMs += FRAME_MS;
      if (this.#silentMs > GAP_MS) this.#runMs = 0;
    }
    return voiced;
  }
}

function concat(a: Int16Array, b: Int16Array): Int16Array {
  const all = new Int16Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
