import type { Clock } from '../../contracts/clock';
import { Timers } from './timers';

/** Enough for a last question and its answer. */
const WARNING_BEFORE_MS = 30_000;
/** In a shorter call a warning would come when it has hardly begun. */
const LEAST_FOR_WARNING_MS = 120_000;
/** A call that goes on after a break has at least so long. */
const LEAST_REMAINING_MS = 5_000;

/** The hard end of a talk, and a warning before it. */
export class TimeLimit {
  readonly #timers: Timers<'limit' | 'warning'>;

  constructor(
    clock: Clock,
    private readonly maxDurationMs: number,
    private readonly actions: { warn(): void; end(): void },
  ) {
    this.#timers = new Timers(clock);
  }

  /** @param spentMs what earlier streams of the call have taken */
  start(spentMs: number): void {
    const remaining = Math.max(LEAST_REMAINING_MS, this.maxDurationMs - spentMs);
    this.#timers.set('limit', remaining, () => this.actions.end());
    if (this.maxDurationMs < LEAST_FOR_WARNING_MS || remaining <= WARNING_BEFORE_MS) return;
    this.#timers.set('warning', remaining - WARNING_BEFORE_MS, () => this.actions.warn());
  }

  dispose(): void {
    this.#timers.dispose();
  }
}
