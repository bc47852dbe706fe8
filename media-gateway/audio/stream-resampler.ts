/**
 * Sample rates of a stream, piece by piece: what comes out is the same wherever the pieces are cut. Runs for every frame of every pipeline call, so the
 * filters are short (Kaiser windows, 8 taps for each sample at 8 kHz; −43 dB from 5 kHz on, −3 dB at 3.1 kHz), written out, and in integers: the
 * sums stay in registers, and a frame takes well under a microsecond, where loops over floats took three. Recordings that are made once
 * (./resample.ts) can afford 96 taps.
 */
const CUTOFF_HZ = 3_500;
const TAPS = 8;
const ONE = 32_768;
const HALF = ONE / 2;

const NONE = new Int16Array(0);

export interface StreamResampler {
  /** A view that is good until the next call. */
  push(samples: Int16Array): Int16Array;
}

/** 2: between 16 kHz and 8 kHz; 3: between 24 kHz and 8 kHz. */
export type Factor = 2 | 3;

export function downsampler(factor: Factor): StreamResampler {
  return new Down(factor);
}

export function upsampler(factor: Factor): StreamResampler {
  return new Up(factor);
}

/** Transposed: each input is added to the outputs that it has a part in. What is kept between pieces are those sums, and an input or two. */
class Down implements StreamResampler {
  readonly #taps: Int32Array;
  readonly #sums = new Int32Array(TAPS - 1);
  #rest: Int16Array = NONE;
  #output = new Int16Array(512);

  constructor(private readonly factor: Factor) {
    this.#taps = kernel(factor, 1);
  }

