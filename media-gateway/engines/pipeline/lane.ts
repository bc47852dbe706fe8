/** Values that go through a step which may take its time, and come out in the order in which they went in. Without a wait there is none. */
export class Lane<T> {
  #tail: Promise<void> | undefined;
  #waiting = 0;
  #closed = false;

  /**
   * @param step never rejects; null takes the value out
   * @param most so many may wait for a step that is slower than they come; beyond it the first of them go without it
   */
  constructor(
    private readonly step: (value: T) => T | null | Promise<T | null>,
    private readonly deliver: (value: T) => void,
    private readonly most = Number.POSITIVE_INFINITY,
  ) {}

  push(value: T): void {
    if (this.#closed) return;
    if (this.#tail) {
      this.#waiting++;
      this.#follow(async () => {
        const late = this.#waiting-- > this.most;
        this.#out(late ? value : await this.step(value));
      });
      return;
    }
    const result = this.step(value);
    if (result instanceof Promise) this.#follow(async () => this.#out(await result));
    else this.#out(result);
  }

  /** Calls `fn` behind all that was pushed before. */
  after(fn: () => void): void {
    if (this.#closed) return;
    if (this.#tail) this.#follow(async () => fn());
    else fn();
  }

  /** What is still on the way does not arrive. */
  close(): void {
    this.#closed = true;
  }

  #out(value: T | null): void {
    if (value !== null && !this.#closed) this.deliver(value);
  }

  #follow(work: () => Promise<void>): void {
    const tail = (this.#tail ?? Promise.resolve())
      .then(() => (this.#closed ? undefined : work()))
      .finally(() => {
        if (this.#tail === tail) this.#tail = undefined;
      });
    this.#tail = tail;
  }
}
