/** What callbacks are told. Every field is there in both spellings: `event.callId` and `event.call_id`. */
import type { AnsweredBy, Outcome } from '../../contracts/outcomes';
import type { CallMetrics, CostBreakdown, TurnMetrics } from './metrics';
import type { BothSpellings } from './spellings';

/** One utterance, as it was heard: the agent's text ends where the caller stopped hearing it. */
export interface HistoryEntry {
  /** `user` is the person on the phone. */
  readonly role: 'user' | 'assistant';
  /** What was heard. */
  readonly text: string;
  /** ISO 8601 in UTC, as `2025-03-15T10:00:01Z`. */
  readonly timestamp: string;
}

/** `inbound`: they called us. */
export type CallDirection = 'inbound' | 'outbound';

/** Who speaks with whom. */
export interface CallParties {
  /** Unique, for `phone.calls.get()`. */
  callId: string;
  /** Who called, E.164; `anonymous` where withheld. */
  caller: string;
  /** Who was called, E.164. */
  callee: string;
  /** Whether they called us. */
  direction: CallDirection;
}

interface Delivered {
  /** The same when an event is delivered again after a crash: `<callId>:<kind>:<n>`. */
  deliveryId: string;
}

interface WithHistory {
  /** The conversation so far. */
  history: readonly HistoryEntry[];
}

interface WithParameters {
  /** What was given to `call()` as `customParams`, or came with the carrier's stream. */
  customParams: Readonly<Record<string, string>>;
}

/** A call, as `onCallStart` gets it: with an empty history. */
export type CallEvent = BothSpellings<CallParties & WithParameters & WithHistory & Delivered>;
/** What `onCallStart` gets. */
export type CallStartEvent = CallEvent;

/** What `onCallEnd` gets, once per call, whatever the outcome. */
export type CallEndEvent = BothSpellings<
  CallParties &
    WithParameters &
    Delivered & {
      /** The whole conversation; empty when there was none. */
      transcript: readonly HistoryEntry[];
      /** The same as `transcript`. */
      history: readonly HistoryEntry[];
      /** Seconds from answer to end; 0 when nobody answered. */
      duration: number;
      outcome: Outcome;
      /** Why, where the outcome alone does not tell: a carrier's code, the rule of the gate. */
      reason: string | undefined;
      answeredBy: AnsweredBy;
      metrics: CallMetrics;
    }
>;

/** What `onTranscript` gets, once per utterance of both sides. */
export type TranscriptEvent = BothSpellings<
  CallParties &
    Delivered & {
      role: 'user' | 'assistant';
      text: string;
      /** The conversation so far, this utterance included. */
      history: readonly HistoryEntry[];
    }
>;

/** What the caller said, for `onMessage`. */
export type IncomingMessage = BothSpellings<
  CallParties &
    WithParameters & {
      /** With `[DTMF: 1]` for pressed keys. '' when the agent is to speak without having been spoken to. */
      text: string;
      /** What was said before `text`. */
      history: readonly HistoryEntry[];
      /** BCP 47. */
      language: string;
      variables: Readonly<Record<string, string>>;
    }
>;

/** What `onMetrics` gets, once per turn. */
export type MetricsEvent = BothSpellings<
  CallParties &
    WithHistory &
    Delivered & {
      turn: TurnMetrics;
      /** Of the call so far, estimated from the vendors' units. */
      costSoFar: CostBreakdown;
    }
>;

/** A person, or which kind of machine, as the carrier's detection, the first words and the beep have it together. */
export type MachineDetectionResult = BothSpellings<
  CallParties &
    WithHistory &
    Delivered & {
      /** `unknown` is treated as a person. */
      result: AnsweredBy;
      answeredBy: AnsweredBy;
      isMachine: boolean;
    }
>;

/** What a tool's handler is told of the call beside its arguments. */
export type ToolContext = BothSpellings<
  CallParties &
    WithParameters & {
      variables: Readonly<Record<string, string>>;
      history: readonly HistoryEntry[];
      /** The same when the same wish of the model comes again because a process died: an idempotency key for what the handler does. */
      toolCallId: string;
      /** Aborted when the tool's deadline is over or the call has ended. */
      signal: AbortSignal;
    }
>;
