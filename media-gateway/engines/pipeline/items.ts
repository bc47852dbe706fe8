import { BYTES_PER_MS } from '../../../contracts/g711';
import { audibleBytes } from '../../audio/audible';
import { heardText, type SpokenItem, type TextDelta } from '../../playback/heard-text';

/** Only what is still being heard can be interrupted: a handful at most. */
const MOST_ITEMS = 8;

interface Item extends SpokenItem {
  deltas: TextDelta[];
  audioMs: number;
  audibleMs: number;
  open: boolean;
}

/** What the latest answers have become so far; reckoned as the speaker does it, so that both know the same of what was heard. */
export class Items {
  readonly #items = new Map<string, Item>();

  begin(itemId: string): void {
    this.#items.set(itemId, { deltas: [], audioMs: 0, audibleMs: 0, open: true });
  }

  /** @returns false: it has been interrupted */
  audio(itemId: string, mulaw: Uint8Array): boolean {
    const item = this.#items.get(itemId);
    if (!item) return false;
    const audible = audibleBytes(mulaw);
    if (audible > 0) item.audibleMs = item.audioMs + audible / BYTES_PER_MS;
    item.audioMs += mulaw.length / BYTES_PER_MS;
    return true;
  }

  /** @param fromMs where in the item's audio the words begin */
  text(itemId: string, delta: string, fromMs: number): void {
    this.#items.get(itemId)?.deltas.push({ text: delta, atAudioMs: fromMs, exact: true });
  }

  /** @returns false: it never began, or has been interrupted */
  complete(itemId: string): boolean {
    const item = this.#items.get(itemId);
    if (item) item.open = false;
    return item !== undefined;
  }

  /** What the caller has heard of an item; nothing more comes of it. Undefined: it is not known. */
  interrupt(itemId: string, heardMs: number): string | undefined {
    const item = this.#items.get(itemId);
    if (!item) return undefined;
    this.#items.delete(itemId);
    return heardText(item, heardMs);
  }

  forgetOld(): void {
    for (const itemId of this.#items.keys()) {
      if (this.#items.size <= MOST_ITEMS) break;
      this.#items.delete(itemId);
    }
  }
}
