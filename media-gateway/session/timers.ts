import type { Clock } from '../../contracts/clock';

/** The timers of one call, by name. Setting one again replaces it; `dispose` ends all, and no later one starts. */
export class Timers<Name extends string> {
  readonly #cancels = new Map<Name, () => void>();
  #disposed = false;

  constructor(private readonly clock: Clock) {}

  set(name: Name, ms: number, fn: () => void): void {
    this.clear(name);
    if (this.#disposed) return;
    this.#cancels.set(
      name,
      this.clock.after(ms, () => {
        this.#cancels.delete(name);
        fn();
      }),
    );
  }

  has(name: Name): boolean {
    return this.#cancels.has(name);
  }

  clear(name: Name): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  dispose(): void {
    this.#disposed = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
