/** Reads UTF-8 byte by byte and gives each character as soon as it is complete. */
export class Utf8Reader {
  private pending = 0;
  private codePoint = 0;
  private smallest = 0;

  /** True between the first and the last byte of one character. */
  get incomplete(): boolean {
    return this.pending > 0;
  }

  reset(): void {
    this.pending = 0;
  }

  /** The character that this byte completes, '' when more bytes are needed, undefined when it cannot be here. */
  push(byte: number): string | undefined {
    if (this.pending > 0) {
      if ((byte & 0xc0) !== 0x80) {
        this.pending = 0;
        return undefined;
      }
      this.codePoint = (this.codePoint << 6) | (byte & 0x3f);
      if (--this.pending > 0) return '';
      const whole = this.codePoint;
      const surrogate = whole >= 0xd800 && whole <= 0xdfff;
      return whole < this.smallest || whole > 0x10ffff || surrogate ? undefined : String.fromCodePoint(whole);
    }
    if (byte < 0x80) return String.fromCharCode(byte);
    if (byte >= 0xc2 && byte <= 0xdf) return this.begin(1, byte & 0x1f, 0x80);
    if (byte >= 0xe0 && byte <= 0xef) return this.begin(2, byte & 0x0f, 0x800);
    if (byte >= 0xf0 && byte <= 0xf4) return this.begin(3, byte & 0x07, 0x10000);
    return undefined;
  }

  private begin(more: number, bits: number, smallest: number): '' {
    this.pending = more;
    this.codePoint = bits;
    this.smallest = smallest;
    return '';
  }
}
