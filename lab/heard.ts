/** Whether a person heard a sentence, of which sound that came late or damaged may have garbled a letter or two (U+FFFD). */

/** So many letters may hide behind one garbled place: what a phone hears after a hole of a frame or two. */
const LETTERS_OF_A_GAP = 4;
/** A sentence with more holes was not heard. */
const MOST_GAPS = 2;
const GARBLED = '\uFFFD';

/**
 * Texts without white space. Another word, or one that is missing without a trace of damage, is not heard: a garbled place stands for up to four letters,
 * everything else has to be there.
 */
export function wasHeard(heard: string, wanted: string): boolean {
  if (heard.includes(wanted)) return true;
  const letters = heard.replace(/\uFFFD+/g, GARBLED);
  const goesOn = (at: number, done: number, gaps: number): boolean => {
    for (; done < wanted.length; at++, done++) {
      if (letters[at] === wanted[done]) continue;
      if (letters[at] !== GARBLED || gaps === 0) return false;
      for (let lost = 0; lost <= LETTERS_OF_A_GAP; lost++) if (goesOn(at + 1, done + lost, gaps - 1)) return true;
      return false;
    }
    return true;
  };
  for (let at = 0; at < letters.length; at++) if (goesOn(at, 0, MOST_GAPS)) return true;
  return false;
}
