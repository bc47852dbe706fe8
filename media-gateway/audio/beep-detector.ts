/**
 * The beep of an answering machine: one steady tone. Speech glides and a modem jumps between tones; neither holds one frequency,
 * nearly alone in the spectrum, for 200 ms.
 */
const HOP = 160;
/** 40 ms tell tones 25 Hz apart; bins are twice as dense, so that no tone falls between two. */
const WINDOW = 2 * HOP;
const BIN_HZ = 12.5;
/** A machine's tone wobbles no more than 25 Hz. */
const STEADY_BINS = 2;
const LOWEST_HZ = 800;
/** Short of 1,200 Hz, where modems and fax machines rest. */
const HIGHEST_HZ = 1_150;
const BINS = (HIGHEST_HZ - LOWEST_HZ) / BIN_HZ + 1;
/** Share of the window's energy in the strongest bin: 1 for a tone on it, about 0.8 for one between two. */
const LEAST_PURITY = 0.7;
const LEAST_RMS = 300;
const STEADY_HOPS = 10;

const COEFFICIENTS = Float64Array.from({ length: BINS }, (_, bin) => 2 * Math.cos((2 * Math.PI * (LOWEST_HZ + bin * BIN_HZ)) / 8_000));

export type BeepEvent = 'beep' | 'beep_ended';

export class BeepDetector {
  readonly #window = new Int16Array(WINDOW);
  #filled = 0;
  #bin = -1;
  #hops = 0;
  #sounding = false;

  /** Whether a beep is sounding now. */
  get sounding(): boolean {
    return this.#sounding;
  }

  /** 8 kHz samples, any length. `beep` once a tone has been steady for 200 ms, `beep_ended` when it is over. */
  push(samples: Int16Array): BeepEvent | undefined {
    let event: BeepEvent | undefined;
    for (let at = 0; at < samples.length; ) {
      const take = Math.min(WINDOW - this.#filled, samples.length - at);
      this.#window.set(samples.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < WINDOW) continue;
      event = this.#step(this.#tone()) ?? event;
      this.#window.copyWithin(0, HOP);
      this.#filled = WINDOW - HOP;
    }
    return event;
  }

  #step(bin: number): BeepEvent | undefined {
    const steady = bin >= 0 && this.#bin >= 0 && Math.abs(bin - this.#bin) <= STEADY_BINS;
    this.#hops = bin < 0 ? 0 : steady ? this.#hops + 1 : 1;
    // The reference stays where the tone began, so that a glide is not followed.
    if (!steady) this.#bin = bin;
    if (!this.#sounding && this.#hops >= STEADY_HOPS) {
      this.#sounding = true;
      return 'beep';
    }
    if (this.#sounding && bin < 0) {
      this.#sounding = false;
      return 'beep_ended';
    }
    return undefined;
  }

  /** The bin of the one tone in the window, or −1. Goertzel's recurrence, a bin at a time. */
  #tone(): number {
    let energy = 0;
    for (let i = 0; i < WINDOW; i++) energy += (this.#window[i] as number) ** 2;
    if (energy < LEAST_RMS * LEAST_RMS * WINDOW) return -1;
    let best = -1;
    let bestPower = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const coefficient = COEFFICIENTS[bin] as number;
      let previous = 0;
      let before = 0;
      for (let i = 0; i < WINDOW; i++) {
        const value = (this.#window[i] as number) + coefficient * previous - before;
        before = previous;
        previous = value;
      }
      const power = previous * previous + before * before - coefficient * previous * before;
      if (power > bestPower) {
        bestPower = power;
        best = bin;
      }
    }
    return (2 * bestPower) / (WINDOW * energy) >= LEAST_PURITY ? best : -1;
  }
}
