/** Words that say "I am listening" and ask for nothing, by language. Compared without punctuation, case and accents. */
const BACKCHANNELS = new Set(
  `ok okay yes yeah yep yup right sure mhm hm hmm mm mmm uh uhhuh huh aha ah oh so i see alright good great cool fine
   ja genau aha gut klar stimmt si claro vale bueno oui ouais daccord certo va bene sim tah isso`.split(/\s+/),
);
/** How somebody answers the phone: no interruption of whoever has just begun to speak. */
const GREETINGS = new Set('hello hi hey hallo hola allo bonjour pronto ciao ola alo yes ja si oui'.split(' '));

const MOST_WORDS = 3;

/** `Uh-huh, okay!` → `['uhhuh', 'okay']` */
export function plainWords(text: string): string[] {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/['’-]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** Only while the agent speaks: as the answer to a question "yes" is an answer. */
export function isBackchannel(text: string, options: { greeting: boolean } = { greeting: false }): boolean {
  const words = plainWords(text);
  if (words.length === 0) return true;
  if (words.length > MOST_WORDS) return false;
  return words.every((word) => BACKCHANNELS.has(word) || (options.greeting && GREETINGS.has(word)));
}
