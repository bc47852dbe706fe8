/** Tells mark from space: two sliding quadrature correlators over one bit, in whole numbers so that nothing drifts. 8 kHz only. */

const PERIOD = 20;
const SCALE = 256;
const reference = (cycles: number, offset: number) =>
  Int32Array.from({ length: PERIOD }, (_, i) => Math.round(SCALE * Math.sin((2 * Math.PI * cycles * i) / PERIOD + offset)));
// 1200 Hz and 2400 Hz at 8 kHz: 3 and 6 turns in 20 samples.
const MARK_SIN = reference(3, 0);
const MARK_COS = reference(3, Math.PI / 2);
const SPACE_SIN = reference(6, 0);
const SPACE_COS = reference(6, Math.PI / 2);
/** Weakest tone that counts as a carrier: peak amplitude, of 32,768. */
const CARRIER_AMPLITUDE = 500;

export class ToneDetector {
  /** Samples the window holds. */
  readonly window: number;
  /** Above zero: mark. */
  balance = 0;
  carrier = false;
  private readonly products: Int32Array;
  private readonly threshold: number;
  private slot = 0;
  private step = 0;
  private markI = 0;
  private markQ = 0;
  private spaceI = 0;
  private spaceQ = 0;

  constructor(baud: number) {
    this.window = Math.max(6, Math.round(8000 / baud));
    this.products = new Int32Array(this.window * 4);
    this.threshold = ((CARRIER_AMPLITUDE * SCALE * this.window) / 2) ** 2;
  }

  push(sample: number): void {
    const { products, slot, step } = this;
    const a = sample * (MARK_SIN[step] as number);
    const b = sample * (MARK_COS[step] as number);
    const c = sample * (SPACE_SIN[step] as number);
    const d = sample * (SPACE_COS[step] as number);
    this.markI += a - (products[slot] as number);
    this.markQ += b - (products[slot + 1] as number);
    this.spaceI += c - (products[slot + 2] as number);
    this.spaceQ += d - (products[slot + 3] as number);
    products[slot] = a;
    products[slot + 1] = b;
    products[slot + 2] = c;
    products[slot + 3] = d;
    this.slot = slot + 4 === products.length ? 0 : slot + 4;
    this.step = step + 1 === PERIOD ? 0 : step + 1;
    const mark = this.markI * this.markI + this.markQ * this.markQ;
    const space = this.spaceI * this.spaceI + this.spaceQ * this.spaceQ;
    this.balance = mark - space;
    this.carrier = mark + space > this.threshold;
  }
}
