/** Weight of what is known already: some ten pauses move the delay to a caller's own. */
const ALPHA = 0.9;
/** Half of a caller's pauses are longer than their average: the average alone went on cutting in (measured on slow speech: each time). */
const MARGIN = 1.25;

/** A delay that follows the caller's own pauses and stays within its limits. */
export class DynamicDelay {
  #averageMs: number;

  constructor(private readonly limits: { minDelayMs: number; maxDelayMs: number }) {
    this.#averageMs = limits.minDelayMs / MARGIN;
  }

  get ms(): number {
    return Math.min(this.limits.maxDelayMs, Math.max(this.limits.minDelayMs, this.#averageMs * MARGIN));
  }

  /** The caller paused for so long and went on. */
  learn(pauseMs: number): void {
    this.#averageMs = ALPHA * this.#averageMs + (1 - ALPHA) * pauseMs;
  }
}
