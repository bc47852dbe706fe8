import { BYTES_PER_MS } from '../../contracts/g711';

/** Before the vendor's word that somebody speaks: the beginning of it. */
const PRE_ROLL_BYTES = 1_000 * BYTES_PER_MS;
/** What is older than this when a turn is still not written down is given up. */
const MOST_BYTES = 20_000 * BYTES_PER_MS;
/** No vendor's id. */
const SUSPECTED = ' suspected';

/**
 * The caller's audio that no vendor has written down yet: told once more to the next socket when this one dies. Positions are bytes since the beginning.
 * Copied into a ring: frames that were kept as they came lived for a second, long enough to count as old, and fifty a second for every call had V8 collect
 * its whole heap every two seconds.
 */
export class UnheardAudio {
  #ring = new Uint8Array(PRE_ROLL_BYTES);
  #start = 0;
  #end = 0;
  /** Nobody listens at present. */
  #held = false;
  readonly #turns = new Map<string, { from: number; until: number | undefined }>();

  push(mulaw: Uint8Array): void {
    this.#end += mulaw.length;
    this.#trim();
    const kept = this.#end - this.#start;
    if (kept > this.#ring.length) this.#resize(Math.min(MOST_BYTES, Math.max(kept, 2 * this.#ring.length)), mulaw.length);
    this.#write(mulaw.length > kept ? mulaw.subarray(mulaw.length - kept) : mulaw);
  }

  begun(itemId: string): void {
    this.#turns.set(itemId, { from: Math.max(this.#start, this.#end - PRE_ROLL_BYTES), until: undefined });
  }

  stopped(itemId: string): void {
    const turn = this.#turns.get(itemId);
    if (turn) turn.until ??= this.#end;
  }

  /** Somebody speaks, by our own ears, and no vendor has said so yet. */
  suspected(): void {
    this.begun(SUSPECTED);
  }

  /** One has, or it was nothing. */
  unsuspected(): void {
    if (this.#turns.delete(SUSPECTED)) this.#trim();
  }

  /** Its words are known: nobody needs to hear it again. @param words false: none were found in it, which a vendor that hears nothing says of all */
  transcribed(itemId: string, words: boolean): void {
    if (words) this.#turns.delete(SUSPECTED);
    const turn = this.#turns.get(itemId);
    if (!turn) return;
    this.#turns.delete(itemId);
    if (this.#turns.size === 0) this.#dropBefore(turn.until ?? this.#end);
    this.#trim();
    if (this.#end - this.#start <= PRE_ROLL_BYTES && this.#ring.length > PRE_ROLL_BYTES) this.#resize(PRE_ROLL_BYTES);
  }

  /** From now on nobody listens. */
  hold(): void {
    this.#held = true;
  }

  /** Somebody listens again, who has heard nothing of this. What was suspected is kept: they may be as deaf. */
  release(): Uint8Array {
    this.#held = false;
    for (const itemId of [...this.#turns.keys()]) if (itemId !== SUSPECTED) this.#turns.delete(itemId);
    return this.#read(this.#start, this.#end);
  }

  #trim(): void {
    let open = this.#held ? this.#start : this.#end - PRE_ROLL_BYTES;
    for (const { from } of this.#turns.values()) open = Math.min(open, from);
    this.#dropBefore(Math.max(this.#end - MOST_BYTES, open));
  }

  #dropBefore(position: number): void {
    this.#start = Math.max(this.#start, position);
  }

  /** @param coming bytes before the end that are not in the ring yet */
  #resize(bytes: number, coming = 0): void {
    const kept = this.#read(this.#start, Math.max(this.#start, this.#end - coming));
    this.#ring = new Uint8Array(bytes);
    this.#write(kept, this.#end - coming);
  }

  /** @param end position of its last byte, and one */
  #write(bytes: Uint8Array, end = this.#end): void {
    const at = (end - bytes.length) % this.#ring.length;
    const first = Math.min(bytes.length, this.#ring.length - at);
    this.#ring.set(first === bytes.length ? bytes : bytes.subarray(0, first), at);
    if (first < bytes.length) this.#ring.set(bytes.subarray(first), 0);
  }

  #read(from: number, to: number): Uint8Array {
    const at = from % this.#ring.length;
    const first = Math.min(to - from, this.#ring.length - at);
    const bytes = new Uint8Array(to - from);
    bytes.set(this.#ring.subarray(at, at + first));
    bytes.set(this.#ring.subarray(0, to - from - first), first);
    return bytes;
  }
}
