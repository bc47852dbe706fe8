/** What a person hears who is asked to take a call. */
import type { Variables } from '../contracts/agent';

interface Words {
  /** BCP 47 with a region: carriers' voices are known by it. */
  voice: string;
  callFrom: (name: string) => string;
  callForYou: string;
  about: (reason: string) => string;
  question: string;
}

const WORDS: Readonly<Record<string, Words>> = {
  en: {
    voice: 'en-US',
    callFrom: (name) => `There is a call for you from ${name}.`,
    callForYou: 'There is a call for you.',
    about: (reason) => `What it is about: ${reason}`,
    question: 'Press 1 to take the call, or any other key to decline.',
  },
  de: {
    voice: 'de-DE',
    callFrom: (name) => `Ein Anruf für Sie von ${name}.`,
    callForYou: 'Ein Anruf für Sie.',
    about: (reason) => `Es geht um Folgendes: ${reason}`,
    question: 'Drücken Sie die 1, um ihn anzunehmen, oder eine andere Taste, um ihn abzulehnen.',
  },
  es: {
    voice: 'es-ES',
    callFrom: (name) => `Tiene una llamada de ${name}.`,
    callForYou: 'Tiene una llamada.',
    about: (reason) => `El motivo es el siguiente: ${reason}`,
    question: 'Pulse 1 para aceptarla, o cualquier otra tecla para rechazarla.',
  },
  fr: {
    voice: 'fr-FR',
    callFrom: (name) => `Un appel pour vous de la part de ${name}.`,
    callForYou: 'Un appel pour vous.',
    about: (reason) => `En voici la raison : ${reason}`,
    question: 'Appuyez sur 1 pour le prendre, ou sur une autre touche pour le refuser.',
  },
  it: {
    voice: 'it-IT',
    callFrom: (name) => `C'è una chiamata per lei da ${name}.`,
    callForYou: "C'è una chiamata per lei.",
    about: (reason) => `Il motivo è il seguente: ${reason}`,
    question: 'Prema 1 per accettarla, o un altro tasto per rifiutarla.',
  },
  pt: {
    voice: 'pt-BR',
    callFrom: (name) => `Há uma chamada para você de ${name}.`,
    callForYou: 'Há uma chamada para você.',
    about: (reason) => `O motivo é o seguinte: ${reason}`,
    question: 'Pressione 1 para atender, ou qualquer outra tecla para recusar.',
  },
  nl: {
    voice: 'nl-NL',
    callFrom: (name) => `Er is een gesprek voor u van ${name}.`,
    callForYou: 'Er is een gesprek voor u.',
    about: (reason) => `Het gaat over het volgende: ${reason}`,
    question: 'Druk op 1 om het aan te nemen, of op een andere toets om te weigeren.',
  },
};

/** A document of the carrier's has 4,000 characters for all of it. */
const MAX_SPOKEN_CHARS = 600;

export interface TransferWords {
  summary: string;
  question: string;
  /** Of the carrier's voice. */
  language: string;
}

/**
 * @param language the agent's, BCP 47; one that is not among ours is asked in English
 * @param reason what the caller wants, in the model's words; may be empty
 * @param whisper instead of who calls: variables are filled in already
 */
export function transferWords(call: { language: string; reason: string; variables: Variables; whisper: string }): TransferWords {
  const { voice, ...words } = wordsOf(call.language);
  const name = nameIn(call.variables);
  const who = call.whisper.trim() || (name === '' ? words.callForYou : words.callFrom(name));
  const summary = call.reason.trim() === '' ? who : `${who} ${words.about(call.reason.trim())}`;
  return { summary: spoken(summary), question: words.question, language: regional(call.language) ?? voice };
}

/** The question alone, for a voice that was chosen before. */
export function transferQuestion(language: string): string {
  return wordsOf(language).question;
}

function wordsOf(language: string): Words {
  return WORDS[language.toLowerCase().split(/[-_]/)[0] ?? ''] ?? (WORDS.en as Words);
}

/** `de-AT` stays what it is where we have German. */
function regional(language: string): string | undefined {
  const [, base, region] = /^([a-z]{2})[-_]([a-z]{2})$/i.exec(language) ?? [];
  return base && region && WORDS[base.toLowerCase()] ? `${base.toLowerCase()}-${region.toUpperCase()}` : undefined;
}

function nameIn(variables: Variables): string {
  const value = (key: string) => variables[key]?.trim() ?? '';
  return value('name') || [value('first_name'), value('last_name')].filter((part) => part !== '').join(' ');
}

/** At a word's end. */
function spoken(text: string): string {
  const flat = text.replace(/\s+/g, ' ');
  if (flat.length <= MAX_SPOKEN_CHARS) return flat;
  const cut = flat.slice(0, MAX_SPOKEN_CHARS);
  return cut.slice(0, Math.max(cut.lastIndexOf(' '), 1));
}
