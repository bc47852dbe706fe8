/** What reached an ear, as text. White space does not count: where one utterance ends and the next begins is not a matter of audio. */
import type { CallEntry } from '../../lab/ledger';

const GARBLED_LETTERS = 4;

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
  return head + tail >= wanted.length - GARBLED_LETTERS;
}

export function squash(text: string): string {
  return text.replace(/\s+/g, '');
}
