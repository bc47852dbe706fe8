import type { Clock } from '../contracts/clock';

interface Tick {
  readonly due: Set<() => void>;
  readonly cancel: () => void;
}

/**
 * A clock whose timers go off together, at whole multiples of `everyMs`, each at the one nearest to when it is due: up to half of that too early or too
 * late. For what every call does many times a second and need not do to the millisecond: it costs a process far less to wake up once for ten calls than
 * ten times for one.
 */
export class SharedTicks implements Clock {
  readonly #ticks = new Map<number, Tick>();

  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
  ) {}

  now(): number {
    return this.clock.now();
  }

  monotonic(): number {
    return this.clock.monotonic();
  }

  after(ms: number, fn: () => void): () => void {
    const now = this.clock.monotonic();
    const at = Math.max(Math.round((now + ms) / this.everyMs), Math.floor(now / this.everyMs) + 1);
    const tick = this.#ticks.get(at) ?? this.#begin(at, at * this.everyMs - now);
    // Of its own, because the same function may be asked for twice.
    const entry = () => fn();
    tick.due.add(entry);
    return () => {
      if (!tick.due.delete(entry) || tick.due.size > 0 || this.#ticks.get(at) !== tick) return;
      tick.cancel();
      this.#ticks.delete(at);
    };
  }

  #begin(at: number, ms: number): Tick {
    const due = new Set<() => void>();
    const tick = { due, cancel: this.clock.after(ms, () => this.#run(at, due)) };
    this.#ticks.set(at, tick);
    return tick;
  }

  #run(at: number, due: Set<() => void>): void {
    this.#ticks.delete(at);
    for (const entry of due) {
      due.delete(entry);
      try {
        entry();
      } catch (error) {
        // As from a timer of its own: the others are not held up by it.
        this.clock.after(0, () => {
          throw error;
        });
      }
    }
  }
}
