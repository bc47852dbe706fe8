import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { Fourier } from './fourier';

/** Changes the caller's audio before anybody hears it: our own, or a developer's. One per call. */
export interface CallerFilter {
  /** µ-law in, as many bytes out. May be late by a little, never by a changing time. */
  process(mulaw: Uint8Array): Uint8Array;
}

/** 32 ms, every 16 ms: a syllable is longer, a hum is narrower than a bin of 31 Hz is wide. */
const SIZE = 256;
const HOP = SIZE / 2;
const BINS = SIZE / 2 + 1;
/** −16 dB: what is left of the noise. Less would sound like a dead line in the pauses. */
const LEAST_GAIN = 0.16;
/** Noise fluctuates from one window to the next: its level is looked for in an average of about a third of a second, whose least is below its mean. */
const NOISE_SMOOTHING = 0.9;
const NOISE_BIAS = 1.6;
/** More than the noise is taken away, for the same reason. */
const OVER_SUBTRACTION = 2.5;
const POWER_SMOOTHING = 0.6;
/** Gains rise at once, so that no word loses its beginning, and fall within some frames. */
const GAIN_FALL = 0.4;
/** The least power is that of about 1.5 seconds. */
const STRETCH_HOPS = 24;
const STRETCHES = 4;
/** A steady sound that is this loud (of one bin) is somebody's: a tone, a modem, music. */
const LOUDEST_NOISE = (400 * SIZE) ** 2 / 4;

const WINDOW = Float64Array.from({ length: SIZE }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / SIZE));

/**
 * Takes steady noise (hum, hiss, a fan, a car) out of speech: each band is turned down while it is no louder than its own least level of the last
 * seconds. Late by 32 ms. It does nothing against other people's voices.
 */
export class NoiseSuppressor implements CallerFilter {
  readonly #fourier = new Fourier(SIZE);
  readonly #re = new Float64Array(SIZE);
  readonly #im = new Float64Array(SIZE);
  readonly #input = new Float64Array(SIZE);
  #filled = HOP;
  readonly #overlap = new Float64Array(HOP);
  readonly #power = new Float64Array(BINS);
  readonly #average = new Float64Array(BINS);
  readonly #least = new Float64Array(BINS).fill(Number.POSITIVE_INFINITY);
  /** Powers of earlier stretches, one after the other. */
  readonly #before = new Float64Array(BINS * (STRETCHES - 1)).fill(0);
  readonly #gain = new Float64Array(BINS).fill(1);
  #hops = 0;
  /** Finished samples that have not been given out, and silence before the first. */
  #ready: Int16Array[] = [new Int16Array(HOP)];
  #readyAt = 0;

  process(mulaw: Uint8Array): Uint8Array {
    for (const sample of decodeMulaw(mulaw)) {
      this.#input[this.#filled++] = sample;
      if (this.#filled < SIZE) continue;
      this.#ready.push(this.#hop());
      this.#input.copyWithin(0, HOP);
      this.#filled = HOP;
    }
    return encodeMulaw(this.#take(mulaw.length));
  }

  #take(length: number): Int16Array {
    const samples = new Int16Array(length).fill(0);
    for (let at = 0; at < length; ) {
      const first = this.#ready[0];
      if (!first) break;
      const part = first.subarray(this.#readyAt, this.#readyAt + length - at);
      samples.set(part, at);
      at += part.length;
      this.#readyAt += part.length;
      if (this.#readyAt < first.length) break;
      this.#ready.shift();
      this.#readyAt = 0;
    }
    return samples;
  }

  #hop(): Int16Array {
    for (let i = 0; i < SIZE; i++) this.#re[i] = (this.#input[i] as number) * (WINDOW[i] as number);
    this.#im.fill(0);
    this.#fourier.forward(this.#re, this.#im);
    this.#learn();
    this.#apply();
    this.#fourier.inverse(this.#re, this.#im);
    const out = new Int16Array(HOP);
    for (let i = 0; i < HOP; i++) {
      const sample = ((this.#re[i] as number) * (WINDOW[i] as number)) / SIZE + (this.#overlap[i] as number);
      out[i] = Math.max(-32_768, Math.min(32_767, Math.round(sample)));
      this.#overlap[i] = ((this.#re[HOP + i] as number) * (WINDOW[HOP + i] as number)) / SIZE;
    }
    return out;
  }

  #learn(): void {
    const turn = ++this.#hops % STRETCH_HOPS === 0;
    if (turn) this.#before.copyWithin(0, BINS);
    for (let bin = 0; bin < BINS; bin++) {
      const power = (this.#re[bin] as number) ** 2 + (this.#im[bin] as number) ** 2;
      this.#power[bin] = (this.#power[bin] as number) * POWER_SMOOTHING + power * (1 - POWER_SMOOTHING);
      const average = (this.#average[bin] as number) * NOISE_SMOOTHING + power * (1 - NOISE_SMOOTHING);
      this.#average[bin] = average;
      this.#least[bin] = Math.min(this.#least[bin] as number, average);
      if (!turn) continue;
      this.#before[BINS * (STRETCHES - 2) + bin] = this.#least[bin] as number;
      this.#least[bin] = average;
    }
  }

  #noise(bin: number): number {
    let least = this.#least[bin] as number;
    for (let stretch = 0; stretch < STRETCHES - 1; stretch++) least = Math.min(least, this.#before[BINS * stretch + bin] as number);
    return Math.min(least * NOISE_BIAS, LOUDEST_NOISE);
  }

  #apply(): void {
    for (let bin = 0; bin < BINS; bin++) {
      const power = this.#power[bin] as number;
      const wanted = power > 0 ? Math.max(LEAST_GAIN, 1 - (OVER_SUBTRACTION * this.#noise(bin)) / power) : LEAST_GAIN;
      const gain = this.#gain[bin] as number;
      this.#gain[bin] = wanted >= gain ? wanted : gain + (wanted - gain) * GAIN_FALL;
      this.#scale(bin, this.#gain[bin] as number);
      if (bin > 0 && bin < SIZE / 2) this.#scale(SIZE - bin, this.#gain[bin] as number);
    }
  }

  #scale(bin: number, gain: number): void {
    this.#re[bin] = (this.#re[bin] as number) * gain;
    this.#im[bin] = (this.#im[bin] as number) * gain;
  }
}