  push(samples: Int16Array): Int16Array {
    const { factor } = this;
    let input = samples;
    if (this.#rest.length > 0) {
      input = new Int16Array(this.#rest.length + samples.length);
      input.set(this.#rest);
      input.set(samples, this.#rest.length);
    }
    const count = Math.floor(input.length / factor);
    if (count > this.#output.length) this.#output = new Int16Array(2 * count);
    if (factor === 3) thirds(input, this.#output, count, this.#taps, this.#sums);
    else halves(input, this.#output, count, this.#taps, this.#sums);
    // Nearly always none: vendors send whole multiples.
    this.#rest = count * factor === input.length ? NONE : input.slice(count * factor);
    return this.#output.subarray(0, count);
  }
}

class Up implements StreamResampler {
  readonly #taps: Int32Array;
  /** The latest inputs, the newest first. */
  readonly #before = new Int32Array(TAPS - 1);
  #output = new Int16Array(1_024);

  constructor(private readonly factor: Factor) {
    this.#taps = kernel(factor, factor);
  }

  push(samples: Int16Array): Int16Array {
    const count = samples.length * this.factor;
    if (count > this.#output.length) this.#output = new Int16Array(2 * count);
    if (this.factor === 3) triples(samples, this.#output, this.#taps, this.#before);
    else doubles(samples, this.#output, this.#taps, this.#before);
    return this.#output.subarray(0, count);
  }
}

/** 24 taps, symmetric. */
function thirds(input: Int16Array, output: Int16Array, count: number, taps: Int32Array, sums: Int32Array): void {
  const a = taps[0] as number;
  const b = taps[1] as number;
  const c = taps[2] as number;
  const d = taps[3] as number;
  const e = taps[4] as number;
  const f = taps[5] as number;
  const g = taps[6] as number;
  const h = taps[7] as number;
  const i = taps[8] as number;
  const j = taps[9] as number;
  const k = taps[10] as number;
  const l = taps[11] as number;
  let s1 = sums[0] as number;
  let s2 = sums[1] as number;
  let s3 = sums[2] as number;
  let s4 = sums[3] as number;
  let s5 = sums[4] as number;
  let s6 = sums[5] as number;
  let s7 = sums[6] as number;
  for (let n = 0, at = 0; n < count; n++, at += 3) {
    const x = input[at] as number;
    const y = input[at + 1] as number;
    const z = input[at + 2] as number;
    output[n] = clamp(s1 + Math.imul(a, z) + Math.imul(b, y) + Math.imul(c, x));
    s1 = (s2 + Math.imul(d, z) + Math.imul(e, y) + Math.imul(f, x)) | 0;
    s2 = (s3 + Math.imul(g, z) + Math.imul(h, y) + Math.imul(i, x)) | 0;
    s3 = (s4 + Math.imul(j, z) + Math.imul(k, y) + Math.imul(l, x)) | 0;
    s4 = (s5 + Math.imul(l, z) + Math.imul(k, y) + Math.imul(j, x)) | 0;
    s5 = (s6 + Math.imul(i, z) + Math.imul(h, y) + Math.imul(g, x)) | 0;
    s6 = (s7 + Math.imul(f, z) + Math.imul(e, y) + Math.imul(d, x)) | 0;
    s7 = (Math.imul(c, z) + Math.imul(b, y) + Math.imul(a, x)) | 0;
  }
  sums[0] = s1;
  sums[1] = s2;
  sums[2] = s3;
  sums[3] = s4;
  sums[4] = s5;
  sums[5] = s6;
  sums[6] = s7;
}

/** 16 taps, symmetric. */
function halves(input: Int16Array, output: Int16Array, count: number, taps: Int32Array, sums: Int32Array): void {
  const a = taps[0] as number;
  const b = taps[1] as number;
  const c = taps[2] as number;
  const d = taps[3] as number;
  const e = taps[4] as number;
  const f = taps[5] as number;
  const g = taps[6] as number;
  const h = taps[7] as number;
  let s1 = sums[0] as number;
  let s2 = sums[1] as number;
  let s3 = sums[2] as number;
  let s4 = sums[3] as number;
  let s5 = sums[4] as number;
  let s6 = sums[5] as number;
  let s7 = sums[6] as number;
  for (let n = 0, at = 0; n < count; n++, at += 2) {
    const x = input[at] as number;
    const y = input[at + 1] as number;
    output[n] = clamp(s1 + Math.imul(a, y) + Math.imul(b, x));
    s1 = (s2 + Math.imul(c, y) + Math.imul(d, x)) | 0;
    s2 = (s3 + Math.imul(e, y) + Math.imul(f, x)) | 0;
    s3 = (s4 + Math.imul(g, y) + Math.imul(h, x)) | 0;
    s4 = (s5 + Math.imul(h, y) + Math.imul(g, x)) | 0;
    s5 = (s6 + Math.imul(f, y) + Math.imul(e, x)) | 0;
    s6 = (s7 + Math.imul(d, y) + Math.imul(c, x)) | 0;
    s7 = (Math.imul(b, y) + Math.imul(a, x)) | 0;
  }
  sums[0] = s1;
  sums[1] = s2;
  sums[2] = s3;
  sums[3] = s4;
  sums[4] = s5;
  sums[5] = s6;
  sums[6] = s7;
}

function triples(input: Int16Array, output: Int16Array, taps: Int32Array, before: Int32Array): void {
  const a = taps[0] as number;
  const b = taps[1] as number;
  const c = taps[2] as number;
  const d = taps[3] as number;
  const e = taps[4] as number;
  const f = taps[5] as number;
  const g = taps[6] as number;
  const h = taps[7] as number;
  const i = taps[8] as number;
  const j = taps[9] as number;
  const k = taps[10] as number;
  const l = taps[11] as number;
  let x1 = before[0] as number;
  let x2 = before[1] as number;
  let x3 = before[2] as number;
  let x4 = before[3] as number;
  let x5 = before[4] as number;
  let x6 = before[5] as number;
  let x7 = before[6] as number;
  for (let n = 0, to = 0; n < input.length; n++, to += 3) {
    const x0 = input[n] as number;
    const near = Math.imul(a, x0) + Math.imul(d, x1) + Math.imul(g, x2) + Math.imul(j, x3);
    output[to] = clamp(near + Math.imul(l, x4) + Math.imul(i, x5) + Math.imul(f, x6) + Math.imul(c, x7));
    const between = Math.imul(b, x0 + x7) + Math.imul(e, x1 + x6);
    output[to + 1] = clamp(between + Math.imul(h, x2 + x5) + Math.imul(k, x3 + x4));
    const far = Math.imul(c, x0) + Math.imul(f, x1) + Math.imul(i, x2) + Math.imul(l, x3);
    output[to + 2] = clamp(far + Math.imul(j, x4) + Math.imul(g, x5) + Math.imul(d, x6) + Math.imul(a, x7));
    x7 = x6;
    x6 = x5;
    x5 = x4;
    x4 = x3;
    x3 = x2;
    x2 = x1;
    x1 = x0;
  }
  before[0] = x1;
  before[1] = x2;
  before[2] = x3;
  before[3] = x4;
  before[4] = x5;
  before[5] = x6;
  before[6] = x7;
}

function doubles(input: Int16Array, output: Int16Array, taps: Int32Array, before: Int32Array): void {
  const a = taps[0] as number;
  const b = taps[1] as number;
  const c = taps[2] as number;
  const d = taps[3] as number;
  const e = taps[4] as number;
  const f = taps[5] as number;
  const g = taps[6] as number;
  const h = taps[7] as number;
  let x1 = before[0] as number;
  let x2 = before[1] as number;
  let x3 = before[2] as number;
  let x4 = before[3] as number;
  let x5 = before[4] as number;
  let x6 = before[5] as number;
  let x7 = before[6] as number;
  for (let n = 0, to = 0; n < input.length; n++, to += 2) {
    const x0 = input[n] as number;
    const near = Math.imul(a, x0) + Math.imul(c, x1) + Math.imul(e, x2) + Math.imul(g, x3);
    output[to] = clamp(near + Math.imul(h, x4) + Math.imul(f, x5) + Math.imul(d, x6) + Math.imul(b, x7));
    const far = Math.imul(b, x0) + Math.imul(d, x1) + Math.imul(f, x2) + Math.imul(h, x3);
    output[to + 1] = clamp(far + Math.imul(g, x4) + Math.imul(e, x5) + Math.imul(c, x6) + Math.imul(a, x7));
    x7 = x6;
    x6 = x5;
    x5 = x4;
    x4 = x3;
    x3 = x2;
    x2 = x1;
    x1 = x0;
  }
  before[0] = x1;
  before[1] = x2;
  before[2] = x3;
  before[3] = x4;
  before[4] = x5;
  before[5] = x6;
  before[6] = x7;
}

/** From the sum to a sample. No sum overflows 32 bits: the taps' magnitudes add up to less than two. */
function clamp(sum: number): number {
  const value = (sum + HALF) >> 15;
  // biome-ignore lint/complexity/useMathMinMax: comparisons of integers stay integers
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
}

/** The first half of a symmetric low pass of `TAPS` for each sample at 8 kHz, in parts of `ONE`; all its taps add up to `gain`. */
function kernel(factor: Factor, gain: number): Int32Array {
  const taps = TAPS * factor;
  const cutoff = CUTOFF_HZ / (8_000 * factor);
  const h = Float64Array.from({ length: taps }, (_, i) => {
    const x = i - (taps - 1) / 2;
    const r = (2 * i) / (taps - 1) - 1;
    return (Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x)) * bessel(3.5 * Math.sqrt(Math.max(0, 1 - r * r)));
  });
  const total = h.reduce((sum, tap) => sum + tap, 0);
  return Int32Array.from(h.subarray(0, taps / 2), (tap) => Math.round((tap / total) * gain * ONE));
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
