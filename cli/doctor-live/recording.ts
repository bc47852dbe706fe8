/** Everything that went over the wire during a live call, in memory to judge it and on disk to look at it later. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../contracts/clock';

export type CallbackKind = 'status' | 'amd' | 'stream' | 'continue';

/** Streams are numbered from 1 in the order of their sockets. */
export type Observation =
  /** A webhook of the carrier. `signed`: its signature is valid for the configured public URL. */
  | { kind: 'callback'; callback: CallbackKind; signed: boolean; params: Readonly<Record<string, string>> }
  | { kind: 'handshake'; stream: number; signed: boolean }
  /** `frame` as it was parsed from JSON, or `{ text }` where it is not JSON. */
  | { kind: 'frame'; stream: number; frame: unknown }
  /** What was sent into the stream; `audioMs` is the length of the audio in a media message. */
  | { kind: 'sent'; stream: number; message: 'media' | 'mark' | 'clear'; name?: string; audioMs?: number }
  /** The end that this side made of a socket. */
  | { kind: 'ended'; stream: number; how: 'closed' | 'terminated' }
  | { kind: 'closed'; stream: number; code: number }
  | { kind: 'request'; request: RequestName; result: RequestResult; machineDetectionTimeoutS?: number };

export type RequestName = 'create' | 'restream' | 'hangup' | 'end_again';
export type RequestResult = { kind: 'accepted' } | { kind: 'refused'; code: number | undefined; httpStatus: number; message: string };

export type Recorded = Observation & {
  /** Epoch milliseconds. */
  at: number;
  /** Milliseconds since the recording began, by the monotonic clock. */
  sinceMs: number;
};

export class Recording {
  readonly entries: Recorded[] = [];
  private readonly startedAt: number;
  private readonly fd: number;
  private closed = false;
  private readonly waiting = new Set<() => void>();

  /** @param file JSON lines, one an observation; readable by the owner alone: it holds the called number and what was said. */
  constructor(
    readonly file: string,
    private readonly clock: Clock,
  ) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.fd = openSync(file, 'wx', 0o600);
    this.startedAt = clock.monotonic();
  }

  add(observation: Observation): Recorded {
    const entry = { at: this.clock.now(), sinceMs: Math.round(this.clock.monotonic() - this.startedAt), ...observation };
    this.entries.push(entry);
    if (!this.closed) writeSync(this.fd, `${JSON.stringify(entry)}\n`);
    for (const look of [...this.waiting]) look();
    return entry;
  }

  /** As soon as `found` finds something, also in the past; undefined after `ms` or when the signal is aborted. */
  until<T>(ms: number, found: (entries: readonly Recorded[]) => T | undefined, signal?: AbortSignal): Promise<T | undefined> {
    return new Promise((resolve) => {
      const onAbort = () => settle(undefined);
      const settle = (value: T | undefined) => {
        cancel();
        signal?.removeEventListener('abort', onAbort);
        this.waiting.delete(look);
        resolve(value);
      };
      const look = () => {
        const value = found(this.entries);
        if (value !== undefined) settle(value);
      };
      const cancel = this.clock.after(ms, () => settle(undefined));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.add(look);
      look();
    });
  }

  /** What comes later is not kept. */
  close(): void {
    this.closed = true;
    closeSync(this.fd);
  }
}
