import type { Clock } from '../../contracts/clock';
import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS, MULAW_SILENCE } from '../../contracts/g711';
import type { PlaybackLedger } from './ledger';
import { Segment } from './segment';

export interface PacerOptions {
  /**
   * How far ahead of the caller's ear audio is sent: what a stall of the process may last. An interruption clears it and it is sent again
   * if need be, so that it costs nothing but a few frames.
   */
  leadMs: number;
  /** How often the pacer wakes up while there is something to send. */
  tickMs: number;
  /** A mark is sent at least this often, to know where the carrier stands. */
  markEveryMs: number;
  /** What is less than a frame waits at least so long for more: a voice may come in real time, in pieces of any size. */
  restAfterMs: number;
  /** How far ahead the background goes in a pause: an answer waits for so much of it. */
  backgroundLeadMs: number;
  /** How long after its last byte an item's mark may be missing before it counts as lost. */
  markTimeoutMs: number;
}

export const DEFAULT_PACER_OPTIONS = {
  leadMs: 400,
  tickMs: 2 * FRAME_MS,
  markEveryMs: 500,
  restAfterMs: 3 * FRAME_MS,
  backgroundLeadMs: 3 * FRAME_MS,
  markTimeoutMs: 3_000,
} as const satisfies PacerOptions;

/** `unconfirmed`: all of it was sent, and the carrier never said that it was played. */
export type PlayResult = 'played' | 'cut' | 'unconfirmed';

export interface PacerListener {
  /** The first byte of an item goes out. */
  started(itemId: string): void;
  finished(itemId: string, result: PlayResult): void;
}

export interface PacerSink {
  sendAudio(mulaw: Uint8Array): void;
  sendMark(name: string): void;
  clear(): void;
}

/** A sound that goes on under the agent's words and in its pauses. Whole frames. */
export interface PacerBackground {
  /** The next frames of nothing else. */
  take(frames: number): Uint8Array;
  /** The same under speech. */
  mix(mulaw: Uint8Array): Uint8Array;
}

/** An item that was cut off. */
export interface CutItem {
  itemId: string;
  heardMs: number;
}

/**
 * Sends the agent's audio to the carrier no faster than it is heard, but for a short lead. Deadlines are absolute (the ledger's reckoning
 * of when the carrier runs out), so a late timer is made up for at once and never adds up. One timer per call, and none in silence. A background, where
 * there is one, is never silent: what is sent of it alone is padding, and counts for no item.
 */
export class Pacer {
  readonly #options: PacerOptions;
  #queue: Segment[] = [];
  #cancelTimer: (() => void) | undefined;
  #paused = false;
  #bytesSinceMark = 0;
  #disposed = false;
  #background: PacerBackground | undefined;

  constructor(
    private readonly sink: PacerSink,
    private readonly ledger: PlaybackLedger,
    private readonly clock: Clock,
    private readonly listener: PacerListener,
    options: Partial<PacerOptions> = {},
  ) {
    this.#options = { ...DEFAULT_PACER_OPTIONS, ...options };
  }

