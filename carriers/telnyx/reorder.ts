/** Telnyx does not promise the order of frames: those that come early wait for the one before them, a few at a time. */

/** Four frames are 80 ms: longer than a frame is late, shorter than an answer is missed. What has not come by then is lost. */
const MAX_HELD = 4;
/** No frame is a second late: the counting has begun anew, or has come round. */
const ANEW = 50;

export class Reorder<T> {
  private next: number | undefined;
  private readonly held = new Map<number, T>();

  constructor(private readonly deliver: (frame: T) => void) {}

  /** @param chunk the frame's number, one more for each frame */
  push(chunk: number, frame: T): void {
    const { next } = this;
    if (next === undefined || next - chunk > ANEW) this.begin(chunk);
    // Too late: what comes after it has been heard. Or a repeat.
    else if (chunk < next) return;
    this.held.set(chunk, frame);
    if (this.held.size > MAX_HELD) this.next = Math.min(...this.held.keys());
    this.release();
  }

  /** What is held goes out, in its order: nothing comes any more. */
  flush(): void {
    for (const chunk of [...this.held.keys()].sort((a, b) => a - b)) {
      this.next = chunk;
      this.release();
    }
  }

  /** Frames are counted from 1; whoever counts from elsewhere is followed from there. */
  private begin(chunk: number): void {
    this.flush();
    this.next = chunk <= MAX_HELD ? Math.min(chunk, 1) : chunk;
  }

  private release(): void {
    while (this.next !== undefined) {
      const frame = this.held.get(this.next);
      if (frame === undefined) return;
      this.held.delete(this.next);
      this.next += 1;
      this.deliver(frame);
    }
  }
}
