/** Speech has gaps: within two seconds the level comes down to the noise once. */
const STRETCH_FRAMES = 25;
const STRETCHES = 4;
/** Until there is more to go by: a clean line. */
const CLEAN = 50;
/** Louder than this nothing is taken for noise, however steady: about −32 dB of full scale. */
const LOUDEST = 800;
const SMOOTHING = 0.5;

/** The line's own noise, by the least level of the last two seconds. Follows a change of the noise within that time, up and down. */
export class NoiseFloor {
  #smoothed = CLEAN;
  #least = Number.POSITIVE_INFINITY;
  #frames = 0;
  readonly #before = new Float64Array(STRETCHES - 1).fill(CLEAN);
  #leastBefore = CLEAN;

  get level(): number {
    return Math.min(LOUDEST, this.#least, this.#leastBefore);
  }

  /** @param rms root mean square of a 20 ms frame */
  push(rms: number): void {
    this.#smoothed += (rms - this.#smoothed) * SMOOTHING;
    this.#least = Math.min(this.#least, this.#smoothed);
    if (++this.#frames < STRETCH_FRAMES) return;
    this.#before.copyWithin(0, 1);
    this.#before[STRETCHES - 2] = this.#least;
    this.#leastBefore = Math.min(...this.#before);
    this.#least = this.#smoothed;
    this.#frames = 0;
  }
}
