import { decodeMulaw, FRAME_BYTES, FRAME_MS } from '../../contracts/g711';
import { NoiseFloor } from './noise-floor';

/** What each µ-law code adds to the power. */
const POWER = Float64Array.from(decodeMulaw(Uint8Array.from({ length: 256 }, (_, code) => code)), (sample) => sample * sample);
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
  /** Of the frame that has not come to its end: fifty a second for every call, so nothing is decoded, copied or kept. */
  #power = 0;
  #bytes = 0;

  /** Milliseconds of voice in the current run; 0 in silence. */
  get runMs(): number {
    return this.#runMs;
  }

  /** Milliseconds since the last voice, or since the start. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** µ-law of any length. Returns the milliseconds of voice in it. */
  push(mulaw: Uint8Array): number {
    let power = this.#power;
    let bytes = this.#bytes;
    let voicedMs = 0;
    for (let i = 0; i < mulaw.length; i++) {
      power += POWER[mulaw[i] as number] as number;
      if (++bytes < FRAME_BYTES) continue;
      if (this.#frame(Math.sqrt(power / FRAME_BYTES))) voicedMs += FRAME_MS;
      power = bytes = 0;
    }
    this.#power = power;
    this.#bytes = bytes;
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
