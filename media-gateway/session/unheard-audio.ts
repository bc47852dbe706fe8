import { BYTES_PER_MS } from '../../contracts/g711';

/** Before the vendor's word that somebody speaks: the beginning of it. */
const PRE_ROLL_BYTES = 1_000 * BYTES_PER_MS;
/** What is older than this when a turn is still not written down is given up. */
const MOST_BYTES = 20_000 * BYTES_PER_MS;
/** No vendor's id. */
const SUSPECTED = ' suspected';

/** The caller's audio that no vendor has written down yet: told once more to the next socket when this one dies. Positions are bytes since the beginning. */
export class UnheardAudio {
  readonly #frames: Uint8Array[] = [];
  #start = 0;
  #end = 0;
  /** Nobody listens at present. */
  #held = false;
  readonly #turns = new Map<string, { from: number; until: number | undefined }>();

  push(mulaw: Uint8Array): void {
    this.#frames.push(mulaw);
    this.#end += mulaw.length;
    this.#trim();
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
  }

  /** From now on nobody listens. */
  hold(): void {
    this.#held = true;
  }

  /** Somebody listens again, who has heard nothing of this. */
  release(): Uint8Array {
    this.#held = false;
    this.#turns.clear();
    return Buffer.concat(this.#frames);
  }

  #trim(): void {
    const open = Math.min(...[...this.#turns.values()].map(({ from }) => from));
    if (this.#held) this.#dropBefore(this.#end - MOST_BYTES);
    else this.#dropBefore(Math.max(this.#end - MOST_BYTES, Math.min(open, this.#end - PRE_ROLL_BYTES)));
  }

  #dropBefore(position: number): void {
    while (this.#frames[0] && this.#start + this.#frames[0].length <= position) this.#start += this.#frames.shift()?.length ?? 0;
  }
}
