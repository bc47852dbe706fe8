/** The port to a developer's own agent: a function here, a webhook or a socket elsewhere. */
import type { Variables } from '../../../../contracts/agent';
import { PatterError } from '../../../../contracts/errors';

export interface IncomingMessage {
  /** What the caller said last; '' when the agent is to speak without that (an opening, the return of a tool). */
  text: string;
  callId: string;
  campaignId: string;
  contactId: string;
  direction: 'inbound' | 'outbound';
  /** The person on the phone, E.164. */
  caller: string;
  /** Our number, E.164. */
  callee: string;
  /** BCP 47. */
  language: string;
  variables: Variables;
  /** Those that came with this one call. */
  customParams: Variables;
  /** What was said before `text`, as it was heard. */
  history: { role: 'user' | 'assistant'; text: string }[];
  /** What is wanted of this one answer, in words: to say that the line is back, for instance. */
  instructions?: string;
  /** Answers of tools that were called since the last message. */
  toolResults?: { name: string; result: string }[];
}

export interface MessageControl {
  /** Aborted as soon as the answer is not wanted any more: the caller interrupted, or has hung up. */
  readonly signal: AbortSignal;
  /** Calls a tool of the agent (`end_call`, `transfer_call`, one of its own). What it answers comes with the next message. */
  call(name: string, args?: Record<string, unknown>): void;
}

/** What is said, at once or bit by bit. Nothing, as of a function that only hangs up, is no words. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without `return` is welcome
export type Spoken = string | AsyncIterable<string> | undefined | void;

/** One turn. What is returned is spoken. A rejection is a failed answer: it is asked for once more. */
export type OnMessage = (message: IncomingMessage, control: MessageControl) => Spoken | Promise<Spoken>;

/** What such a function has returned, which may be written in JavaScript. Throws `PATTER_PROVIDER_FAILED` for what cannot be spoken. */
export function spokenOf(returned: unknown): string | AsyncIterable<string> {
  if (returned === undefined || returned === null) return '';
  if (typeof returned === 'string') return returned;
  if (typeof returned === 'object' && Symbol.asyncIterator in returned) return returned as AsyncIterable<string>;
  const what = Array.isArray(returned) ? 'an array' : `a value of type ${typeof returned}`;
  throw new PatterError('PATTER_PROVIDER_FAILED', `onMessage returned ${what}. Return a string, an async iterable of strings, or nothing.`);
}
