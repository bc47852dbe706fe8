/**
 * Maps characters that a vendor says it has spoken back to the text that it was given: it gets that text with blanks of our own between the
 * sentences, so blanks do not count.
 */
export class SpokenText {
  #text = '';
  #told = 0;

  add(text: string): void {
    this.#text += text;
  }

  /** Whether all but blanks has been told. */
  get complete(): boolean {
    return this.#text.slice(this.#told).trim() === '';
  }

  /** The part of the text that these characters are, with the blanks before it. */
  advance(characters: readonly string[]): string {
    const from = this.#told;
    for (const character of characters) {
      if (character.trim() === '') continue;
      while (this.#told < this.#text.length && this.#text.charAt(this.#told).trim() === '') this.#told++;
      this.#told = Math.min(this.#text.length, this.#told + character.length);
    }
    return this.#text.slice(from, this.#told);
  }

  rest(): string {
    const rest = this.#text.slice(this.#told);
    this.#told = this.#text.length;
    return rest;
  }
}
