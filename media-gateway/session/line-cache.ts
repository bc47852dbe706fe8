/** Audio of fixed lines, by voice and text, for all calls of a gateway. The least recently used line goes first. */
export class LineCache {
  readonly #lines = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @param maxBytes 16 MB is about half an hour of speech */
  constructor(private readonly maxBytes = 16_000_000) {}

  get(voice: string, text: string): Uint8Array | undefined {
    const key = keyOf(voice, text);
    const audio = this.#lines.get(key);
    if (!audio) return undefined;
    this.#lines.delete(key);
    this.#lines.set(key, audio);
    return audio;
  }

  put(voice: string, text: string, audio: Uint8Array): void {
    const key = keyOf(voice, text);
    this.#bytes += audio.length - (this.#lines.get(key)?.length ?? 0);
    this.#lines.delete(key);
    this.#lines.set(key, audio);
    for (const [oldest, { length }] of this.#lines) {
      if (this.#bytes <= this.maxBytes) break;
      this.#lines.delete(oldest);
      this.#bytes -= length;
    }
  }
}

function keyOf(voice: string, text: string): string {
  return `${voice}\n${text}`;
}
