import type { TranscriptTurn } from '../../../contracts/call';
import type { RespondOptions } from '../engine';

/** What stands in brackets is no speech of the caller's; the vendor has no other way to ask for an answer. */
const direction = (text: string) => `[${text}]`;

/** For an answer to what the model knows already. */
export const GO_ON = direction(
  'Instruction, not said by the caller: it is your turn to speak. Answer what the caller said or did last, if anything.',
);

/** What is wanted of one answer; undefined: nothing in particular. */
export function orderOf({ instructions, tools }: RespondOptions, sessionInstructions: string): string | undefined {
  // The prompt is known to the agent, or not its business.
  const own = instructions?.startsWith(sessionInstructions) ? instructions.slice(sessionInstructions.length) : (instructions ?? '');
  const parts = [own.trim(), ...(tools === false ? ['Call no tool for it.'] : [])].filter((part) => part !== '');
  return parts.length === 0 ? undefined : direction(`Instruction, not said by the caller. ${parts.reverse().join(' ')}`);
}

/**
 * What was said before, or by other means than the agent's own voice.
 * @param late the agent knows already what the caller said after it
 */
export function historyNote(turns: readonly Pick<TranscriptTurn, 'role' | 'text'>[], late = false): string {
  const lines = turns.map(({ role, text }) => `${role === 'assistant' ? 'You' : 'Caller'}: ${text.replace(/\s+/g, ' ')}`);
  return `${late ? "Said right before the caller's last words" : 'Said on this call until now'}:\n${lines.join('\n')}`;
}

export function heardOnlyNote(heard: string): string {
  return heard === ''
    ? 'The caller interrupted you and heard nothing of your last message.'
    : `The caller interrupted you. Of your last message they heard only: ${heard}`;
}

export function unheardNote(text: string): string {
  return `The caller has not heard this message of yours: ${text}`;
}

export function resultNote(output: string): string {
  return `Result of the tool you called: ${output}`;
}
