/**
 * What the media server has sent and the person has not heard yet: audio and marks in their order, taken out 20 ms at a time.
 * A mark is due when the frame before it has been played, that is when the next one is taken, or at once after `clear`.
 */
import { FRAME_BYTES, MULAW_SILENCE } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';

type Item = { kind: 'audio'; bytes: Uint8Array } | { kind: 'mark'; name: string };

export class PlayBuffer {
  private queue: Item[] = [];
  /** Bytes of the first item that were played already. */
  private offset = 0;
  private readonly scratch = new Uint8Array(FRAME_BYTES);
  playedBytes = 0;

  constructor(private readonly onMark: (name: string) => void) {}

  audio(bytes: Uint8Array): void {
    if (bytes.length > 0) this.queue.push({ kind: 'audio', bytes });
  }

  mark(name: string): void {
    if (this.queue.length === 0) this.onMark(name);
    else this.queue.push({ kind: 'mark', name });
  }

  clear(): void {
    const dropped = this.queue;
    this.queue = [];
    this.offset = 0;
    for (const item of dropped) if (item.kind === 'mark') this.onMark(item.name);
  }

  /** The next 20 ms; valid until the next call. `SILENT_FRAME` itself when nothing is there. */
  take(): Uint8Array {
    this.flushMarks();
    const head = this.queue[0];
    if (head?.kind !== 'audio') return SILENT_FRAME;
    // The common case costs nothing: a frame that lies in one piece.
    if (head.bytes.length - this.offset >= FRAME_BYTES) {
      const frame = head.bytes.subarray(this.offset, this.offset + FRAME_BYTES);
      this.advance(head.bytes, FRAME_BYTES);
      this.playedBytes += FRAME_BYTES;
      return frame;
    }
    return this.assemble();
  }

  private assemble(): Uint8Array {
    let filled = 0;
    let next = 0;
    const due: string[] = [];
    while (filled < FRAME_BYTES && next < this.queue.length) {
      const item = this.queue[next] as Item;
      if (item.kind === 'mark') {
        due.push(item.name);
        next++;
        continue;
      }
      const part = item.bytes.subarray(this.offset, this.offset + FRAME_BYTES - filled);
      this.scratch.set(part, filled);
      filled += part.length;
      this.offset += part.length;
      if (this.offset < item.bytes.length) break;
      this.offset = 0;
      next++;
    }
    // Marks inside this frame are due when it has been played: they go back to the front.
    this.queue.splice(0, next, ...due.map((name) => ({ kind: 'mark', name }) as const));
    this.scratch.fill(MULAW_SILENCE, filled);
    this.playedBytes += filled;
    return this.scratch;
  }

  private advance(bytes: Uint8Array, count: number): void {
    this.offset += count;
    if (this.offset < bytes.length) return;
    this.queue.shift();
    this.offset = 0;
  }

  private flushMarks(): void {
    while (this.queue[0]?.kind === 'mark') this.onMark((this.queue.shift() as { name: string }).name);
  }
}
