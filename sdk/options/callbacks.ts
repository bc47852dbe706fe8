/** Callbacks: functions of this process, or URLs that get the same event as a POST, signed with the `webhookSecret` of `new Patter()`. */
import type { CallControl } from './call-control';
import type { CallEndEvent, CallStartEvent, IncomingMessage, MachineDetectionResult, MetricsEvent, TranscriptEvent } from './events';

/** What it returns is ignored, but a promise is waited for: events of one call come in order. */
// biome-ignore lint/suspicious/noConfusingVoidType: a callback may return anything, nothing included
export type Callback<Event> = ((event: Event) => unknown | void | Promise<unknown>) | string;

/** What an agent says: a text, or its pieces as they come; nothing, and it says nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without `return` is welcome
export type Answer = string | AsyncIterable<string> | undefined | void;
/** Returns what the agent says, at once or bit by bit. */
export type MessageFunction = (message: IncomingMessage, control: CallControl) => Answer | Promise<Answer>;
/** http(s) URL: one POST a turn. ws(s) URL: one socket a call. Signed with the `webhookSecret` of `new Patter()`. */
export type MessageHandler = MessageFunction | string;

/** What is told of every call: docs/callbacks.md. */
export interface Callbacks {
  /** Once when a call connects. */
  onCallStart?: Callback<CallStartEvent>;
  /** Once when a call has ended, whatever the outcome: busy, no answer and failed included. */
  onCallEnd?: Callback<CallEndEvent>;
  /** For each utterance of both. */
  onTranscript?: Callback<TranscriptEvent>;
  /** After each turn. */
  onMetrics?: Callback<MetricsEvent>;
  /** Once, when it is known who answered an outbound call. */
  onMachineDetection?: Callback<MachineDetectionResult>;
}