  /** From now on until `dispose`. */
  playBackground(background: PacerBackground): void {
    this.#background = background;
    this.#pump();
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Something was or is to be said that the caller has not heard to its end. */
  get busy(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether an interruption may stop what is being said. */
  get interruptible(): boolean {
    return this.#queue.every((segment) => segment.interruptible);
  }

  /** Milliseconds of known audio that have not been heard. */
  get remainingMs(): number {
    const unsent = this.#queue.reduce((sum, segment) => sum + segment.unsentBytes, 0);
    return unsent / BYTES_PER_MS + this.ledger.bufferedMs;
  }

  has(itemId: string): boolean {
    return this.#queue.some((segment) => segment.itemId === itemId);
  }

  /** A new item behind all others. It holds its place while its audio is still being made. */
  open(itemId: string, options: { interruptible: boolean }): void {
    if (this.#disposed) return;
    this.#queue.push(new Segment(itemId, options.interruptible));
  }

  /** Audio of an item; that of an item which is gone (cut, over) is dropped. */
  append(itemId: string, mulaw: Uint8Array): void {
    const segment = this.#queue.find((candidate) => candidate.itemId === itemId);
    if (!segment || segment.complete) return;
    // Where a whole frame waits already, a timer is armed for it; or it waits for those before it, or for the end of a pause.
    const dry = segment.sendableBytes === 0;
    segment.append(mulaw);
    segment.appendedAt = this.clock.monotonic();
    if (dry || this.#background) this.#pump();
  }

  /** No more audio of this item will come. */
  complete(itemId: string): void {
    const segment = this.#queue.find((candidate) => candidate.itemId === itemId);
    if (!segment || segment.complete) return;
    segment.complete = true;
    this.#pump();
  }

  /** Stops at once and keeps everything: what the carrier had not played yet is sent again on `resume`. */
  pause(): void {
    if (this.#paused || this.#disposed) return;
    this.#paused = true;
    this.#rewind();
    this.#pump();
  }

  resume(): void {
    if (!this.#paused || this.#disposed) return;
    this.#paused = false;
    this.#pump();
  }

  /** Drops everything that is not yet heard, ends a pause, and tells per item how much was heard. With `all`, also what may not be interrupted. */
  cut(options: { all: boolean } = { all: false }): CutItem[] {
    if (this.#disposed) return [];
    const dropped = this.#queue.filter((segment) => options.all || segment.interruptible);
    if (dropped.some((segment) => segment.sentBytes > 0)) this.#rewind();
    this.#paused = false;
    this.#queue = this.#queue.filter((segment) => !dropped.includes(segment));
    const items = dropped.map(({ itemId }) => ({ itemId, heardMs: this.ledger.heardMs(itemId) }));
    for (const segment of dropped) {
      segment.cancelTimeout?.();
      this.listener.finished(segment.itemId, 'cut');
    }
    this.#pump();
    return items;
  }

  acknowledge(markName: string): void {
    const itemId = this.ledger.acknowledge(markName);
    if (itemId !== undefined) this.#finish(itemId, 'played');
    for (const segment of this.#queue) segment.forget(this.ledger.settledBytes(segment.itemId));
  }

  dispose(): void {
    this.#disposed = true;
    this.#cancelTimer?.();
    for (const segment of this.#queue) segment.cancelTimeout?.();
    this.#queue = [];
  }

  #finish(itemId: string, result: PlayResult): void {
    const segment = this.#queue.find((candidate) => candidate.itemId === itemId);
    if (!segment) return;
    segment.cancelTimeout?.();
    this.#queue = this.#queue.filter((candidate) => candidate !== segment);
    this.listener.finished(itemId, result);
  }

  /** Back to the last heard sample of every item. */
  #rewind(): void {
    if (!this.#queue.some((segment) => segment.sentBytes > 0)) return;
    this.sink.clear();
    this.ledger.cleared();
    this.#bytesSinceMark = 0;
    for (const segment of this.#queue) segment.rewind(this.ledger.heardBytes(segment.itemId));
  }

  #pump(): void {
    if (this.#disposed) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const dueInMs = this.#paused ? undefined : this.#speak();
    if (dueInMs !== undefined) {
      this.#cancelTimer = this.clock.after(dueInMs, () => this.#pump());
    } else if (this.#background) {
      this.#fill(this.#background);
      this.#cancelTimer = this.clock.after(Math.max(FRAME_MS, this.ledger.bufferedMs - FRAME_MS), () => this.#pump());
    }
  }

  /** A pause, with its background in it. */
  #fill(background: PacerBackground): void {
    const frames = Math.ceil((this.#options.backgroundLeadMs - this.ledger.bufferedMs) / FRAME_MS);
    if (frames <= 0) return;
    this.ledger.sent(undefined, frames * FRAME_BYTES);
    this.sink.sendAudio(background.take(frames));
  }

  /** Sends what is due of the queue. @returns milliseconds until more is due; undefined where there is no more to send */
  #speak(): number | undefined {
    const { leadMs, markEveryMs, tickMs } = this.#options;
    let budget = Math.ceil((leadMs - this.ledger.bufferedMs) / FRAME_MS) * FRAME_BYTES;
    for (const segment of [...this.#queue]) {
      if (segment.endMarked) continue;
      const bytes = this.#send(segment, budget);
      budget -= bytes;
      if (this.#bytesSinceMark >= markEveryMs * BYTES_PER_MS) this.#mark();
      if (segment.unsentBytes === 0 && segment.complete) {
        this.#markEnd(segment);
        continue;
      }
      // Whatever is behind an item waits for its end: order is order of speech.
      if (segment.sendableBytes > 0) return Math.max(0, this.ledger.bufferedMs - leadMs + tickMs);
      return segment.unsentBytes > 0 ? this.#finishSound(segment) : undefined;
    }
    return undefined;
  }

  /**
   * Less than a frame is left, and no more has come. It is kept for what follows as long as that may join it without a gap; then it goes out by itself,
   * or the end of a sentence would be heard in front of the next one.
   */
  #finishSound(segment: Segment): number | undefined {
    const { tickMs, restAfterMs } = this.#options;
    const waitMs = Math.max(this.ledger.bufferedMs - 2 * tickMs, segment.appendedAt + restAfterMs - this.clock.monotonic());
    if (waitMs > 0) return waitMs;
    this.#sendFrames(segment, 1);
    return undefined;
  }

  /** Sends what can go of a segment, at most `budget` bytes. */
  #send(segment: Segment, budget: number): number {
    const frames = Math.min(Math.floor(budget / FRAME_BYTES), Math.ceil(segment.sendableBytes / FRAME_BYTES));
    if (frames <= 0) return 0;
    this.#sendFrames(segment, frames);
    return frames * FRAME_BYTES;
  }

  /** The last frame is filled up with silence where the segment has not so much. */
  #sendFrames(segment: Segment, frames: number): void {
    const audio = segment.take(frames * FRAME_BYTES);
    const first = !segment.started;
    segment.started = true;
    this.ledger.sent(segment.itemId, audio.length);
    const padding = frames * FRAME_BYTES - audio.length;
    if (padding > 0) {
      const padded = new Uint8Array(frames * FRAME_BYTES).fill(MULAW_SILENCE);
      padded.set(audio);
      this.ledger.sent(undefined, padding);
      this.sink.sendAudio(this.#background?.mix(padded) ?? padded);
    } else {
      this.sink.sendAudio(this.#background?.mix(audio) ?? audio);
    }
    this.#bytesSinceMark += frames * FRAME_BYTES;
    if (first) this.listener.started(segment.itemId);
  }

  #mark(endOf?: string): void {
    this.#bytesSinceMark = 0;
    this.sink.sendMark(this.ledger.mark(endOf));
  }

  #markEnd(segment: Segment): void {
    segment.endMarked = true;
    this.#mark(segment.itemId);
    segment.cancelTimeout = this.clock.after(this.ledger.bufferedMs + this.#options.markTimeoutMs, () =>
      this.#finish(segment.itemId, 'unconfirmed'),
    );
  }
}
