import type { CallSetup, TranscriptTurn } from '../../contracts/call';
import type { CallSessionOptions } from './ports';

/** The developer's prompt, and what the model must know of the line it is on. */
export function sessionInstructions(setup: CallSetup): string {
  const { agent } = setup;
  return [
    agent.systemPrompt.trim(),
    `You are on a phone call. Speak in short sentences, in the language "${agent.language}" unless the caller uses another one.`,
    'Keys that the caller presses appear as [DTMF: …].',
    'A message of yours that ends abruptly was interrupted there: the caller has not heard more of it.',
  ].join('\n\n');
}

export function verbatimInstructions(text: string): string {
  return `Say exactly the following text and nothing else, word by word, without comment:\n\n${text}`;
}

export function translatedInstructions(text: string, language: string): string {
  return `Say the following in the language "${language}", and nothing else:\n\n${text}`;
}

/** For the first answer after the caller was away from this agent. */
export function resumeInstructions(setup: CallSetup, reason: CallSessionOptions['resume'], history: readonly TranscriptTurn[]): string {
  const callerSpokeLast = history.at(-1)?.role === 'user';
  const what =
    reason === 'transfer_unanswered'
      ? 'You tried to connect the caller with a person, and nobody took the call. Say that you are sorry that nobody is available just now, and offer to help yourself or to have somebody call back. Do not transfer again unless the caller asks for it.'
      : `The line was interrupted for a moment and is back. Say in a few words that you are back${callerSpokeLast ? ', and answer what the caller said last' : ', and go on where you were'}. Do not greet or introduce yourself again.`;
  return `${sessionInstructions(setup)}\n\n${what}`;
}
