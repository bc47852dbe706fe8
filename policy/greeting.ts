/** Who the first words sound like: phrases that only one kind of callee says, by language. */
import { plainWords } from './plain-words';

/**
 * - `machine`: a mailbox.
 * - `ivr`: a menu that asks for keys or for a word.
 * - `call_screening`: a machine that asks for name and reason, and a person listens to it (iOS, Google).
 * - `hold`: a machine that says to wait, for somebody who is being asked or a queue.
 * - `declined`: a machine that says that nobody will come, and takes no message.
 * - `unclear` is treated as a person.
 */
export const GREETINGS = ['human', 'machine', 'ivr', 'call_screening', 'hold', 'declined', 'unclear'] as const;
export type Greeting = (typeof GREETINGS)[number];

interface Phrases {
  machine: readonly RegExp[];
  ivr: readonly RegExp[];
  screening: readonly RegExp[];
  hold: readonly RegExp[];
  declined: readonly RegExp[];
  /** What machines say, and people too ("he is not available at the moment" is what a colleague says). */
  weak: readonly RegExp[];
}

const DIGIT = '(\\d|one|two|three|four|five|six|seven|eight|nine|zero|star|pound)';

/** Compared with `plainWords`: lower case, no accents, no apostrophes. */
const PHRASES: Readonly<Record<string, Phrases>> = {
  en: {
    machine: [
      /leave (me |us )?(a|your|the) (brief |short |detailed )?message/,
      /leave your (name|number)/,
      /(after|at|following) the (tone|beep|signal)/,
      /record (a|your) message/,
      /voice ?mail|mail ?box|answering machine/,
      /has been forwarded/,
    ],
    ivr: [
      new RegExp(`\\b(press|dial|push|touch)( the)?( number)? ${DIGIT}\\b`),
      new RegExp(`\\b(press|dial|say) (or (press|say|dial) )?${DIGIT}\\b`),
      /\b(press|hit) (the )?(any key|star|pound|hash)/,
      /\benter (your|the) .{0,40}(number|pin|code|extension|digits?)/,
      /if you know (your partys|the|your) extension/,
      /listen (carefully )?(to|as) (the |our )?(following|menu)|menu options|main menu|(following|one of these) options/,
      /for .{2,60} (press|say|dial) /,
      /that is not a valid|invalid (entry|option|selection)|didnt (get|understand) (your|that) (selection|entry|response)/,
    ],
    screening: [
      /(reason|why) (for|of) (your |the )?call(ing)?/,
      /why (you are|youre) calling/,
      /person (you are|youre) (calling|trying to reach)/,
      /(record|say|state|tell me) your name (and|before)/,
      /(call|using a) (screening|screener|assist)|screening service|calls? (is|are) being screened/,
      /(ill|i will|we will|well) see if (this person|they|the person|he|she) (is|are)/,
    ],
    hold: [
      /(please )?(stay|remain|hold) on the line/,
      /please (hold|wait)|hold (on )?please|one moment|just a moment|just a second|hold while|while (we|i) (connect|transfer|try)/,
      /your call (is important|will be (answered|taken|connected))|thank you for (holding|waiting|your patience)/,
      /next available|(agents|representatives|operators|lines) are (currently )?(busy|assisting|helping)/,
    ],
    declined: [
      /(cant|cannot|can not|unable to|not able to) (take|answer|accept) (your|this|the) call/,
      /(person|they|number).{0,30} (is|are) (not|un) ?available/,
      /(not accepting|doesnt accept|does not accept|no longer (taking|accepting)) .{0,20}calls/,
    ],
    weak: [
      /(is|am|are|im) (not|currently|unable|away|un) ?(available|able)?/,
      /(cant|cannot|can not) (come to the phone|take your call|answer)/,
      /(you ?have|youve) reached/,
    ],
  },
  de: {
    machine: [/nach dem (signal|pfeif)?ton|hinterlassen sie|anrufbeantworter|sprachbox|mailbox/],
    ivr: [
      /(drucken|wahlen|tippen|sagen) sie (bitte )?(die |eine )?(taste |ziffer )?(\d|eins|zwei|drei|vier|funf|sechs|sieben|acht|neun|null|stern|raute)\b/,
      /(fur|bei) .{2,60} (drucken|wahlen|sagen) sie/,
      /geben sie (bitte )?(ihre|die) .{0,30}nummer/,
      /hauptmenu|folgenden (optionen|moglichkeiten)|ungultige eingabe/,
    ],
    screening: [
      /grund (ihres|des|fur (den|ihren)) anruf/,
      /(warum|weshalb|weswegen) sie anrufen/,
      /(nennen|sagen) sie .{0,20}(ihren )?namen/,
    ],
    hold: [
      /bleiben sie (bitte )?(in der leitung|dran|am apparat)|bitte (warten|haben sie .{0,20}geduld)|(einen )?(moment|augenblick) bitte/,
      /nachste freie|mitarbeiter .{0,30}(im gesprach|belegt)|vielen dank fur ihre geduld|wir verbinden sie/,
    ],
    declined: [
      /kann (ihren|den) anruf (gerade |derzeit |leider )?nicht (annehmen|entgegennehmen)/,
      /(teilnehmer|person) ist (derzeit |zurzeit )?nicht (erreichbar|verfugbar)/,
    ],
    weak: [/(nicht|momentan) (erreichbar|da)/, /sie haben die nummer/],
  },
  es: {
    machine: [/deje? (su|un|tu) mensaje|despues (del tono|de la senal)|buzon de voz|contestador/],
    ivr: [
      /(pulse|marque|oprima|presione|diga) (el |la |tecla |numero )*(\d|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|cero|asterisco|almohadilla)\b/,
      /para .{2,60} (pulse|marque|oprima|presione|diga) /,
      /(introduzca|ingrese|teclee) (su|el) .{0,30}(numero|codigo)/,
      /menu principal|siguientes opciones|opcion no valida/,
    ],
    screening: [/motivo de (su|la|tu) llamada/, /(por que|para que) (llama|esta llamando)/, /(diga|indique) su nombre/],
    hold: [
      /(permanezca|manten(gase|ga)|espere|no cuelgue).{0,20}(linea|favor|momento)|un momento|no cuelgue/,
      /(agentes|operadores) .{0,20}ocupad|gracias por (su paciencia|esperar)/,
    ],
    declined: [
      /no puede (atender|contestar|responder)( a)? (su|la|esta) llamada/,
      /no (se encuentra|esta) disponible .{0,20}(usuario|persona|abonado)?$/,
    ],
    weak: [/no (esta disponible|puedo atender)/, /ha llamado (a|al)/],
  },
  fr: {
    machine: [/laisse[rz] (moi |nous )?(un|votre) message|apres le (bip|signal)|messagerie|repondeur|boite vocale/],
    ivr: [
      /(tapez|appuyez sur|faites|composez|dites) (la |le |touche |chiffre )*(\d|un|deux|trois|quatre|cinq|six|sept|huit|neuf|zero|etoile|diese)\b/,
      /pour .{2,60} (tapez|appuyez|faites|composez|dites) /,
      /(saisissez|entrez|composez) votre .{0,30}(numero|code)/,
      /menu principal|options suivantes|choix (non valide|invalide)/,
    ],
    screening: [/(raison|motif|objet) de (votre|l) ?appel/, /pourquoi vous appelez/, /(donnez|dites|indiquez|enregistrez) votre nom/],
    hold: [
      /(restez|reste[rz]) en ligne|ne quittez pas|(veuillez )?patiente[rz]|un instant|merci de (votre patience|patienter)|conseillers .{0,20}occupes/,
    ],
    declined: [
      /ne peut pas (prendre|repondre a) (votre|l) ?appel/,
      /(correspondant|personne) (nest pas|est) (disponible|indisponible|joignable)/,
    ],
    weak: [/(pas disponible|indisponible|absent)/, /vous etes bien (chez|sur)/],
  },
  it: {
    machine: [/lascia(te|re)? (un|il (suo|tuo|vostro)) messaggio|dopo il (segnale|bip)|segreteria/],
    ivr: [
      /(prema|premere|premi|digiti|digitare|dica) (il |lo |l|tasto |numero )*(\d|uno|due|tre|quattro|cinque|sei|sette|otto|nove|zero|asterisco|cancelletto)\b/,
      /per .{2,60} (prema|premere|premi|digiti|dica) /,
      /(inserisca|digiti|immetta) (il (suo )?)?.{0,30}(numero|codice)/,
      /menu principale|seguenti opzioni|(scelta|opzione) non valida/,
    ],
    screening: [/motivo (della|di questa) (sua )?chiamata/, /perche (sta chiamando|chiama)/, /(dica|indichi|registri) il (suo )?nome/],
    hold: [
      /(resti|rimanga|attenda|restare) in linea|attenda prego|un (momento|attimo)|non riagganci|grazie per l ?attesa|operatori .{0,20}occupati/,
    ],
    declined: [
      /non puo (rispondere( alla)?|prendere la) (sua )?chiamata/,
      /(utente|persona|cliente) .{0,30}non (e )?(disponibile|raggiungibile)/,
    ],
    weak: [/non (e disponibile|posso rispondere)/, /(risponde|avete chiamato)/],
  },
  pt: {
    machine: [/deixe (a sua|sua|uma) mensagem|apos o sinal|caixa postal/],
    ivr: [
      /(pressione|digite|tecle|disque) (o |a |tecla |numero )*(\d|um|dois|tres|quatro|cinco|seis|sete|oito|nove|zero)\b/,
      /para .{2,60} (pressione|digite|tecle) /,
    ],
    screening: [/motivo da (sua )?(ligacao|chamada)/],
    hold: [/(aguarde|permaneca).{0,20}(linha|momento|favor)|um momento/],
    declined: [/nao pode atender (a |sua )?(ligacao|chamada)?/],
    weak: [/nao esta disponivel/],
  },
  nl: {
    machine: [/spreek .*in na de (piep|toon)|laat een bericht|voicemail/],
    ivr: [/(toets|druk|kies) (op )?(een )?(\d|een|twee|drie|vier|vijf|zes|zeven|acht|negen|nul)\b/, /voor .{2,60} (toets|kies|druk)/],
    screening: [/reden (van|voor) (uw|je|het) (gesprek|telefoontje|oproep)/],
    hold: [/blijf aan de lijn|een (moment|ogenblik)|blijft u aan de lijn/],
    declined: [/kan (uw|je) (oproep|gesprek) niet (aannemen|beantwoorden)/],
    weak: [/niet (bereikbaar|beschikbaar)/],
  },
};

