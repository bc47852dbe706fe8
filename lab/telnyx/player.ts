/** What `speak` and `playback_start` have put before a leg's ear: one after the other, in the order of the commands. */
import { FRAME_BYTES } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';

export type PlayerEnd = 'completed' | 'cancelled' | 'call_hangup' | 'file_not_found' | 'failed';

export interface PlayerItem {
  kind: 'say' | 'play';
  /** Whole frames of µ-law; undefined while they are being fetched. */
  frames: Uint8Array | undefined;
  /** How often it is played in all. */
  times: number;
  started(): void;
  ended(how: PlayerEnd): void;
}

export class Player {
  private queue: { item: PlayerItem; offset: number; left: number; begun: boolean }[] = [];

  /** What is being played, or waited for. */
  get current(): PlayerItem | undefined {
    return this.queue[0]?.item;
  }

  add(item: PlayerItem): void {
    this.queue.push({ item, offset: 0, left: item.times, begun: false });
  }

  /** One that cannot be played is taken out. */
  fail(item: PlayerItem, how: 'file_not_found' | 'failed'): void {
    if (!this.queue.some((entry) => entry.item === item)) return;
    this.queue = this.queue.filter((entry) => entry.item !== item);
    item.ended(how);
  }

  stop(which: 'current' | 'all', how: PlayerEnd = 'cancelled'): void {
    const stopped = this.queue.splice(0, which === 'current' ? 1 : this.queue.length);
    for (const { item } of stopped) item.ended(how);
  }

  /** The next 20 ms; `SILENT_FRAME` itself when there is nothing. */
  take(): Uint8Array {
    for (;;) {
      const head = this.queue[0];
      if (!head?.item.frames) return SILENT_FRAME;
      if (!head.begun) {
        head.begun = true;
        head.item.started();
      }
      if (head.offset < head.item.frames.length) {
        const frame = head.item.frames.subarray(head.offset, head.offset + FRAME_BYTES);
        head.offset += FRAME_BYTES;
        return frame;
      }
      head.offset = 0;
      if (--head.left > 0 && head.item.frames.length > 0) continue;
      // Asked for again behind its last frame: that one has been heard.
      this.queue.shift();
      head.item.ended('completed');
    }
  }
}
