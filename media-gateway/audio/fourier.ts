/** Discrete Fourier transform of one size, in place, without an allocation per call. */
export class Fourier {
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #reversed: Uint16Array;

  /** @param size a power of two */
  constructor(readonly size: number) {
    this.#cos = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / size));
    const bits = Math.log2(size);
    this.#reversed = Uint16Array.from({ length: size }, (_, i) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit++) if (i & (1 << bit)) reversed |= 1 << (bits - 1 - bit);
      return reversed;
    });
  }

  forward(re: Float64Array, im: Float64Array): void {
    this.#transform(re, im, -1);
  }

  /** Without the division by the size. */
  inverse(re: Float64Array, im: Float64Array): void {
    this.#transform(re, im, 1);
  }

  #transform(re: Float64Array, im: Float64Array, sign: 1 | -1): void {
    const { size } = this;
    for (let i = 0; i < size; i++) {
      const j = this.#reversed[i] as number;
      if (j <= i) continue;
      [re[i], re[j]] = [re[j] as number, re[i] as number];
      [im[i], im[j]] = [im[j] as number, im[i] as number];
    }
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const cos = this.#cos[k * step] as number;
          const sin = sign * (this.#sin[k * step] as number);
          const a = start + k;
          const b = a + half;
          const bRe = (re[b] as number) * cos - (im[b] as number) * sin;
          const bIm = (re[b] as number) * sin + (im[b] as number) * cos;
          re[b] = (re[a] as number) - bRe;
          im[b] = (im[a] as number) - bIm;
          re[a] = (re[a] as number) + bRe;
          im[a] = (im[a] as number) + bIm;
        }
      }
    }
  }
}
