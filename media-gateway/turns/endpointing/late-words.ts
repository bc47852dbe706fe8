import { plainWords } from '../backchannel';

/** A turn that ended with words that were not final: their final text comes after it, and must not be taken for something new. */
export class LateWords {
  #expected: readonly string[] = [];

  /** @param interim what was not final when the turn ended */
  expect(interim: string): void {
    this.#expected = plainWords(interim);
  }

  /**
   * What of a final text was not part of the turn that is over; '' when all of it was.
   * @param another whether another turn is under way, so that a text with other words is that one's
   */
  rest(text: string, another: boolean): string {
    const expected = this.#expected;
    this.#expected = [];
    const words = text.trim().split(/\s+/);
    if (expected.length === 0) return text.trim();
    const begins = plainWords(text).slice(0, expected.length).join(' ') === expected.join(' ');
    // Corrected in some other way: the same words, better understood.
    if (!begins) return another ? text.trim() : '';
    let covered = 0;
    let at = 0;
    while (at < words.length && covered < expected.length) covered += plainWords(words[at++] as string).length;
    return words.slice(at).join(' ');
  }
}
