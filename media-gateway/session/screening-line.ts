import type { CallSetup } from '../../contracts/call';
import { type Phrase, phrase } from './phrases';

/** A screener listens for so long, and a person who reads along no longer. */
const MOST_CHARACTERS = 220;
/** "Hi Ada," and the like: it is not Ada who listens. */
const SALUTATION =
  /^(hi|hello|hey|good (morning|afternoon|evening|day)|hallo|guten (tag|morgen|abend)|hola|buenos dias|buenas (tardes|noches)|bonjour|bonsoir|buongiorno|buonasera|ciao|salve|olá|dag|goedemiddag)\b[^,.!?]{0,30}[,.!]+\s*/iu;

/**
 * Who calls and why, in a sentence. The developer's own where there is one; else that an AI assistant calls (a screener is told the truth, too) and what the
 * first message says, without its salutation and its question. Without a first message nothing but the first half.
 */
export function screeningLine(setup: Pick<CallSetup, 'agent' | 'answering'>): Phrase {
  const own = setup.answering?.screening;
  if (own) return { text: own, verbatim: true };
  const { text, verbatim } = phrase(setup.agent.language, 'screening');
  const reason = reasonIn(setup.agent.firstMessage);
  return { text: reason ? `${text} ${reason}` : text, verbatim };
}

function reasonIn(firstMessage: string): string {
  const sentences =
    firstMessage
      .trim()
      .replace(SALUTATION, '')
      .match(/[^.!?]+[.!?]*/gu) ?? [];
  const trimmed = sentences.map((sentence) => sentence.trim()).filter(Boolean);
  const statements = trimmed.filter((sentence) => !sentence.endsWith('?'));
  // A question alone tells what it is about, too.
  const chosen = (statements.length > 0 ? statements : trimmed)[0] ?? '';
  return (chosen.charAt(0).toLocaleUpperCase() + chosen.slice(1)).slice(0, MOST_CHARACTERS);
}
