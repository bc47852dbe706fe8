import type { CallSetup, ToolCallRecord, TranscriptTurn } from '../../contracts/call';
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
export function resumeInstructions(
  setup: CallSetup,
  reason: CallSessionOptions['resume'],
  history: readonly TranscriptTurn[],
  unspoken: readonly ToolCallRecord[] = [],
): string {
  const callerSpokeLast = history.at(-1)?.role === 'user';
  // What became of the transfer is told already, and better: its tool was only told that it was under way.
  const news = reason === 'transfer_unanswered' ? unspoken.filter(({ name }) => name !== 'transfer_call') : unspoken;
  return [sessionInstructions(setup), whatNow(reason, callerSpokeLast), ...news.map(answeredNote)].join('\n\n');
}

/** Of a tool that was called before this model came to the call. */
export function answeredNote({ name, arguments: args, result }: Pick<ToolCallRecord, 'name' | 'arguments' | 'result'>): string {
  return `[The tool ${name}, which you called with ${args || '{}'}, has answered: ${result}. It is done: do not call it again for the same.]`;
}

function whatNow(reason: CallSessionOptions['resume'], callerSpokeLast: boolean): string {
  const noGreeting = 'Do not greet or introduce yourself again.';
  switch (reason) {
    case 'transfer_unanswered':
      return 'You tried to connect the caller with a person, and nobody took the call. Say that you are sorry that nobody is available just now, and offer to help yourself or to have somebody call back. Do not transfer again unless the caller asks for it.';
    case 'handed_over':
      // The caller noticed nothing but a pause: there is nothing to be sorry for.
      return callerSpokeLast
        ? `Answer what the caller said last. ${noGreeting}`
        : `The caller has not answered what you said last. Ask in a few words whether they are still there. ${noGreeting}`;
    case 'digits_sent':
      return `Wait for what the other side says, unless it has just asked you something. ${noGreeting}`;
    case 'machine':
      return 'A machine has answered. Say nothing.';
    case 'connection_lost':
    case undefined:
      return `The line was interrupted for a moment and is back. Say in a few words that you are back${callerSpokeLast ? ', and answer what the caller said last' : ', and go on where you were'}. ${noGreeting}`;
    default:
      return reason satisfies never;
  }
}

/** For the answer after one that a failing vendor broke off. */
export function goOnInstructions(setup: CallSetup): string {
  return `${sessionInstructions(setup)}\n\nA technical fault cut your last message off in the middle. Go on from the place where it ends: do not repeat what you have said, do not greet, and do not mention the fault.`;
}

/** What the model is told of the keys it asked for, where the line went away meanwhile. */
export function pressedNote({ digits, sent }: { digits: string; sent: boolean }): string {
  return sent
    ? `[send_dtmf: the keys ${digits} have been pressed]`
    : `[send_dtmf: it is not known whether the keys ${digits} were pressed; listen before you try again]`;
}

/** For an agent that speaks with a phone menu. */
export const MENU_NOTE =
  '[A phone menu speaks, not a person. Find the way to a person who can help with what you call about. Choose with send_dtmf, one choice at a time, and only when the menu has named it; speak only when the menu asks for a word, and then in a word or two. Do not introduce yourself to it, and do not talk to announcements or music. Keys that you have pressed without effect are not pressed again: choose another way, and when there is none, use end_call.]';
