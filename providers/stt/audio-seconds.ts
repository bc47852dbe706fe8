import type { UsageLine } from '../../contracts/call';
import { BYTES_PER_MS } from '../../contracts/g711';

/** Told so often that a gateway that is killed loses the price of a few seconds. */
const TELL_EVERY_MS = 10_000;

/** Seconds of audio that were sent, as vendors bill them that charge by the length of the stream. */
export class AudioSeconds {
  #untoldBytes = 0;

  constructor(
    private readonly line: Omit<UsageLine, 'quantity' | 'unit'>,
    private readonly tell: (lines: UsageLine[]) => void,
  ) {}

  /** µ-law at 8 kHz. */
  sent(bytes: number): void {
    this.#untoldBytes += bytes;
    if (this.#untoldBytes >= TELL_EVERY_MS * BYTES_PER_MS) this.flush();
  }

  flush(): void {
    if (this.#untoldBytes === 0) return;
    const quantity = this.#untoldBytes / (1_000 * BYTES_PER_MS);
    this.#untoldBytes = 0;
    this.tell([{ ...this.line, unit: 'second', quantity }]);
  }
}
