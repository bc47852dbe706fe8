import { BYTES_PER_MS, FRAME_MS } from '../../contracts/g711';

/** Bytes of one item, or of padding (no item), that went out one after the other. */
interface Sent {
  itemId: string | undefined;
  bytes: number;
}

interface Mark {
  /** Bytes of this generation that had been sent before the mark. */
  at: number;
  /** When the carrier plays up to the mark, by our model, milliseconds of the monotonic clock. */
  dueAt: number;
  /** Set on the mark behind the last byte of an item. */
  endOf: string | undefined;
}

/** Marks that come this much later than the model thought move the model: the carrier plays later than we believe. */
const LATE_MARK_TOLERANCE_MS = 120;
/** A carrier sends a frame of the caller's every 20 ms; behind its last word so much passes before nobody knows any more whether it still plays. */
const ALIVE_MS = 100;

/**
 * What one call's carrier was sent, what it has told it played, and thus what was heard. The only source for truncation, for the text in
 * the history, for "the farewell was played" and for "the voicemail was delivered".
 *
 * Between two marks the position is reckoned: audio plays in real time from the moment it was sent or the end of what was before it. That
 * is what the caller has heard at the moment when a `clear` sent now takes effect, since clear and audio travel equally long.
 * A generation ends with each `clear`: marks echo after a clear too, so their names carry the generation and stale ones count for nothing.
 */
export class PlaybackLedger {
  #generation = 1;
  #marks = 0;
  readonly #pending = new Map<string, Mark>();
  /** This generation's audio, oldest first; entries that were surely played move to `#heard`. */
  #sent: Sent[] = [];
  #sentBytes = 0;
  /** Bytes before the first entry of `#sent`. */
  #settledBytes = 0;
  #acknowledgedBytes = 0;
  /** What had been sent when the carrier last ran out of audio: all of it was played. */
  #ranOutBytes = 0;
  /** When the carrier was last heard of. */
  #aliveAt: number | undefined;
  /** When the carrier runs out of audio, by our model. */
  #runsOutAt = 0;
  /**
   * How late the latest mark was, within the tolerance: the way there and back, and what the carrier lags behind. Nobody can tell the two apart, so all of
   * it counts as not heard yet: a word too few in the history is asked for again, one too many is never said.
   */
  #lagMs = 0;
  readonly #heard = new Map<string, number>();
  readonly #played = new Set<string>();

  /** @param now milliseconds of a monotonic clock */
  constructor(private readonly now: () => number) {}

  get generation(): number {
    return this.#generation;
  }

  /** Milliseconds of audio that the carrier has and has not played yet. */
  get bufferedMs(): number {
    return Math.max(0, this.#runsOutAt - this.now());
  }

  /** @param itemId undefined for padding, which counts for no item */
  sent(itemId: string | undefined, bytes: number): void {
    if (bytes <= 0) return;
    if (this.#runsOutAt + this.#lagMs <= this.now()) this.#ranOutBytes = this.#sentBytes;
    this.#runsOutAt = Math.max(this.#runsOutAt, this.now()) + bytes / BYTES_PER_MS;
    this.#sentBytes += bytes;
    const last = this.#sent.at(-1);
    if (last && last.itemId === itemId) last.bytes += bytes;
    else this.#sent.push({ itemId, bytes });
  }

  /**
   * Something came from the carrier. What it was sent after its last word counts as heard by marks alone: a process that was frozen sends on when it
   * thaws, before it reads that the stream is long closed.
   */
  alive(): void {
    this.#aliveAt = this.now();
  }

  /** The name of a mark to send now. With `endOf`, its echo says that all of that item was played. */
  mark(endOf?: string): string {
    const name = `g${this.#generation}.${++this.#marks}`;
    this.#pending.set(name, { at: this.#sentBytes, dueAt: Math.max(this.#runsOutAt, this.now()), endOf });
    return name;
  }

  /** A mark came back. Returns the item that was thereby played to its end. Marks of cleared generations, repeats and strangers do nothing. */
  acknowledge(name: string): string | undefined {
    const mark = this.#pending.get(name);
    if (!mark) return undefined;
    this.#pending.delete(name);
    const late = this.now() - mark.dueAt;
    // The carrier plays by frames.
    this.#lagMs = Math.min(LATE_MARK_TOLERANCE_MS, Math.max(0, late - FRAME_MS));
    const lateMs = late - LATE_MARK_TOLERANCE_MS;
    if (lateMs > 0) {
      this.#runsOutAt += lateMs;
      for (const other of this.#pending.values()) other.dueAt += lateMs;
    }
    if (mark.at > this.#acknowledgedBytes) {
      this.#acknowledgedBytes = mark.at;
      this.#settle(mark.at);
      this.#runsOutAt = Math.min(this.#runsOutAt, this.now() + (this.#sentBytes - mark.at) / BYTES_PER_MS);
    }
    if (mark.endOf === undefined) return undefined;
    this.#played.add(mark.endOf);
    return mark.endOf;
  }

  /** All audio not heard by now is gone from the carrier: call it together with the carrier's `clear`. */
  cleared(): void {
    this.#settle(this.#heardBytes());
    this.#generation++;
    this.#pending.clear();
    this.#sent = [];
    this.#sentBytes = this.#settledBytes = this.#acknowledgedBytes = this.#ranOutBytes = 0;
    this.#runsOutAt = 0;
  }

  /** Bytes of an item that the caller has heard. */
  heardBytes(itemId: string): number {
    let heard = this.#heard.get(itemId) ?? 0;
    let left = this.#heardBytes() - this.#settledBytes;
    for (const entry of this.#sent) {
      if (left <= 0) break;
      if (entry.itemId === itemId) heard += Math.min(entry.bytes, left);
      left -= entry.bytes;
    }
    return heard;
  }

  /** Bytes of an item that were surely heard: what will be heard of it later comes behind them. */
  settledBytes(itemId: string): number {
    return this.#heard.get(itemId) ?? 0;
  }

  heardMs(itemId: string): number {
    return this.heardBytes(itemId) / BYTES_PER_MS;
  }

  /** Whether the carrier has confirmed that it played the item to its end. */
  wasPlayed(itemId: string): boolean {
    return this.#played.has(itemId);
  }

  /** Bytes of this generation that were heard: at least what marks say, at most what was sent. */
  #heardBytes(): number {
    const known = this.#aliveAt === undefined ? this.now() : Math.min(this.now(), this.#aliveAt + ALIVE_MS);
    const unplayedMs = Math.max(0, this.#runsOutAt + this.#lagMs - known);
    const unplayed = Math.min(this.#sentBytes, Math.floor(unplayedMs * BYTES_PER_MS));
    return Math.max(this.#acknowledgedBytes, this.#ranOutBytes, this.#sentBytes - unplayed, this.#settledBytes);
  }

  /** Moves what lies before `position` from the list to the items' sums. */
  #settle(position: number): void {
    let left = position - this.#settledBytes;
    while (left > 0) {
      const entry = this.#sent[0];
      if (!entry) break;
      const bytes = Math.min(entry.bytes, left);
      if (entry.itemId !== undefined) this.#heard.set(entry.itemId, (this.#heard.get(entry.itemId) ?? 0) + bytes);
      entry.bytes -= bytes;
      left -= bytes;
      this.#settledBytes += bytes;
      if (entry.bytes === 0) this.#sent.shift();
    }
  }
}
