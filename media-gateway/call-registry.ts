/** The streams of this process. A call has one at a time, but for the moment in which a new one takes over. */
import { type Clock, sleep } from '../contracts/clock';
import type { CallHost } from './call-host';

/** Callbacks come within seconds; those of a carrier in trouble may be signals all the same. */
const REMEMBERED_MS = 60_000;

export class CallRegistry {
  private readonly hosts = new Map<string, Set<CallHost>>();
  private count = 0;
  private readonly idleWaiters = new Set<() => void>();
  /** Streams that were here and are gone, and when: their report tells the workflow all that the carrier's callback on their end could. */
  private readonly ended = new Map<string, number>();
  /** Whoever waits for a stream of a carrier's call to be attached. */
  private readonly attachWaiters = new Map<string, Set<() => void>>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.count;
  }

  all(): CallHost[] {
    return [...this.hosts.values()].flatMap((set) => [...set]);
  }

  of(callId: string): CallHost[] {
    return [...(this.hosts.get(callId) ?? [])];
  }

  /** Whether the stream is, or was a moment ago, this process's: then the workflow hears of its end from here. */
  tellsOf(callId: string, streamId: string): boolean {
    return this.ended.has(streamId) || this.of(callId).some((host) => host.stream.streamId === streamId);
  }

  /** Whether the workflow has taken a stream of this carrier call, now or within `ms`; no longer than until `hurry`. */
  async attachedWithin(callId: string, carrierCallId: string, ms: number, hurry: AbortSignal): Promise<boolean> {
    if (this.of(callId).some((host) => host.isAttached && host.stream.carrierCallId === carrierCallId)) return true;
    const waiters = this.attachWaiters.get(carrierCallId) ?? new Set();
    this.attachWaiters.set(carrierCallId, waiters);
    return new Promise<boolean>((resolve) => {
      const settle = (attached: boolean) => {
        cancel();
        hurry.removeEventListener('abort', giveUp);
        waiters.delete(wake);
        if (waiters.size === 0) this.attachWaiters.delete(carrierCallId);
        resolve(attached);
      };
      const wake = () => settle(true);
      const giveUp = () => settle(false);
      const cancel = this.clock.after(ms, giveUp);
      hurry.addEventListener('abort', giveUp, { once: true });
      waiters.add(wake);
    });
  }

  onAttached(carrierCallId: string): void {
    for (const wake of [...(this.attachWaiters.get(carrierCallId) ?? [])]) wake();
  }

  add(host: CallHost): void {
    const set = this.hosts.get(host.callId) ?? new Set();
    this.hosts.set(host.callId, set);
    if (set.has(host)) return;
    set.add(host);
    this.count += 1;
  }

  remove(host: CallHost): void {
    const set = this.hosts.get(host.callId);
    if (!set?.delete(host)) return;
    this.count -= 1;
    this.remember(host.stream.streamId);
    if (set.size === 0) this.hosts.delete(host.callId);
    if (this.count > 0) return;
    for (const wake of [...this.idleWaiters]) wake();
  }

  private remember(streamId: string): void {
    const now = this.clock.monotonic();
    this.ended.set(streamId, now);
    for (const [old, at] of this.ended) {
      if (now - at < REMEMBERED_MS) break;
      this.ended.delete(old);
    }
  }

  /** Resolves with whether no stream is left, after `ms` at the latest. */
  async idleWithin(ms: number, clock: Clock): Promise<boolean> {
    const limit = new AbortController();
    const idle = new AbortController();
    const timer = sleep(clock, ms, idle.signal).then(
      () => limit.abort(),
      () => {},
    );
    await this.idle(limit.signal);
    idle.abort();
    await timer;
    return this.count === 0;
  }

  /** Resolves when no stream is left, or when the signal is aborted. */
  private async idle(signal: AbortSignal): Promise<void> {
    if (this.count === 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.idleWaiters.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.idleWaiters.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
