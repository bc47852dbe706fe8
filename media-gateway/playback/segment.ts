import { FRAME_BYTES } from '../../contracts/g711';

/** One item's audio, kept until it was heard, so that it can be sent again from any place. */
export class Segment {
  /** No more audio will come. */
  complete = false;
  /** Its first byte has been sent at some time. */
  started = false;
  /** All was sent, and the mark behind it too. */
  endMarked = false;
  /** When audio last came, milliseconds of the pacer's clock. */
  appendedAt = 0;
  cancelTimeout: (() => void) | undefined;
  #audio = new Uint8Array(8_000);
  #length = 0;
  #sent = 0;

  constructor(
    readonly itemId: string,
    readonly interruptible: boolean,
  ) {}

  get sentBytes(): number {
    return this.#sent;
  }

  get unsentBytes(): number {
    return this.#length - this.#sent;
  }

  /** Bytes that may go out now: whole frames, and the odd rest once it is known to be the last. */
  get sendableBytes(): number {
    const unsent = this.unsentBytes;
    return this.complete ? unsent : unsent - (unsent % FRAME_BYTES);
  }

  append(mulaw: Uint8Array): void {
    const needed = this.#length + mulaw.length;
    if (needed > this.#audio.length) {
      const bigger = new Uint8Array(Math.max(needed, 2 * this.#audio.length));
      bigger.set(this.#audio.subarray(0, this.#length));
      this.#audio = bigger;
    }
    this.#audio.set(mulaw, this.#length);
    this.#length = needed;
  }

  /** The next bytes, at most so many. A copy: the buffer may move while the socket still holds the frame. */
  take(bytes: number): Uint8Array {
    const end = Math.min(this.#length, this.#sent + bytes);
    const audio = this.#audio.slice(this.#sent, end);
    this.#sent = end;
    return audio;
  }

  rewind(heardBytes: number): void {
    this.#sent = Math.min(heardBytes, this.#length);
    this.endMarked = false;
    this.cancelTimeout?.();
    this.cancelTimeout = undefined;
  }
}
