import type { Clock } from '../../contracts/clock';
import { Timers } from './timers';

/** Unless the agent has another: enough for a last question and its answer. */
export const WARNING_BEFORE_MS = 30_000;
/** In a call that is shorter than so many times that, a warning would come when it has hardly begun. */
const LEAST_WARNINGS = 4;
/** A call that goes on after a break has at least so long. */
const LEAST_REMAINING_MS = 5_000;

/** The hard end of a talk, and a warning before it. */
export class TimeLimit {
  readonly #timers: Timers<'limit' | 'warning'>;

  constructor(
    clock: Clock,
    private readonly maxDurationMs: number,
    private readonly actions: { warn(): void; end(): void },
    /** 0: none. Agents from before there was a choice have no such field. */
    private readonly warningBeforeMs: number = WARNING_BEFORE_MS,
  ) {
    this.#timers = new Timers(clock);
  }

  /** @param spentMs what earlier streams of the call have taken */
  start(spentMs: number): void {
    const remaining = Math.max(LEAST_REMAINING_MS, this.maxDurationMs - spentMs);
    this.#timers.set('limit', remaining, () => this.actions.end());
    const before = this.warningBeforeMs;
    if (before === 0 || this.maxDurationMs < LEAST_WARNINGS * before || remaining <= before) return;
    this.#timers.set('warning', remaining - before, () => this.actions.warn());
  }

  dispose(): void {
    this.#timers.dispose();
  }
}
