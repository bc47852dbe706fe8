/** Keys pressed one after the other belong together, until nothing comes for a while or the terminator ends them. */
import type { TurnsSpec } from '../../contracts/turns';

const MOST_DIGITS = 64;

export interface Keys {
  /** Without the terminator that ended them. */
  digits: string;
  /** Ended by the terminator: an input, and not a key of its own. */
  terminated: boolean;
}

export class DtmfCollector {
  #digits = '';

  /** @param timer sets the one timer of this collector anew */
  constructor(
    private readonly timer: { set(ms: number, fn: () => void): void; clear(): void },
    private readonly spec: TurnsSpec['keypad'],
    private readonly done: (keys: Keys) => void,
  ) {}

  push(digit: string): void {
    // With nothing before it the terminator may be a key of its own, or the first of a code such as #21#.
    if (digit === this.spec.terminator && this.#digits !== '') {
      this.#end(true);
      return;
    }
    this.#digits += digit;
    if (this.#digits.length >= MOST_DIGITS) this.#end(false);
    else this.timer.set(this.spec.interDigitMs, () => this.#end(false));
  }

  #end(terminated: boolean): void {
    this.timer.clear();
    const digits = this.#digits;
    this.#digits = '';
    if (digits) this.done({ digits, terminated });
  }
}
