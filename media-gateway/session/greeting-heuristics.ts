import { plainWords } from '../turns/backchannel';

/** What only a machine says. Without accents and in lower case, as the text is compared. */
const STRONG = [
  /leave (me |us )?(a|your|the) (brief |short )?message/,
  /leave your (name|number)/,
  /(after|at|following) the (tone|beep|signal)/,
  /record (a|your) message/,
  /voice ?mail|mail ?box|answering machine/,
  /has been forwarded/,
  /nach dem (signal)?ton|hinterlassen sie|anrufbeantworter|sprachbox/,
  /deje? (su|un|tu) mensaje|despues (del tono|de la senal)|buzon de voz/,
  /laisse[rz] (moi )?(un|votre) message|apres le (bip|signal)|messagerie|repondeur/,
  /lascia(te|re)? un messaggio|dopo il segnale|segreteria/,
  /deixe (a sua|sua|uma) mensagem|apos o sinal|caixa postal/,
  /spreek .*in na de (piep|toon)|laat een bericht/,
];
/** What machines say, and people too. */
const WEAK = [
  /(is|am|are|im) (not|currently|unable|away|un) ?(available|able)?/,
  /(cant|cannot|can not) (come to the phone|take your call|answer)/,
  /(you ?have|youve) reached/,
  /(nicht|momentan) (erreichbar|da)/,
  /no (esta disponible|puedo atender)/,
  /(pas disponible|indisponible|absent)/,
];
/** A call screener is a machine that a person listens to: it deserves an answer. */
const SCREENER = [/reason for (your )?call/, /why (you are|youre) calling/, /person you are calling/];

const HUMAN_WORDS = 8;

/**
 * Who the first words sound like. A weak sign counts only in a long text ("he is not available at the moment" is what a colleague says).
 * `unclear` is treated as a person.
 */
export function classifyGreeting(text: string): 'human' | 'machine' | 'unclear' {
  const words = plainWords(text);
  const plain = words.join(' ');
  if (words.length === 0) return 'unclear';
  if (SCREENER.some((pattern) => pattern.test(plain))) return 'unclear';
  if (STRONG.some((pattern) => pattern.test(plain))) return 'machine';
  const weak = WEAK.filter((pattern) => pattern.test(plain)).length;
  if (weak >= 2 && words.length > HUMAN_WORDS) return 'machine';
  return weak === 0 && words.length <= HUMAN_WORDS ? 'human' : 'unclear';
}
