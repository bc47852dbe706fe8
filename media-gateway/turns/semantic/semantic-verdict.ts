import { plainWords } from '../backchannel';
import { dictatesNumber } from './dictated-number';
import { LANGUAGE_WORDS, type LanguageWords } from './language-words';

/** `unclear`: the words alone do not tell. */
export type SemanticVerdict = 'finished' | 'unfinished' | 'unclear';

/**
 * Whether a text is a finished turn, by its last words: a clause without its end, a sound made while thinking, a number half dictated, a question
 * announced and not asked. Recognisers put a full stop behind every pause, so it counts only for a text that has nothing against it.
 * @param language BCP 47; other languages than en, de, es, fr, it and pt are `unclear`
 */
export function semanticVerdict(text: string, language: string): SemanticVerdict {
  const lists = LANGUAGE_WORDS[language.slice(0, 2).toLowerCase()];
  const plain = plainWords(text);
  if (plain.length === 0) return 'unclear';
  const trimmed = text.trim();
  const asked = /[?？]["'”»)]*$/.test(trimmed);
  if (/(,|-|–|…|\.\.\.)$/.test(trimmed)) return 'unfinished';
  if (!lists) return asked ? 'finished' : 'unclear';
  if (announces(plain, lists)) return 'unfinished';
  if (asked) return 'finished';
  if (hangs(plain, lists) || dictatesNumber(plain, lists)) return 'unfinished';
  return /[.!?。！]["'”»)]*$/.test(trimmed) ? 'finished' : 'unclear';
}

/** "Can I ask you something?" is a question and no end. */
function announces(plain: readonly string[], { announcing, finished }: LanguageWords): boolean {
  return endsWithAny(plain, announcing) && !endsWithAny(plain, finished);
}

function hangs(plain: readonly string[], lists: LanguageWords): boolean {
  const last = plain.at(-1) as string;
  if (lists.fillers.has(last)) return true;
  if (endsWithAny(plain, lists.finished)) return false;
  if (lists.hanging.has(last)) return true;
  return lists.hangingUnlessAsked.has(last) && !lists.asking.has(plain[0] as string);
}

function endsWithAny(plain: readonly string[], phrases: readonly string[]): boolean {
  const text = ` ${plain.join(' ')}`;
  return phrases.some((phrase) => text.endsWith(` ${phrase}`));
}
