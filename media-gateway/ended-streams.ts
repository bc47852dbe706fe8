/**
 * Streams that a carrier only reports as over, keeping the call (Telnyx): what follows is asked for once, a moment later, unless the call's own
 * end is told meanwhile, as it is after nearly every stream.
 */
import type { Clock } from '../contracts/clock';

/** The end of the stream and the end of the call are told within some tens of milliseconds of each other. */
const GRACE_MS = 300;
/** A webhook that comes again is not asked about again. */
const REMEMBERED = 1_000;

export class EndedStreams {
  /** By call: timers of questions to be asked. */
  private readonly pending = new Map<string, Set<() => void>>();
  /** Nonces of streams that were asked about, oldest first. */
  private readonly known = new Set<string>();
  private stopped = false;

  constructor(private readonly clock: Clock) {}

  /** Calls `ask` once for each stream. */
  onEnded(callId: string, nonce: string, ask: () => void): void {
    if (this.known.has(nonce)) return;
    this.known.add(nonce);
    if (this.known.size > REMEMBERED) for (const oldest of [...this.known].slice(0, REMEMBERED / 2)) this.known.delete(oldest);
    this.after(callId, GRACE_MS, ask);
  }

  /** For a question that is to be asked again; forgotten when the call ends or the gateway stops. */
  after(callId: string, ms: number, ask: () => void): void {
    if (this.stopped) return;
    const timers = this.pending.get(callId) ?? new Set();
    this.pending.set(callId, timers);
    const cancel = this.clock.after(ms, () => {
      timers.delete(cancel);
      if (timers.size === 0 && this.pending.get(callId) === timers) this.pending.delete(callId);
      ask();
    });
    timers.add(cancel);
  }

  onCallOver(callId: string): void {
    for (const cancel of this.pending.get(callId) ?? []) cancel();
    this.pending.delete(callId);
  }

  /** What was not asked, the workflow finds out by itself. */
  stop(): void {
    this.stopped = true;
    for (const callId of [...this.pending.keys()]) this.onCallOver(callId);
  }
}
