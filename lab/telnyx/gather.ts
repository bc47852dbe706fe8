/** Digits that a command waits for. */

export type GatherEnd = 'valid' | 'invalid' | 'timeout' | 'call_hangup' | 'cancelled';

export interface GatherOptions {
  least: number;
  most: number;
  terminator: string;
  validDigits: string;
  /** For the first digit. */
  firstMs: number;
  /** For each one after it. */
  nextMs: number;
}

export class Gather {
  private digits = '';
  private over = false;
  private cancel: () => void = () => undefined;

  constructor(
    private readonly options: GatherOptions,
    private readonly after: (ms: number, fn: () => void) => () => void,
    private readonly ended: (how: GatherEnd, digits: string) => void,
  ) {}

  /** Nothing more is said: the time for the first digit runs. */
  listen(): void {
    if (this.digits === '') this.wait(this.options.firstMs);
  }

  digit(digit: string): void {
    if (this.over) return;
    const { terminator, most, validDigits, nextMs } = this.options;
    if (digit === terminator) {
      this.finish(this.isEnough ? 'valid' : 'invalid');
      return;
    }
    if (!validDigits.includes(digit)) return;
    this.digits += digit;
    if (this.digits.length >= most) this.finish('valid');
    else this.wait(nextMs);
  }

  finish(how: GatherEnd): void {
    if (this.over) return;
    this.over = true;
    this.cancel();
    this.ended(how, this.digits);
  }

  private get isEnough(): boolean {
    return this.digits.length >= this.options.least;
  }

  private wait(ms: number): void {
    this.cancel();
    this.cancel = this.after(ms, () => this.finish(this.digits === '' ? 'timeout' : this.isEnough ? 'valid' : 'invalid'));
  }
}
