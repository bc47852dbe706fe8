/** Callers who ask one question and listen to a long answer: whoever is in the middle of it hears at once when nobody speaks any more. */
import type { CallEntry } from '../../lab/ledger';
import type { ScenarioInput } from '../../lab/scenario';

/** As people speak: 30 characters a second. */
export const BAUD = 300;
export const DISCLOSURE = 'This is an AI assistant of Acme Dental.';
export const GREETING = 'Hi {first_name}, your appointment is on {date}. Does it suit you?';

const FIRST =
  'We are open from Monday to Friday, from eight in the morning to six in the evening, and on the first Saturday of every month until noon.';
/** Each unlike any other, so that the last words heard have one place in the answer. */
const room = (number: number) => `Room ${number} belongs to doctor ${number}.`;
const LAST = 'So, will you be there on Tuesday?';

/** So long that everybody can be called, and picks up, before the first one has heard it to its end, on a machine that takes twice its time as well. */
export function answerMs(calls: number): number {
  return 30_000 + calls * 600;
}

export function scenario(calls: number): ScenarioInput {
  return {
    network: { cps: 20, ringAfterMs: 100 },
    default: 'listener',
    personas: {
      listener: {
        kind: 'human',
        answerAfterMs: 300,
        patienceMs: 40_000,
        steps: [
          { hear: '/suit you/', say: 'What are your opening hours?' },
          { hear: '/on tuesday|suit you|back/i', say: 'Yes, I confirm.' },
          { hear: '/confirmed|noted|settled|else|suit you|back|bye/', orAfterMs: 8_000, say: 'Goodbye.' },
          { waitMs: 500, hangUp: true },
        ],
      },
    },
    brain: [{ when: 'opening hours', say: answer(answerMs(calls)) }],
  };
}

function answer(ms: number): string {
  const characters = (ms / 1_000) * (BAUD / 10);
  let text = FIRST;
  for (let next = 1; text.length + LAST.length < characters; next++) text += ` ${room(next)}`;
  return `${text} ${LAST}`;
}

/** In the middle of the answer. */
export function isListening(call: CallEntry): boolean {
  const text = heard(call);
  return call.endedAt === undefined && text.includes('eight in the morning') && !text.includes('will you be there');
}

export function heard(call: CallEntry): string {
  return call.heard.map((segment) => segment.text).join('|');
}
