/** Weight of what is known already: some ten pauses move the delay to a caller's own. */
const ALPHA = 0.9;

/** A delay that follows the caller's own pauses and stays within its limits. */
export class DynamicDelay {
  #averageMs: number;

  constructor(private readonly limits: { minDelayMs: number; maxDelayMs: number }) {
    this.#averageMs = limits.minDelayMs;
  }

  get ms(): number {
    return this.#averageMs;
  }

  /** The caller paused for so long and went on. */
  learn(pauseMs: number): void {
    const { minDelayMs, maxDelayMs } = this.limits;
    const average = ALPHA * this.#averageMs + (1 - ALPHA) * pauseMs;
    this.#averageMs = Math.min(maxDelayMs, Math.max(minDelayMs, average));
  }
}
