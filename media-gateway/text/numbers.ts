/**
 * Numbers as they are said: telephone numbers and codes digit by digit in groups, currencies behind their amount, large numbers without the marks
 * between their thousands, which a voice takes for a pause or a decimal point.
 */

interface Manner {
  /** Between thousands, and before what is less than one: as a class of characters. */
  thousands: string;
  decimal: string;
  plus: string;
  percent: string;
  currencies: Readonly<Record<string, readonly [one: string, many: string, cents: string]>>;
  and: string;
}

const SPACES = '[\u00A0\u202F\u2009 ]';

const MANNERS: Readonly<Record<string, Manner>> = {
  en: {
    thousands: '[,]',
    decimal: '[.]',
    plus: 'plus',
    percent: 'percent',
    and: 'and',
    currencies: { $: ['dollar', 'dollars', 'cents'], '€': ['euro', 'euros', 'cents'], '£': ['pound', 'pounds', 'pence'] },
  },
  de: {
    thousands: '[.]',
    decimal: '[,]',
    plus: 'plus',
    percent: 'Prozent',
    and: 'und',
    currencies: { $: ['Dollar', 'Dollar', 'Cent'], '€': ['Euro', 'Euro', 'Cent'], '£': ['Pfund', 'Pfund', 'Pence'] },
  },
  es: {
    thousands: '[.]',
    decimal: '[,]',
    plus: 'más',
    percent: 'por ciento',
    and: 'con',
    currencies: { $: ['dólar', 'dólares', 'centavos'], '€': ['euro', 'euros', 'céntimos'], '£': ['libra', 'libras', 'peniques'] },
  },
  fr: {
    thousands: SPACES,
    decimal: '[,]',
    plus: 'plus',
    percent: 'pour cent',
    and: 'et',
    currencies: { $: ['dollar', 'dollars', 'cents'], '€': ['euro', 'euros', 'centimes'], '£': ['livre', 'livres', 'pence'] },
  },
};

/** A number that is dialled: a plus or a zero in front, or groups with signs between them; seven digits and more. */
const PHONE = /(?<![\p{L}\p{Nd}.,])(?:\+|\(\+?\d{1,4}\)|0|\d{3}[-. ]\d{3,4})[\d ()./\u2013-]{4,}\d(?![\p{L}\p{Nd}])/gu;
/** Digits that stand alone and are too many for an amount. */
const CODE = /(?<![\p{L}\p{Nd}.,$€£])\d{7,}(?![\p{L}\p{Nd}]|[.,]\d)/gu;

/** @param language BCP 47; languages that are not known are left as they are but for telephone numbers */
export function spokenNumbers(text: string, language: string): string {
  const manner = MANNERS[language.slice(0, 2).toLowerCase()];
  let spoken = text
    .replace(PHONE, (found) => (digitsOf(found).length >= 7 ? phone(found, manner?.plus ?? '+') : found))
    .replace(CODE, (found) => groups(found).join(', '));
  if (!manner) return spoken;
  spoken = currencies(spoken, manner);
  spoken = spoken.replace(amountPattern(manner), (found) => plain(found, manner));
  return spoken.replace(new RegExp(`(\\d)${SPACES}?%`, 'gu'), `$1 ${manner.percent}`);
}

function amountPattern({ thousands, decimal }: Manner): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{Nd}.,])\\d{1,3}(?:${thousands}\\d{3})+(?:${decimal}\\d+)?(?![\\p{L}\\p{Nd}])`, 'gu');
}

function plain(amount: string, { thousands }: Manner): string {
  return amount.replace(new RegExp(thousands, 'gu'), '');
}

function currencies(text: string, manner: Manner): string {
  const amount = `(\\d{1,3}(?:${manner.thousands}\\d{3})+|\\d+)(?:${manner.decimal}(\\d{2}))?(?![\\p{L}\\p{Nd}]|[.,]\\d)`;
  const before = new RegExp(`([$€£])${SPACES}?${amount}`, 'gu');
  const after = new RegExp(`(?<![\\p{L}\\p{Nd}.,])${amount}${SPACES}?([$€£])`, 'gu');
  return text
    .replace(before, (_, sign: string, whole: string, cents?: string) => money(sign, whole, cents, manner))
    .replace(after, (_, whole: string, cents: string | undefined, sign: string) => money(sign, whole, cents, manner));
}

function money(sign: string, whole: string, cents: string | undefined, manner: Manner): string {
  const [one, many, small] = manner.currencies[sign] ?? [sign, sign, ''];
  const units = plain(whole, manner);
  const spoken = `${units} ${units === '1' ? one : many}`;
  return cents === undefined || cents === '00' ? spoken : `${spoken} ${manner.and} ${Number(cents)} ${small}`;
}

function phone(printed: string, plus: string): string {
  const lead = printed.trimStart().replace(/^\(/, '').startsWith('+') ? `${plus} ` : '';
  // Groups as they are printed; a long run is cut into threes.
  const parts = printed.split(/[^\d]+/).filter(Boolean);
  return lead + parts.flatMap(groups).join(', ');
}

/** Digits with a space in between, three or four at a time. */
function groups(digits: string): string[] {
  const result: string[] = [];
  let rest = digits;
  while (rest.length > 4) {
    result.push(rest.slice(0, 3));
    rest = rest.slice(3);
  }
  result.push(rest);
  return result.map((group) => [...group].join(' '));
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}
