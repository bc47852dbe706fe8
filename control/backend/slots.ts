/** So many at a time for each key; who comes later waits for its turn. */
export class Slots {
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(private readonly most: number) {}

  /** @returns gives it back, once. Rejects with the signal's reason. */
  async take(key: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const taken = this.#taken.get(key) ?? 0;
    if (taken < this.most) this.#taken.set(key, taken + 1);
    else await this.#turn(key, signal);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#give(key);
    };
  }

  #turn(key: string, signal: AbortSignal): Promise<void> {
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
    return new Promise((resolve, reject) => {
      const over = () => {
        waiting.delete(next);
        signal.removeEventListener('abort', onAbort);
      };
      const next = () => {
        over();
        resolve();
      };
      const onAbort = () => {
        over();
        reject(signal.reason);
      };
      waiting.add(next);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** To whoever waits longest, who has it without its having been free. */
  #give(key: string): void {
    const [next] = this.#waiting.get(key) ?? [];
    if (next) {
      next();
      return;
    }
    this.#waiting.delete(key);
    const taken = (this.#taken.get(key) ?? 1) - 1;
    if (taken > 0) this.#taken.set(key, taken);
    else this.#taken.delete(key);
  }
}
