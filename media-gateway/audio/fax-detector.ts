/**
 * A fax machine's tones (ITU-T T.30): the one that answers sends 2,100 Hz for 2.6 to 4 s (CED; modems with phase reversals turn it around every 450 ms), the
 * one that calls sends half a second of 1,100 Hz every three seconds (CNG). Nothing else on a line is one pure tone for so long, or in this rhythm.
 */
const HOP = 160;
const HOP_MS = 20;
const WINDOW = 2 * HOP;
/** The allowed deviation is 15 Hz and 38 Hz; a window of 40 ms tells tones 25 Hz apart. */
const CED_HZ = [2_088, 2_100, 2_112];
const CNG_HZ = [1_075, 1_100, 1_125];
/** Share of the window's energy in the tone. */
const LEAST_PURITY = 0.6;
const LEAST_RMS = 200;
/** Shorter than CED's 2.6 s; much longer than a beep. */
const CED_MS = 1_000;
const CNG_ON_MS = [380, 680] as const;
const CNG_OFF_MS = [2_400, 3_600] as const;
/** Of a window across a phase reversal, or a click: the tone goes on. */
const GAP_HOPS = 3;

export class FaxDetector {
  readonly #window = new Int16Array(WINDOW);
  #filled = 0;
  readonly #ced = new ToneRun(CED_HZ);
  readonly #cng = new ToneRun(CNG_HZ);
  /** Milliseconds since the last burst that could be of CNG. */
  #sinceBurstMs: number | undefined;
  #found = false;

  /** 8 kHz samples, any length. True once, when it is sure. */
  push(samples: Int16Array): boolean {
    for (let at = 0; at < samples.length && !this.#found; ) {
      const take = Math.min(WINDOW - this.#filled, samples.length - at);
      this.#window.set(samples.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < WINDOW) continue;
      this.#found = this.#step();
      this.#window.copyWithin(0, HOP);
      this.#filled = WINDOW - HOP;
      if (this.#found) return true;
    }
    return false;
  }

  #step(): boolean {
    if (this.#sinceBurstMs !== undefined) this.#sinceBurstMs += HOP_MS;
    const energy = energyOf(this.#window);
    this.#ced.step(this.#window, energy);
    if (this.#ced.runMs >= CED_MS) return true;
    const burstMs = this.#cng.step(this.#window, energy);
    if (burstMs === undefined) return false;
    if (!within(burstMs, CNG_ON_MS)) {
      this.#sinceBurstMs = undefined;
      return false;
    }
    const pauseMs = this.#sinceBurstMs === undefined ? undefined : this.#sinceBurstMs - burstMs;
    this.#sinceBurstMs = 0;
    return pauseMs !== undefined && within(pauseMs, CNG_OFF_MS);
  }
}

/** How long one tone has been sounding. */
class ToneRun {
  readonly #coefficients: readonly number[];
  #hops = 0;
  #gap = 0;

  constructor(frequencies: readonly number[]) {
    this.#coefficients = frequencies.map((hz) => 2 * Math.cos((2 * Math.PI * hz) / 8_000));
  }

  get runMs(): number {
    return this.#hops * HOP_MS;
  }

  /** @returns the length of a run that has just ended */
  step(window: Int16Array, energy: number): number | undefined {
    if (energy > 0 && this.#coefficients.some((coefficient) => (2 * power(window, coefficient)) / (WINDOW * energy) >= LEAST_PURITY)) {
      this.#hops += 1 + (this.#hops > 0 ? this.#gap : 0);
      this.#gap = 0;
      return undefined;
    }
    if (this.#hops === 0 || ++this.#gap <= GAP_HOPS) return undefined;
    const { runMs } = this;
    this.#hops = this.#gap = 0;
    return runMs;
  }
}

/** 0 for what is too quiet to be a tone. */
function energyOf(window: Int16Array): number {
  let energy = 0;
  for (let i = 0; i < WINDOW; i++) energy += (window[i] as number) ** 2;
  return energy < LEAST_RMS * LEAST_RMS * WINDOW ? 0 : energy;
}

/** Goertzel's recurrence. */
function power(window: Int16Array, coefficient: number): number {
  let previous = 0;
  let before = 0;
  for (let i = 0; i < WINDOW; i++) {
    const value = (window[i] as number) + coefficient * previous - before;
    before = previous;
    previous = value;
  }
  return previous * previous + before * before - coefficient * previous * before;
}

function within(ms: number, [least, most]: readonly [number, number]): boolean {
  return ms >= least && ms <= most;
}
