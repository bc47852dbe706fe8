/** Values that go through a step which may take its time, and come out in the order in which they went in. Without a wait there is none. */
export class Lane<T> {
  #tail: Promise<void> | undefined;
  #closed = false;

  /** @param step never rejects; null takes the value out */
  constructor(
    private readonly step: (value: T) => T | null | Promise<T | null>,
    private readonly deliver: (value: T) => void,
  ) {}

  push(value: T): void {
    if (this.#closed) return;
    if (this.#tail) {
      this.#follow(async () => this.#out(await this.step(value)));
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
