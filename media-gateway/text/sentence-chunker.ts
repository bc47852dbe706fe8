import { characterEnd, clauseEnd, sentenceEnd, spokenLength, wordEnd } from './boundaries';

export interface ChunkerOptions {
  /** The first chunk may end with a clause of so many characters (CJK: half as many): the caller hears the first word sooner. */
  firstClause: number;
  /** Shorter sentences go together with the next one: a voice speaks them better, and each costs a request. */
  leastSentence: number;
  /** A sentence without an end is cut here. */
  most: number;
}

export const DEFAULT_CHUNKER = { firstClause: 20, leastSentence: 20, most: 300 } as const satisfies ChunkerOptions;

/**
 * Cuts a text that is still being written into pieces that can be spoken: sentences, the first one sooner. The pieces joined are the text, to the
 * character, and (but for `early`) the same ones however it came in.
 */
export class SentenceChunker {
  #rest = '';
  /** No boundary lies before it. */
  #seen = 0;
  #first = true;
  readonly #options: ChunkerOptions;

  /** @param language BCP 47: in some a number with a full stop is an ordinal */
  constructor(
    private readonly language: string,
    options: Partial<ChunkerOptions> = {},
  ) {
    this.#options = { ...DEFAULT_CHUNKER, ...options };
  }

  /** What can be spoken now. */
  push(delta: string): string[] {
    this.#rest += delta;
    const chunks: string[] = [];
    for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) chunks.push(chunk);
    return chunks;
  }

  /** The words so far, when there are enough of them and nothing was cut yet: for when the text is slow to come. */
  early(): string | undefined {
    if (!this.#first) return undefined;
    const end = wordEnd(this.#rest, this.#rest.length);
    return spokenLength(this.#rest.slice(0, end).trim()) >= this.#options.firstClause ? this.#take(end) : undefined;
  }

  /** The text has ended: what is left. */
  end(): string | undefined {
    return this.#rest === '' ? undefined : this.#take(this.#rest.length);
  }

  #next(): string | undefined {
    const { firstClause, leastSentence, most } = this.#options;
    const text = this.#rest;
    for (let at = this.#seen; at < text.length; at++) {
      this.#seen = at;
      if (at >= most) return this.#cut(text, most);
      const sentence = sentenceEnd(text, at, this.language);
      if (sentence.kind === 'wait') return undefined;
      if (sentence.kind === 'end') {
        const length = spokenLength(text.slice(0, sentence.end).trim());
        if (length >= (this.#first ? 1 : leastSentence)) return this.#take(sentence.end);
        continue;
      }
      if (!this.#first || 2 * (at + 1) < firstClause) continue;
      const clause = clauseEnd(text, at);
      if (clause.kind === 'wait') return undefined;
      if (clause.kind === 'end' && spokenLength(text.slice(0, clause.end).trim()) >= firstClause) return this.#take(clause.end);
    }
    this.#seen = text.length;
    return undefined;
  }

  /** Too long for one piece: at a comma of its second half, else between two words, else where it is. */
  #cut(text: string, most: number): string {
    for (let at = most - 1; at > most / 2; at--) {
      const clause = clauseEnd(text, at);
      if (clause.kind === 'end') return this.#take(clause.end);
    }
    return this.#take(wordEnd(text, most - 1) || characterEnd(text, most));
  }

  #take(end: number): string {
    const chunk = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end);
    this.#seen = 0;
    // Blank lines before the first word are no first chunk.
    if (chunk.trim() !== '') this.#first = false;
    return chunk;
  }
}
