import type { LanguageWords } from './language-words';

/** Telephone numbers have at least so many digits without the area code nearly everywhere. */
const LEAST_OF_A_NUMBER = 7;
/** So many digits one by one are a dictation, even without an announcement. */
const LEAST_OF_A_DICTATION = 3;

/** Whether the text ends within a number that is being dictated digit by digit: too long for an amount, too short for a telephone number. */
export function dictatesNumber(plain: readonly string[], { digits, numberLeads }: LanguageWords): boolean {
  let at = plain.length;
  let count = 0;
  let groups = 0;
  while (at > 0) {
    const word = plain[at - 1] as string;
    const length = /^\d+$/.test(word) ? word.length : digits.has(word) ? 1 : 0;
    if (length === 0) break;
    count += length;
    groups++;
    at--;
  }
  if (groups === 0 || count >= LEAST_OF_A_NUMBER) return false;
  const before = plain.slice(0, at).join(' ');
  const announced = numberLeads.some((lead) => before === lead || before.endsWith(` ${lead}`));
  return announced || (groups >= LEAST_OF_A_DICTATION && count >= LEAST_OF_A_DICTATION);
}
