import type { AgentSpec } from '../../contracts/agent';
import type { Conversation } from './conversation';
import type { LineReader, LineResult } from './line-reader';

/** Between two of the lines. */
const BREATH_MS = 200;
/** How long the first message waits for a caller who is speaking. */
const POLITENESS_MS = 3_000;

/**
 * Disclosure and first message. Resolves when the floor is the caller's, or as soon as `current` says that the call has gone elsewhere.
 * @returns whether the model has to begin, since nothing was said that the caller could answer
 */
export async function greet(
  { disclosure, firstMessage, turns }: Pick<AgentSpec, 'disclosure' | 'firstMessage' | 'turns'>,
  {
    reader,
    conversation,
    current,
    consent,
  }: {
    reader: LineReader;
    conversation: Conversation;
    current: () => boolean;
    /** That the call is recorded, and what follows when it was heard to its end; an empty text is asked for elsewhere. */
    consent?: { text: string; heard(): void };
  },
): Promise<{ modelBegins: boolean }> {
  const say = (text: string, interruptible: boolean) => reader.say({ text, verbatim: true }, { interruptible });
  conversation.setMode('closed');
  if (disclosure) await say(disclosure, false);
  if (!current()) return { modelBegins: false };
  if (consent?.text) await reader.until(() => false, disclosure ? BREATH_MS : 0);
  if (consent && current() && (consent.text === '' || (await say(consent.text, false)) === 'played')) consent.heard();
  if (!current()) return { modelBegins: false };
  let result: LineResult = 'cut';
  if (firstMessage) {
    // A breath; a longer one when the caller is speaking into what the agent is about to say.
    await reader.until(() => false, BREATH_MS);
    await reader.until(() => !conversation.callerSpeaks, POLITENESS_MS);
    if (!current()) return { modelBegins: false };
    const muted = turns.mute.includes('first_message');
    if (!muted) conversation.setMode('greeting');
    result = await say(firstMessage, !muted);
    if (!current()) return { modelBegins: false };
  }
  // Who said "hello" before the first message has got their answer.
  if (result === 'played') conversation.forgetOwed();
  return { modelBegins: !firstMessage };
}
