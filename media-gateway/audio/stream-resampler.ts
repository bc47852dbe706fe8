/**
 * Sample rates of a stream, piece by piece: what comes out is the same wherever the pieces are cut. Runs for every frame of every pipeline call,
 * so the filters are short: Kaiser windows, 24 taps down (−43 dB from 5 kHz on, −3 dB at 3.1 kHz) and 8 taps per output up. Recordings that
 * are made once (./resample.ts) can afford 96.
 */
const DOWN_TAPS = 24;
const UP_TAPS = 8;
const CUTOFF_HZ = 3_500;

export interface StreamResampler {
  /** A view that is good until the next call. */
  push(samples: Int16Array): Int16Array;
}

/** @param factor 3 makes 8 kHz of 24 kHz */
export class Downsampler implements StreamResampler {
  readonly #kernel: Float64Array;
  /** The samples that the next output still needs, then the new ones. */
  #window = new Float64Array(2_048);
  #length: number;
  #output = new Int16Array(512);

  constructor(private readonly factor: 2 | 3) {
    this.#kernel = kernel(DOWN_TAPS, CUTOFF_HZ / (8_000 * factor), 3.5).subarray(0, DOWN_TAPS / 2);
    // Silence stands before the first sample.
    this.#length = DOWN_TAPS - factor;
  }

  push(samples: Int16Array): Int16Array {
    const { factor } = this;
    const total = this.#length + samples.length;
    const window = this.#room(total);
    for (let i = 0, at = this.#length; i < samples.length; i++) window[at++] = samples[i] as number;
    const count = total < DOWN_TAPS ? 0 : Math.floor((total - DOWN_TAPS) / factor) + 1;
    if (count > this.#output.length) this.#output = new Int16Array(2 * count);
    const used = filterDown(window, this.#output, count, factor, this.#kernel);
    window.copyWithin(0, used, total);
    this.#length = total - used;
    return this.#output.subarray(0, count);
  }

  #room(samples: number): Float64Array {
    if (samples > this.#window.length) {
      const bigger = new Float64Array(2 * samples);
      bigger.set(this.#window.subarray(0, this.#length));
      this.#window = bigger;
    }
    return this.#window;
  }
}

/** @param factor 2 makes 16 kHz of 8 kHz */
export class Upsampler implements StreamResampler {
  /** One short filter per output between two inputs. */
  readonly #phases: Float64Array;
  #window = new Float64Array(1_024);
  #output = new Int16Array(1_024);

  constructor(private readonly factor: 2 | 3) {
    const whole = kernel(UP_TAPS * factor, CUTOFF_HZ / (8_000 * factor), 3.5);
    this.#phases = new Float64Array(UP_TAPS * factor);
    for (let phase = 0; phase < factor; phase++) {
      // The newest sample meets the first tap: the filter is turned round, so that both are read forwards.
      for (let k = 0; k < UP_TAPS; k++) this.#phases[phase * UP_TAPS + k] = factor * (whole[(UP_TAPS - 1 - k) * factor + phase] as number);
    }
  }

  push(samples: Int16Array): Int16Array {
    const { factor } = this;
    const kept = UP_TAPS - 1;
    const total = kept + samples.length;
    if (total > this.#window.length) {
      const bigger = new Float64Array(2 * total);
      bigger.set(this.#window.subarray(0, kept));
      this.#window = bigger;
    }
    const window = this.#window;
    for (let i = 0, at = kept; i < samples.length; i++) window[at++] = samples[i] as number;
    const count = samples.length * factor;
    if (count > this.#output.length) this.#output = new Int16Array(2 * count);
    filterUp(window, this.#output, samples.length, factor, this.#phases);
    window.copyWithin(0, samples.length, total);
    return this.#output.subarray(0, count);
  }
}

/** Symmetric, so each tap serves two samples. Four sums: one would wait for itself. Returns how many samples are done with. */
function filterDown(window: Float64Array, output: Int16Array, count: number, factor: number, half: Float64Array): number {
  let at = 0;
  for (let n = 0; n < count; n++, at += factor) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let k = 0, end = at + DOWN_TAPS - 1; k < DOWN_TAPS / 2; k += 4) {
      a += (half[k] as number) * ((window[at + k] as number) + (window[end - k] as number));
      b += (half[k + 1] as number) * ((window[at + k + 1] as number) + (window[end - k - 1] as number));
      c += (half[k + 2] as number) * ((window[at + k + 2] as number) + (window[end - k - 2] as number));
      d += (half[k + 3] as number) * ((window[at + k + 3] as number) + (window[end - k - 3] as number));
    }
    output[n] = clamp(a + b + (c + d));
  }
  return at;
}

function filterUp(window: Float64Array, output: Int16Array, count: number, factor: number, phases: Float64Array): void {
  for (let n = 0, to = 0; n < count; n++) {
    for (let phase = 0; phase < factor; phase++) {
      const from = phase * UP_TAPS;
      let a = 0;
      let b = 0;
      for (let k = 0; k < UP_TAPS; k += 2) {
        a += (phases[from + k] as number) * (window[n + k] as number);
        b += (phases[from + k + 1] as number) * (window[n + k + 1] as number);
      }
      output[to++] = clamp(a + b);
    }
  }
}

function clamp(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : Math.round(value);
}

/** A low pass, `cutoff` as a part of the sample rate; the taps add up to 1. */
function kernel(taps: number, cutoff: number, beta: number): Float64Array {
  const h = Float64Array.from({ length: taps }, (_, i) => {
    const x = i - (taps - 1) / 2;
    const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
    const r = (2 * i) / (taps - 1) - 1;
    return (sinc * bessel(beta * Math.sqrt(Math.max(0, 1 - r * r)))) / bessel(beta);
  });
  const gain = h.reduce((sum, tap) => sum + tap, 0);
  return h.map((tap) => tap / gain);
}

/** The modified Bessel function of order zero. */
function bessel(x: number): number {
  let sum = 1;
  for (let k = 1, term = 1; k < 30; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}