/** People answer in few words. */
const HUMAN_WORDS = 8;
/** A sign that people give too counts only in a text as long as a greeting. */
const LONG_TEXT = 8;

/**
 * Phrases of every language count, whatever the agent's: machines speak their owner's. A mailbox's words beat all others ("we cannot take your call, leave
 * a message"), and a screener's beat a menu's ("state your name, or press one"). Then a menu, then waiting; a single weak sign is `unclear`.
 */
export function classifyGreeting(text: string): Greeting {
  const words = plainWords(text);
  if (words.length === 0) return 'unclear';
  const plain = words.join(' ');
  const says = (kind: keyof Phrases) => ALL[kind].some((pattern) => pattern.test(plain));
  if (says('screening') && !SAYS_MESSAGE.test(plain)) return 'call_screening';
  if (says('machine')) return 'machine';
  if (says('ivr')) return 'ivr';
  const weak = ALL.weak.filter((pattern) => pattern.test(plain)).length;
  if (weak >= 2 && words.length > LONG_TEXT) return 'machine';
  // A colleague says these too: they count only for a listener who knows of a machine.
  if (says('hold')) return 'hold';
  if (says('declined')) return 'declined';
  return weak === 0 && words.length <= HUMAN_WORDS ? 'human' : 'unclear';
}

/** "Record your name and message after the tone" is a mailbox. */
const SAYS_MESSAGE = /\bmessage\b|nachricht|mensaje|messaggio|mensagem|\bbericht\b/;

const ALL: Readonly<Record<keyof Phrases, readonly RegExp[]>> = {
  machine: Object.values(PHRASES).flatMap(({ machine }) => machine),
  ivr: Object.values(PHRASES).flatMap(({ ivr }) => ivr),
  screening: Object.values(PHRASES).flatMap(({ screening }) => screening),
  hold: Object.values(PHRASES).flatMap(({ hold }) => hold),
  declined: Object.values(PHRASES).flatMap(({ declined }) => declined),
  weak: Object.values(PHRASES).flatMap(({ weak }) => weak),
};
