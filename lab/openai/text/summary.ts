/** A summary in a sentence or two, made of what was really said. */
import { intentOf } from '../brain/intents';
import { saidBy, type TranscriptLine } from './transcript';

const LONGEST_QUOTE = 120;

export function summaryOf(lines: readonly TranscriptLine[]): string {
  const caller = saidBy('user', lines);
  const agent = saidBy('assistant', lines);
  if (lines.length === 0) return 'Nothing was said.';
  if (caller.length === 0) return `The agent said ${quote(agent.at(-1) ?? '')}; the person did not speak.`;
  const intents = caller.map(intentOf);
  const outcome = intents.includes('opt_out')
    ? ' They asked never to be called again.'
    : intents.includes('person')
      ? ' They asked for a person.'
      : intents.includes('callback')
        ? ' They asked to be called another time.'
        : intents.includes('yes')
          ? ' They agreed.'
          : intents.includes('no')
            ? ' They declined.'
            : '';
  const first = agent[0] === undefined ? '' : `The agent began with ${quote(agent[0])}. `;
  return `${first}The person said ${quote(caller.join(' '))}.${outcome}`;
}

function quote(text: string): string {
  return `“${text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE - 1)}…` : text}”`;
}
