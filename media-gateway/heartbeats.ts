/** Tells the workflow every second that this gateway lives and where the talk stands. */
import type { Clock } from '../contracts/clock';
import type { Logger } from '../runtime/log';
import { ACTIVITY_START_GRACE_MS } from './outbox';
import type { HeartbeatAnswer } from './workflow-link';

const HEARTBEAT_MS = 1_000;

export interface HeartbeatsOptions {
  beat(): Promise<HeartbeatAnswer>;
  /**
   * The activity is over, and nobody told this gateway: Temporal, or this process, was away for too long. Asks for another one; `lost` when the
   * call has gone on elsewhere.
   */
  attachAgain(): Promise<'attached' | 'unavailable' | 'lost'>;
  /** The call is not this gateway's any more. Called once. */
  onLost(why: string): void;
  clock: Clock;
  log: Logger;
}

export class Heartbeats {
  /** The activity has answered once: from then on, not found means over. */
  seen = false;
  private stopped = false;
  private cancelTimer: (() => void) | undefined;
  private startedAt: number;
  private unanswered = false;
  /** A beat is on its way; `again`: what it tells is out of date already. */
  private beating: 'no' | 'yes' | 'again' = 'no';

  constructor(private readonly options: HeartbeatsOptions) {
    this.startedAt = options.clock.monotonic();
  }

  start(): void {
    this.now();
  }

  /** Something worth keeping has happened: what is told within a second might be too late. */
  now(): void {
    if (this.stopped) return;
    if (this.beating !== 'no') {
      this.beating = 'again';
      return;
    }
    this.cancelTimer?.();
    this.beating = 'yes';
    void this.beat().finally(() => {
      const again = this.beating === 'again';
      this.beating = 'no';
      if (again) this.now();
    });
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
        if (!this.seen && clock.monotonic() - this.startedAt <= ACTIVITY_START_GRACE_MS) break;
        switch (await this.options.attachAgain()) {
          case 'attached':
            this.seen = false;
            this.startedAt = clock.monotonic();
            break;
          case 'unavailable':
            break;
          case 'lost':
            if (this.stopped) return;
            return onLost('not found');
        }
        if (this.stopped) return;
        break;
      case 'unavailable':
        // The caller does not hear that Temporal is away.
        if (!this.unanswered) log.warn('heartbeats are not answered; the conversation goes on');
        break;
    }
    this.unanswered = answer === 'unavailable';
    const spent = clock.monotonic() - began;
    this.cancelTimer = clock.after(Math.max(0, HEARTBEAT_MS - spent), () => this.now());
  }
}
