/** Scripts that are written without spaces between words: there a term may stand anywhere. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}\p{M}]+(?:['’-][\p{L}\p{N}\p{M}]+)*/gu;
const ESCAPE = /[.*+?^${}()|[\]\\]/g;

/** Finds terms in text: whole words, in any case, whatever stands between them. */
export class BlockedTerms {
  /** Of the longest term. */
  readonly mostWords: number;
  readonly #patterns: readonly RegExp[];

  constructor(terms: readonly string[]) {
    const normal = terms.map(normalized).filter((term) => term.trim() !== '');
    this.mostWords = Math.max(0, ...normal.map((term) => wordsOf(term).length));
    this.#patterns = normal.map(patternOf);
  }

  in(text: string): boolean {
    if (this.#patterns.length === 0) return false;
    const given = normalized(text);
    return this.#patterns.some((pattern) => pattern.test(given));
  }

  /**
   * How much of a text that still grows can belong to no term any more: all but the last words of it, since a term may be half written.
   * @returns characters
   */
  settled(text: string): number {
    if (this.#patterns.length === 0) return text.length;
    const words = [...text.matchAll(WORD)];
    const last = words.at(-1);
    if (!last) return 0;
    // A word that touches the end may go on.
    const grows = last.index + last[0].length === text.length ? 1 : 0;
    const open = words.at(-Math.max(grows, this.mostWords - 1 + grows));
    if (this.mostWords - 1 + grows === 0) return text.length;
    return open ? open.index : 0;
  }
}

/** Without the word at its end that may go on: "sue" may become "sued". */
export function wholeWords(text: string): string {
  const last = [...text.matchAll(WORD)].at(-1);
  return last && last.index + last[0].length === text.length ? text.slice(0, last.index) : text;
}

function normalized(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll('’', "'");
}

function wordsOf(term: string): string[] {
  return [...term.matchAll(WORD)].map(([word]) => word);
}

function patternOf(term: string): RegExp {
  const words = wordsOf(term);
  if (words.length === 0 || UNSPACED.test(term)) return new RegExp(term.replace(ESCAPE, '\\$&'), 'u');
  const body = words.map((word) => word.replace(ESCAPE, '\\$&')).join('[^\\p{L}\\p{N}]+');
  return new RegExp(`(?<![\\p{L}\\p{N}])${body}(?![\\p{L}\\p{N}])`, 'u');
}
