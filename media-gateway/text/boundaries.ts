/** Where a sentence or a clause may end, by script. All positions are UTF-16 code units. */

/** A full stop, and what may stand for one: these need a space or a line's end behind them. */
const SPACED_ENDS = /[.!?…؟۔।॥։።‼⁇⁈⁉]/u;
/** Scripts without spaces end a sentence by the sign alone. */
const BARE_ENDS = /[。！？｡．။។]/u;
/** Quotes and brackets that close behind the end and belong to the sentence. */
const CLOSERS = /["'”’»›)\]}」』】）〉》*_]/u;
const CLAUSE_ENDS = /[,;:–—،؛]/u;
const BARE_CLAUSE_ENDS = /[、，；：]/u;
const SPACE = /\s/u;
const UPPER = /[\p{Lu}\p{Lt}]/u;
const DIGIT = /\p{Nd}/u;
const LETTER = /\p{L}/u;

/** Never the end of a sentence: a name or a number follows. */
const BEFORE_A_NAME = new Set(
  (
    'mr mrs ms mx dr prof rev hon gen col capt lt sgt st mt fr sr jr vs dept approx ca cf ' +
    'hr str tel bzw zzgl inkl exkl evtl ggf ing dipl ' +
    'sra srta dña ud uds av avda mme mlle mm bd env dott ' +
    // Both halves of abbreviations that are written with a space in between.
    'z d u o i s p b h a e g'
  ).split(' '),
);
/** An abbreviation where a number follows, a word elsewhere: "No. 5", "no. Then". */
const BEFORE_A_NUMBER = new Set('no nos nr fig vol pp abs art núm pág ch sec min max est'.split(' '));
/** The end of a sentence when a capital letter follows. */
const PERHAPS = new Set('etc usw inc ltd co corp am pm a.m p.m u.s u.k ph.d u.a'.split(' '));
/** Languages that write "the 3rd" as "3.". */
const ORDINAL_LANGUAGES = new Set(['de', 'da', 'nb', 'nn', 'no', 'fi', 'cs', 'sk', 'pl', 'hu', 'sl', 'hr', 'sr', 'et', 'lv', 'is', 'tr']);

/** `end` is exclusive. `wait`: the text so far does not tell. */
export type Boundary = { kind: 'none' } | { kind: 'wait' } | { kind: 'end'; end: number };

const NONE: Boundary = { kind: 'none' };
const WAIT: Boundary = { kind: 'wait' };

/** Whether a sentence ends with the sign at `at`. A line's end is the end of what stands on it. */
export function sentenceEnd(text: string, at: number, language: string): Boundary {
  const sign = text.charAt(at);
  if (sign === '\n') return { kind: 'end', end: at + 1 };
  const bare = BARE_ENDS.test(sign);
  if (!bare && !SPACED_ENDS.test(sign)) return NONE;
  let end = at + 1;
  while (end < text.length && (SPACED_ENDS.test(text.charAt(end)) || BARE_ENDS.test(text.charAt(end)))) end++;
  while (end < text.length && CLOSERS.test(text.charAt(end))) end++;
  if (end === text.length) return WAIT;
  if (bare) return { kind: 'end', end };
  if (!SPACE.test(text.charAt(end))) return NONE;
  if (sign !== '.' || end > at + 1) return { kind: 'end', end };
  return afterFullStop(text, at, language);
}

/** Whether a clause ends at `at`: a comma with a space behind it, never one within a number. */
export function clauseEnd(text: string, at: number): Boundary {
  const sign = text.charAt(at);
  if (BARE_CLAUSE_ENDS.test(sign)) return { kind: 'end', end: at + 1 };
  if (!CLAUSE_ENDS.test(sign)) return NONE;
  if (at + 1 === text.length) return WAIT;
  return SPACE.test(text.charAt(at + 1)) ? { kind: 'end', end: at + 1 } : NONE;
}

/** The last place at or before `limit` where a word ends, and neither a number nor a link is torn; 0: there is none. */
export function wordEnd(text: string, limit: number): number {
  for (let at = Math.min(limit, text.length - 1); at > 0; at--) {
    if (!SPACE.test(text.charAt(at))) continue;
    const before = text.charAt(at - 1);
    const next = text.charAt(at + 1);
    if (SPACE.test(before) || next === '') continue;
    // "+49 30 1234", "10 000", "$ 5": numbers stay with what belongs to them; more digits may come.
    if (DIGIT.test(next) || /[+$€£(]/.test(next) || (DIGIT.test(before) && !LETTER.test(next))) continue;
    return at;
  }
  return 0;
}

/** Never between the two halves of a character, nor before a mark that belongs to the one before. */
export function characterEnd(text: string, limit: number): number {
  let at = limit;
  while (
    at > 1 &&
    (/[\uDC00-\uDFFF]/.test(text.charAt(at)) || /\p{M}|\u200D|\uFE0F/u.test(text.charAt(at)) || text.charAt(at - 1) === '\u200D')
  )
    at--;
  return at;
}

function afterFullStop(text: string, at: number, language: string): Boundary {
  const end: Boundary = { kind: 'end', end: at + 1 };
  const word = /[\p{L}\p{M}\p{Nd}.]*$/u.exec(text.slice(Math.max(0, at - 24), at))?.[0] ?? '';
  const lower = word.toLowerCase();
  if (/^\p{Nd}{1,2}$/u.test(word) && ORDINAL_LANGUAGES.has(language.slice(0, 2).toLowerCase())) return NONE;
  if (/^\p{Lu}$/u.test(word) && !/^[IOЯ]$/u.test(word)) return NONE;
  const next = text
    .slice(at + 1)
    .trimStart()
    .charAt(0);
  if (PERHAPS.has(lower)) {
    if (next === '') return WAIT;
    return UPPER.test(next) || !LETTER.test(next) ? end : NONE;
  }
  if (BEFORE_A_NUMBER.has(lower)) {
    if (next === '') return WAIT;
    return DIGIT.test(next) ? NONE : end;
  }
  // "e.g.", "z.B.": dots within stand for letters that are left out.
  if (BEFORE_A_NAME.has(lower) || /^\p{L}{1,2}(\.\p{L}{1,2})+$/u.test(word)) return NONE;
  return end;
}

/** How long a text is to speak, in letters of the Latin script: a sign of Chinese, Japanese or Korean is about two. */
export function spokenLength(text: string): number {
  const wide = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu);
  return text.length + (wide?.length ?? 0);
}
