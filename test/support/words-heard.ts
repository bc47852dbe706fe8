/** The carrier plays by frames of 20 ms, and so finely is it known where it stood; at 600 baud a letter takes 17 ms, and is heard at its end. */
const LETTERS_OFF = 3;

/**
 * What a history may hold of `text`, of which `heard` reached the ear: its whole words, and of the word at whose end it was cut off that word or not. Nothing
 * else: neither a word that was not heard, nor one less than was.
 */
export function wordsHeard(text: string, heard: string): string[] {
  if (!text.startsWith(heard.trimEnd())) throw new Error(`"${heard}" is no beginning of "${text}"`);
  const ends = Array.from({ length: 2 * LETTERS_OFF + 1 }, (_, i) => heard.trimEnd().length - LETTERS_OFF + i);
  return [...new Set(ends.map((end) => wholeWords(text, Math.max(0, end))))];
}

function wholeWords(text: string, end: number): string {
  if (end >= text.length || /\s/.test(text.charAt(end))) return text.slice(0, end).trim();
  return text.slice(0, end).replace(/\S*$/, '').trim();
}
