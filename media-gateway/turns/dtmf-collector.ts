/** Keys pressed one after the other belong together, until nothing comes for a while or the terminator ends them. */
import type { TurnsSpec } from '../../contracts/turns';

const MOST_DIGITS = 64;

export class DtmfCollector {
  #digits = '';

  /**
   * @param timer sets the one timer of this collector anew
   * @param done gets every key that was pressed, the terminator that ended them included
   */
  constructor(
    private readonly timer: { set(ms: number, fn: () => void): void; clear(): void },
    private readonly spec: TurnsSpec['keypad'],
    private readonly done: (keys: string) => void,
  ) {}

  push(digit: string): void {
    // With nothing before it the terminator may be the first of a code such as #21#.
    const ends = digit === this.spec.terminator && this.#digits !== '';
    this.#digits += digit;
    if (ends || this.#digits.length >= MOST_DIGITS) this.#end();
    else this.timer.set(this.spec.interDigitMs, () => this.#end());
  }

  #end(): void {
    this.timer.clear();
    const digits = this.#digits;
    this.#digits = '';
    if (digits) this.done(digits);
  }
}
