/** `<Gather input="dtmf">`: says something, and waits for keys from the first word on. */
import { FRAME_BYTES } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';
import type { MediaPath } from './media-path';

export class GatherPath implements MediaPath {
  readonly kind = 'player';
  private offset = 0;
  private silentMs = 0;
  private digits = '';
  private finish: (digits: string) => void = () => undefined;
  /** The keys, when enough were pressed, none came for too long, or the carrier took the call elsewhere. */
  readonly ended = new Promise<string>((resolve) => {
    this.finish = resolve;
  });

  constructor(
    private readonly frames: Uint8Array,
    private readonly options: { numDigits: number; timeoutMs: number; finishOnKey: string },
  ) {}

  exchange(): Uint8Array {
    if (this.offset < this.frames.length && this.digits === '') {
      const frame = this.frames.subarray(this.offset, this.offset + FRAME_BYTES);
      this.offset += FRAME_BYTES;
      return frame;
    }
    this.silentMs += 20;
    if (this.silentMs >= this.options.timeoutMs) this.finish(this.digits);
    return SILENT_FRAME;
  }

  dtmf(digit: string): void {
    this.silentMs = 0;
    if (digit === this.options.finishOnKey) {
      this.finish(this.digits);
      return;
    }
    this.digits += digit;
    if (this.digits.length >= this.options.numDigits) this.finish(this.digits);
  }

  close(): void {
    this.finish('');
  }
}
