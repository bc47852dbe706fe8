import { plainWords } from '../../policy/plain-words';

export { plainWords };

/** Words that say "I am listening" and ask for nothing. Compared without punctuation, case and accents. */
const EVERYWHERE = 'ok,okay,mhm,mhmm,hm,hmm,mm,mmm,mmhm,mmhmm,uh,uhhuh,huh,ah,aha,oh,eh';

const BY_LANGUAGE: Readonly<Record<string, string>> = {
  en: 'yes,yeah,yep,yup,right,sure,so,i see,alright,all right,good,great,cool,fine,exactly,got it,gotcha,of course,understood,true,nice',
  de: 'ja,jaja,genau,gut,klar,stimmt,richtig,alles klar,verstehe,ich verstehe,ach so,achso,na gut,eben,schon,prima,super',
  es: 'si,claro,vale,bueno,bien,aja,ya,ya veo,entiendo,de acuerdo,perfecto,exacto,por supuesto',
  fr: 'oui,ouais,daccord,bien,bien sur,voila,je vois,tres bien,exactement,entendu,cest ca,ben oui',
  it: 'si,certo,va bene,bene,esatto,capisco,capito,giusto,ah ecco,daccordo,perfetto',
  pt: 'sim,tah,ta,isso,certo,claro,entendi,pois,pois e,esta bem,ta bom,perfeito,exato',
  nl: 'ja,jaja,precies,goed,prima,klopt,oke,snap ik,ik snap het,natuurlijk,juist,zeker',
};

/** How somebody answers the phone: no interruption of whoever has just begun to speak. */
const GREETINGS = 'hello,hi,hey,hallo,hola,allo,bonjour,pronto,ciao,ola,alo,yes,ja,si,oui';

/** Who says more than this has something to say. */
const MOST_WORDS = 3;

export interface BackchannelOptions {
  /** The agent has only just begun: a "hello" is none either. */
  greeting?: boolean;
  /** BCP 47 of the agent; none, or one that has no list: every language's words count. */
  language?: string;
  /** The agent's own, besides the language's. */
  own?: readonly string[];
}

/** Only while the agent speaks: as the answer to a question "yes" is an answer. */
export function isBackchannel(text: string, options: BackchannelOptions = {}): boolean {
  const words = plainWords(text);
  if (words.length === 0) return true;
  const own = (options.own ?? []).map((phrase) => plainWords(phrase).join(' '));
  if (own.includes(words.join(' '))) return true;
  if (words.length > MOST_WORDS) return false;
  const known = phrasesOf(options.language);
  const isKnown = (phrase: string) =>
    known.has(phrase) || own.includes(phrase) || (options.greeting === true && GREETING_WORDS.has(phrase));
  return coveredBy(words, isKnown);
}

/** Whether the words are known phrases, one after the other. */
function coveredBy(words: readonly string[], isKnown: (phrase: string) => boolean): boolean {
  if (words.length === 0) return true;
  for (let length = words.length; length > 0; length--) {
    if (isKnown(words.slice(0, length).join(' ')) && coveredBy(words.slice(length), isKnown)) return true;
  }
  return false;
}

const set = (...lists: string[]): ReadonlySet<string> => new Set(lists.flatMap((list) => list.split(',')));
const GREETING_WORDS = set(GREETINGS);
const ALL = set(EVERYWHERE, ...Object.values(BY_LANGUAGE));
const SETS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(BY_LANGUAGE).map(([language, list]) => [language, set(EVERYWHERE, list)]),
);

function phrasesOf(language: string | undefined): ReadonlySet<string> {
  return SETS.get(language?.slice(0, 2).toLowerCase() ?? '') ?? ALL;
}
