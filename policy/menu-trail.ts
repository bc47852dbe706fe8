/** Whether a walk through a phone menu still leads anywhere. */
import { plainWords } from './plain-words';

export interface MenuTrail {
  /** What the menu said, as sets of words, and how often. */
  prompts: readonly { words: readonly string[]; heard: number }[];
  /** Presses since the menu last said something new. */
  presses: number;
}

export const NEW_TRAIL: MenuTrail = { prompts: [], presses: 0 };

/** The recogniser writes the same prompt in slightly different words: it is the same when so much of both is. */
const SAME = 0.7;

export function heardPrompt(trail: MenuTrail, text: string): MenuTrail {
  const words = [...new Set(plainWords(text))];
  if (words.length === 0) return trail;
  const index = trail.prompts.findIndex((prompt) => likeness(prompt.words, words) >= SAME);
  if (index < 0) return { prompts: [...trail.prompts, { words, heard: 1 }], presses: 0 };
  return { ...trail, prompts: trail.prompts.map((prompt, i) => (i === index ? { ...prompt, heard: prompt.heard + 1 } : prompt)) };
}

/** A press is one request of the model's, of one key or of several (an extension). */
export function pressedKeys(trail: MenuTrail): MenuTrail {
  return { ...trail, presses: trail.presses + 1 };
}

/** Why the walk is given up, or undefined. */
export function loopOf(trail: MenuTrail, limits: { repeats: number; presses: number }): string | undefined {
  if (trail.prompts.some(({ heard }) => heard >= limits.repeats)) return `the same menu was heard ${limits.repeats} times`;
  if (trail.presses >= limits.presses) return `${limits.presses} presses led to no new menu`;
  return undefined;
}

/** Shared words over all words of both. */
function likeness(a: readonly string[], b: readonly string[]): number {
  const shared = a.filter((word) => b.includes(word)).length;
  return shared / (a.length + b.length - shared);
}
