/** What a phone is connected with at a moment: a media stream, a recording, another phone. */
import { FRAME_BYTES } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';

export interface MediaPath {
  readonly kind: 'stream' | 'player' | 'bridge';
  /** Takes 20 ms of what the person says and gives 20 ms of what arrives; valid until the next call. */
  exchange(said: Uint8Array): Uint8Array;
  dtmf(digit: string): void;
  /** The carrier takes it away: the call ended, or goes on with something else. */
  close(): void;
}

/** Plays frames to the person, who is not listened to. */
export class PlayerPath implements MediaPath {
  readonly kind = 'player';
  private offset = 0;
  private finish: () => void = () => undefined;
  /** Resolves when it has been played, or was closed. */
  readonly ended = new Promise<void>((resolve) => {
    this.finish = resolve;
  });

  /** `frames` of silence are not made: `lengthBytes` alone says how long it takes. */
  constructor(
    private readonly frames: Uint8Array | undefined,
    private readonly lengthBytes: number = frames?.length ?? 0,
  ) {}

  exchange(): Uint8Array {
    if (this.offset >= this.lengthBytes) {
      this.finish();
      return SILENT_FRAME;
    }
    const frame = this.frames?.subarray(this.offset, this.offset + FRAME_BYTES) ?? SILENT_FRAME;
    this.offset += FRAME_BYTES;
    return frame;
  }

  dtmf(): void {}

  close(): void {
    this.finish();
  }
}
