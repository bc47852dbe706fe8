/** One hypothesis of where bytes begin: follows start bits from there on and gathers what it reads. Positions are 8 kHz samples. */
import { Utf8Reader } from './utf8-reader';

export type FrameResult =
  | { kind: 'none' }
  | { kind: 'character'; text: string }
  /** No start bit where one was seen, no stop bit, or a byte that UTF-8 cannot have here. */
  | { kind: 'broken'; falseStart: boolean };

const NONE: FrameResult = { kind: 'none' };

export class FrameReader {
  /** Where the window ends that holds the next bit; Infinity while it waits for a start bit. */
  due = Number.POSITIVE_INFINITY;
  /** Where the current byte began, or the next one should. */
  origin: number;
  /** What it has read so far. */
  text = '';
  private place = 0;
  private byte = 0;
  private readonly utf8 = new Utf8Reader();

  constructor(
    origin: number,
    private readonly bitLength: number,
  ) {
    this.origin = origin;
    this.start(origin);
  }

  get waiting(): boolean {
    return this.due === Number.POSITIVE_INFINITY;
  }

  /** Has some bits of a character, but not all. */
  get within(): boolean {
    return !this.waiting || this.utf8.incomplete;
  }

  /** The next bit is a stop bit. */
  get stopping(): boolean {
    return this.place === 9 && !this.waiting;
  }

  /** A start bit begins here. */
  start(at: number): void {
    this.origin = at;
    this.place = 0;
    this.byte = 0;
    this.due = at + this.bitLength;
  }

  /** The bit that ends at `due`. */
  bit(mark: boolean): FrameResult {
    const place = this.place++;
    if (place === 0 && mark) {
      this.due = Number.POSITIVE_INFINITY;
      return { kind: 'broken', falseStart: true };
    }
    if (place >= 1 && place <= 8 && mark) this.byte |= 1 << (place - 1);
    if (place < 9) {
      this.due = this.origin + (place + 2) * this.bitLength;
      return NONE;
    }
    this.due = Number.POSITIVE_INFINITY;
    this.origin += 10 * this.bitLength;
    const text = mark ? this.utf8.push(this.byte) : undefined;
    if (text === undefined) {
      this.utf8.reset();
      return { kind: 'broken', falseStart: false };
    }
    this.text += text;
    return text === '' ? NONE : { kind: 'character', text };
  }
}
