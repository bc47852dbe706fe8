/**
 * The one 20 ms clock of all audio in the lab. Deadlines are absolute: a late timer makes up for what it missed, so that a
 * second of audio takes a second however busy the machine is, and forty calls cost one timer.
 */
import type { Clock } from '../contracts/clock';
import { FRAME_MS } from '../contracts/g711';

export class Ticker {
  private readonly members = new Set<() => void>();
  private cancel: (() => void) | undefined;
  private nextAt = 0;

  constructor(private readonly clock: Clock) {}

  /** Runs `fn` every 20 ms until the returned function is called. */
  add(fn: () => void): () => void {
    this.members.add(fn);
    if (!this.cancel) {
      this.nextAt = this.clock.monotonic() + FRAME_MS;
      this.arm();
    }
    return () => {
      this.members.delete(fn);
      if (this.members.size === 0) this.stop();
    };
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private arm(): void {
    this.cancel = this.clock.after(Math.max(0, this.nextAt - this.clock.monotonic()), () => {
      const now = this.clock.monotonic();
      while (this.nextAt <= now && this.members.size > 0) {
        this.nextAt += FRAME_MS;
        for (const member of this.members) member();
      }
      if (this.members.size > 0) this.arm();
      else this.cancel = undefined;
    });
  }
}
