/** What `phone.call()` returns: a call that can be watched, waited for and steered, from any process and over restarts. */
import type { AnsweredBy, Outcome } from '../../contracts/outcomes';
import type { HistoryEntry } from './events';
import type { CostBreakdown } from './metrics';
import type { BothSpellings } from './spellings';

/** Where a call is. `ended` is the last, whatever the outcome. */
export type CallStatus = 'queued' | 'dialing' | 'ringing' | 'in-progress' | 'transferred' | 'ended';

/** Something happened in a call. `turn` comes once per utterance; `ended` is the last. */
export type CallUpdate =
  | { readonly type: 'status'; readonly status: CallStatus; readonly at: number }
  | { readonly type: 'turn'; readonly turn: HistoryEntry; readonly at: number }
  | { readonly type: 'ended'; readonly result: CallResult; readonly at: number };

/** How a call ended. */
export type CallResult = BothSpellings<{
  callId: string;
  /** no_answer, busy and failed are outcomes like any other: nothing is thrown. */
  outcome: Outcome;
  /** Why, where the outcome alone does not tell. */
  reason: string | undefined;
  answeredBy: AnsweredBy;
  transcript: readonly HistoryEntry[];
  /** Seconds from answer to end; 0 when nobody answered. */
  duration: number;
  /** US dollars: estimated until the carrier has told its price. */
  cost: CostBreakdown | undefined;
  /** The carrier's own id. */
  carrierCallId: string | undefined;
  /** ISO 8601 in UTC. */
  startedAt: string | undefined;
  endedAt: string | undefined;
  customParams: Readonly<Record<string, string>>;
}>;

/** A call that can be watched, waited for and steered, from any process and over restarts. */
export interface CallHandle {
  /** For `phone.calls.get(id)`. */
  readonly id: string;
  /** As last heard: fresh after each item of `events`, and after `result()`. */
  readonly status: CallStatus;
  /** From now on, what was before as one `status` and its turns; ends with the call. Each iteration is its own. */
  readonly events: AsyncIterable<CallUpdate>;
  /**
   * Waits for the outcome. Works after a restart of this process and from any other: `phone.calls.get(id).result()`.
   * @throws PatterError PATTER_CALL_NOT_FOUND; PATTER_RESULT_TIMEOUT after `timeoutMs` (the call goes on)
   */
  result(options?: { timeoutMs?: number }): Promise<CallResult>;
  /** Connects the callee with a person's number (E.164). @throws PatterError PATTER_CALL_ENDED */
  transfer(number: string): Promise<void>;
  /** Success too when the call has ended. */
  hangup(): Promise<void>;
  /** The agent says this text, word by word. @throws PatterError PATTER_CALL_ENDED */
  say(text: string): Promise<void>;
}
