import { BYTES_PER_MS } from '../../../contracts/g711';

/** Frames go out in pairs: half the messages for 20 ms of delay. */
const BATCH_BYTES = 40 * BYTES_PER_MS;
/** What the caller says while the socket opens is not lost; what is older than this is of no use any more. */
const MOST_KEPT_BYTES = 5_000 * BYTES_PER_MS;

/** The caller's audio on its way to the vendor, in base64. */
export class AudioBacklog {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #open = false;

  constructor(private readonly send: (base64: string) => void) {}

  push(mulaw: Uint8Array): void {
    this.#parts.push(mulaw);
    this.#bytes += mulaw.length;
    while (!this.#open && this.#bytes > MOST_KEPT_BYTES) this.#bytes -= this.#parts.shift()?.length ?? 0;
    if (this.#open && this.#bytes >= BATCH_BYTES) this.flush();
  }

  /** The vendor listens. */
  open(): void {
    this.#open = true;
    this.flush();
  }

  flush(): void {
    if (!this.#open || this.#bytes === 0) return;
    const audio = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    this.send(audio.toString('base64'));
  }
}
