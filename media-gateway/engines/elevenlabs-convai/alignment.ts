/** Where in one piece of audio its characters are, as the vendor tells it. */
export interface Alignment {
  chars: readonly string[];
  char_start_times_ms: readonly number[];
}

/** A piece's words with the blanks behind them, and where in the piece each begins. */
export function wordsOf({ chars, char_start_times_ms: starts }: Alignment): { text: string; fromMs: number }[] {
  const words: { text: string; fromMs: number }[] = [];
  let previous = '';
  for (const [index, char] of chars.entries()) {
    const word = words.at(-1);
    if (!word || (/\s$/.test(previous) && /\S/.test(char))) words.push({ text: char, fromMs: starts[index] ?? word?.fromMs ?? 0 });
    else word.text += char;
    previous = char;
  }
  return words;
}

/** Blanks are nobody's: the alignment and the text differ in them. */
export function lettersOf(text: string): string {
  return text.replace(/\s+/g, '');
}
