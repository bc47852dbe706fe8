/** What reached an ear, as text. White space does not count: where one utterance ends and the next begins is not a matter of audio. */
import type { CallEntry } from '../../lab/ledger';

const GARBLED_LETTERS = 4;
/** Of a word that was cut off. */
const CUT_LETTERS = 16;
/** Of the sentence after it: too many to be there by chance. */
const SURE_LETTERS = 8;

/** All that the agent said on streams, as it reached the ear, without white space. */
export function heardText(call: CallEntry): string {
  return squash(
    call.heard
      .filter((segment) => segment.via === 'stream')
      .map((segment) => segment.text)
      .join('|'),
  );
}

/**
 * A gateway, or a lab, that is late in the middle of a word garbles that word and goes on with the next: of the text all but a few letters in one
 * place are there, and what was heard as garbled may have been any letter.
 */
export function holds(words: string, text: string): boolean {
  const { head, tail } = ends(words, text);
  return head + tail >= text.length - GARBLED_LETTERS;
}

/** The same of a sentence before which another may have been cut off, with a last word that nobody writes down: "Hi Ada, your appoi" "Who is that?". */
export function holdsButACut(words: string, text: string): boolean {
  const { head, tail } = ends(words, text);
  return holds(words, text) || (tail >= SURE_LETTERS && head + tail >= text.length - CUT_LETTERS);
}

/** How many letters of a text's beginning, and of its end, are there in one piece each. */
function ends(words: string, text: string): { head: number; tail: number } {
  const wanted = [...text];
  const occurs = (letters: readonly string[]) =>
    new RegExp(
      letters.map((letter) => (letter === '\uFFFD' ? '.' : `[\\u{${letter.codePointAt(0)?.toString(16)}}\uFFFD]`)).join(''),
      'u',
    ).test(words);
  let head = 0;
  while (head < wanted.length && occurs(wanted.slice(0, head + 1))) head++;
  let tail = 0;
  while (tail < wanted.length - head && occurs(wanted.slice(wanted.length - tail - 1))) tail++;
  return { head, tail };
}

export function squash(text: string): string {
  return text.replace(/\s+/g, '');
}
