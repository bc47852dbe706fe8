/** Tells the workflow every second that this gateway lives and where the talk stands. */
import type { Clock } from '../contracts/clock';
import type { Logger } from '../runtime/log';
import { ACTIVITY_START_GRACE_MS } from './outbox';
import type { HeartbeatAnswer } from './workflow-link';

const HEARTBEAT_MS = 1_000;

export interface HeartbeatsOptions {
  beat(): Promise<HeartbeatAnswer>;
  /** The activity is not this gateway's any more. Called once. */
  onLost(why: string): void;
  clock: Clock;
  log: Logger;
}

export class Heartbeats {
  /** The activity has answered once: from then on, not found means over. */
  seen = false;
  private stopped = false;
  private cancelTimer: (() => void) | undefined;
  private readonly startedAt: number;
  private unanswered = false;

  constructor(private readonly options: HeartbeatsOptions) {
    this.startedAt = options.clock.monotonic();
  }

  start(): void {
    void this.beat();
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer?.();
  }

  private async beat(): Promise<void> {
    const { clock, log, onLost } = this.options;
    const began = clock.monotonic();
    const answer = await this.options.beat().catch((error: unknown): HeartbeatAnswer => {
      log.error({ err: error }, 'heartbeat failed');
      return 'unavailable';
    });
    if (this.stopped) return;
    switch (answer) {
      case 'alive':
        this.seen = true;
        break;
      case 'canceled':
        return onLost('canceled');
      case 'not_found':
        // Attached, and not started yet: a worker takes it up in a moment.
        if (this.seen || clock.monotonic() - this.startedAt > ACTIVITY_START_GRACE_MS) return onLost('not found');
        break;
      case 'unavailable':
        // The caller does not hear that Temporal is away.
        if (!this.unanswered) log.warn('heartbeats are not answered; the conversation goes on');
        break;
    }
    this.unanswered = answer === 'unavailable';
    const spent = clock.monotonic() - began;
    this.cancelTimer = clock.after(Math.max(0, HEARTBEAT_MS - spent), () => void this.beat());
  }
}
