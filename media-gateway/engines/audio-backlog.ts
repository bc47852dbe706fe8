import { BYTES_PER_MS } from '../../contracts/g711';

/** What the caller says while the socket opens is not lost; what is older than this is of no use any more. */
const MOST_KEPT_BYTES = 5_000 * BYTES_PER_MS;

/**
 * The caller's audio on its way to the vendor, in base64: at once, frame by frame. In pairs it took half the messages, and every other frame was
 * 20 ms late.
 */
export class AudioBacklog {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #open = false;

  constructor(private readonly send: (base64: string) => void) {}

  push(mulaw: Uint8Array): void {
    if (this.#open) {
      this.send(Buffer.from(mulaw.buffer, mulaw.byteOffset, mulaw.byteLength).toString('base64'));
      return;
    }
    this.#parts.push(mulaw);
    this.#bytes += mulaw.length;
    while (this.#bytes > MOST_KEPT_BYTES) this.#bytes -= this.#parts.shift()?.length ?? 0;
  }

  /** The vendor listens. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    if (this.#bytes > 0) this.send(Buffer.concat(this.#parts).toString('base64'));
    this.#parts = [];
    this.#bytes = 0;
  }
}
