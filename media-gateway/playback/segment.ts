import { FRAME_BYTES } from '../../contracts/g711';

/** A second. Blocks are filled, sent, and let go one by one: a long answer takes no more than what of it is not heard yet, and nothing is copied to grow. */
const BLOCK_BYTES = 8_000;

/** One item's audio, kept until it was heard, so that it can be sent again from there on. */
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
  readonly #blocks: Uint8Array[] = [];
  /** Bytes before the first block: heard, and gone. */
  #gone = 0;
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
    for (let from = 0; from < mulaw.length; ) {
      const at = this.#length % BLOCK_BYTES;
      if (at === 0) this.#blocks.push(new Uint8Array(BLOCK_BYTES));
      const bytes = Math.min(mulaw.length - from, BLOCK_BYTES - at);
      (this.#blocks.at(-1) as Uint8Array).set(mulaw.subarray(from, from + bytes), at);
      this.#length += bytes;
      from += bytes;
    }
  }

  /** The next bytes, at most so many. What was appended is never written again, so that nobody needs a copy. */
  take(bytes: number): Uint8Array {
    const end = Math.min(this.#length, this.#sent + bytes);
    const first = this.#view(end);
    if (this.#sent === end) return first;
    const parts = [first];
    while (this.#sent < end) parts.push(this.#view(end));
    return Buffer.concat(parts);
  }

  rewind(heardBytes: number): void {
    this.#sent = Math.min(Math.max(heardBytes, this.#gone), this.#length);
    this.endMarked = false;
    this.cancelTimeout?.();
    this.cancelTimeout = undefined;
  }

  /** Will never be sent again: the carrier has said that it played so much. */
  forget(playedBytes: number): void {
    while (this.#gone + BLOCK_BYTES <= Math.min(playedBytes, this.#sent)) {
      this.#blocks.shift();
      this.#gone += BLOCK_BYTES;
    }
  }

  /** What of the block that is being sent lies before `end`. */
  #view(end: number): Uint8Array {
    const at = this.#sent % BLOCK_BYTES;
    const block = this.#blocks[(this.#sent - at - this.#gone) / BLOCK_BYTES];
    const view = block?.subarray(at, at + end - this.#sent) ?? new Uint8Array(0);
    this.#sent += view.length;
    return view;
  }
}
