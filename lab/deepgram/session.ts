import type { Clock } from '../../contracts/clock';
import type { DeepgramEntry } from './ledger-entry';

/** A listen stream without its socket. */
export interface ListenSession {
  audio(bytes: Uint8Array): void;
  /** A text frame. */
  text(frame: string): void;
  /** Ends all timers, without a word. */
  stop(): void;
}

export interface SessionDeps {
  clock: Clock;
  baud: number;
  entry: DeepgramEntry;
  send(message: object): void;
  close(code: number, reason: string): void;
  /** Asked for each final: milliseconds by which it is late. */
  lateByMs(): number;
}

/** Recognition takes so long after the audio that it needs. */
const LATENCY_MS = 40;

/** Sends what was recognised a little later than it was said, and forgets it when the socket is gone. */
export class DelayedSender {
  private readonly timers = new Set<() => void>();

  constructor(private readonly deps: Pick<SessionDeps, 'clock' | 'send' | 'close'>) {}

  send(message: object, extraMs = 0): void {
    this.later(() => this.deps.send(message), extraMs);
  }

  /** After all that is sent without extra delay until now. */
  close(code: number, reason: string): void {
    this.later(() => this.deps.close(code, reason), 0);
  }

  stop(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
  }

  private later(fn: () => void, extraMs: number): void {
    const cancel = this.deps.clock.after(LATENCY_MS + extraMs, () => {
      this.timers.delete(cancel);
      fn();
    });
    this.timers.add(cancel);
  }
}

/** The `type` of a text frame; undefined: not one of the vendor's. */
export function typeOf(frame: string): { type: string; body: Record<string, unknown> } | undefined {
  try {
    const body: unknown = JSON.parse(frame);
    if (typeof body !== 'object' || body === null || !('type' in body) || typeof body.type !== 'string') return undefined;
    return { type: body.type, body: body as Record<string, unknown> };
  } catch {
    return undefined;
  }
}
