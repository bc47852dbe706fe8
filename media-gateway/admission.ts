/** How many calls this process takes, and whether it takes any: by load, never by who asks. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** Frames are due every 20 ms: a loop that is this late on average cannot keep any call's audio in time. */
const LOOP_DELAY_LIMIT_MS = 150;
/** One slow moment (a garbage collection, a neighbour on the machine) is no overload. */
const WINDOWS_UNTIL_OVERLOADED = 3;

export class Admission {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });
  private lateWindows = 0;
  private loopDelay = 0;
  draining = false;

  constructor(
    private readonly maxCalls: number,
    private readonly activeCalls: () => number,
  ) {
    this.histogram.enable();
  }

  /** Mean event-loop delay of the last window in milliseconds, what the timer itself waits not counted. */
  get loopDelayMs(): number {
    return this.loopDelay;
  }

  get overloaded(): boolean {
    return this.lateWindows >= WINDOWS_UNTIL_OVERLOADED;
  }

  /** Called once per window, about every second, by the registration's beat. */
  sample(): void {
    const mean = this.histogram.mean / 1e6;
    this.loopDelay = Number.isFinite(mean) ? Math.max(0, mean - 20) : 0;
    this.histogram.reset();
    this.lateWindows = this.loopDelay > LOOP_DELAY_LIMIT_MS ? this.lateWindows + 1 : 0;
  }

  /**
   * Why a stream cannot be taken, if so. Overload is no reason: the phone has been answered, and a late voice is better than none. It only
   * keeps new calls from being reserved here.
   */
  refusal(): 'draining' | 'full' | undefined {
    if (this.draining) return 'draining';
    return this.activeCalls() >= this.maxCalls ? 'full' : undefined;
  }

  /** For the registration: an overloaded gateway is as good as full. */
  capacity(): { maxCalls: number; activeCalls: number; draining: boolean } {
    const activeCalls = this.activeCalls();
    return { maxCalls: this.overloaded ? Math.max(1, activeCalls) : this.maxCalls, activeCalls, draining: this.draining };
  }

  problems(): string[] {
    const problems: string[] = [];
    const refusal = this.refusal();
    if (refusal === 'draining') problems.push('draining: no new calls');
    if (refusal === 'full') problems.push(`full: ${this.maxCalls} calls`);
    if (this.overloaded) problems.push(`overloaded: the event loop is ${Math.round(this.loopDelay)} ms late`);
    return problems;
  }

  stop(): void {
    this.histogram.disable();
  }
}
