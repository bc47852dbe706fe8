/** Keys pressed one after the other belong together, until nothing comes for a while or `#` ends them. */
const INTER_DIGIT_MS = 1_500;
const MOST_DIGITS = 64;

export class DtmfCollector {
  #digits = '';

  /** @param timer sets the one timer of this collector anew */
  constructor(
    private readonly timer: { set(ms: number, fn: () => void): void; clear(): void },
    private readonly done: (digits: string) => void,
  ) {}

  push(digit: string): void {
    this.#digits += digit;
    // `#` pressed alone may be a key of its own.
    if ((digit === '#' && this.#digits.length > 1) || this.#digits.length >= MOST_DIGITS) this.flush();
    else this.timer.set(INTER_DIGIT_MS, () => this.flush());
  }

  flush(): void {
    this.timer.clear();
    const digits = this.#digits;
    this.#digits = '';
    if (digits) this.done(digits);
  }
}
