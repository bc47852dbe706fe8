/**
 * What crosses the border of a `call` workflow. The gateway, the dial and the workflow speak only these.
 *
 *   dial activity ──► carrier ──► gateway ──attach (update)──► workflow
 *   gateway ──heartbeat (Checkpoint) / completion (ConversationReport)──► `conversation` activity
 *   gateway ──carrierEvent, gatewayEvent (signals)──► workflow ──GatewayCommand (HTTP)──► gateway
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AgentSpec, Variables } from './agent';
import type { AnsweringSpec } from './answering';
import type { CarrierCallStatus, CarrierName } from './carrier';
import type { ConsultEvent } from './carrier-transfer';
import type { RunToolRequest } from './durable-tool';
import type { InboundCall } from './line';
import type { AnsweredBy, Outcome } from './outcomes';

/**
 * Workflow type `call`. Ids only: personal data is never a workflow input. Of a call that came in only `callId` is known at first; the rest is empty
 * until it has been admitted.
 */
export interface CallInput {
  tenantId: string;
  campaignId: string;
  contactId: string;
  callId: string;
  inbound?: InboundCall;
}

/** One utterance as it was heard: the agent's text is cut where the caller stopped hearing it. */
export interface TranscriptTurn {
  role: 'assistant' | 'user';
  text: string;
  /** Epoch milliseconds of its start. */
  at: number;
  /** The caller cut it off. */
  interrupted?: boolean;
  /** Of an answer of the agent's: how long the caller waited for it. */
  latency?: TurnLatency;
}

/** Milliseconds from the caller's last sound to the first frame of the answer; the three parts add up to the whole. */
export interface TurnLatency {
  /** Until the words were known, the pause that ends a turn included. 0 for speech-to-speech. */
  sttMs: number;
  /** From there until the model's first words; for speech-to-speech all of it. */
  llmMs: number;
  /** From there until the first audio. */
  ttsMs: number;
  totalMs: number;
  /** How long the caller had spoken. */
  speechMs: number;
}

/** Everything a gateway needs to hold the conversation. Variables are already in the texts. */
export interface CallSetup {
  callId: string;
  campaignId: string;
  contactId: string;
  tenantId: string;
  direction: 'outbound' | 'inbound';
  carrier: CarrierName;
  to: string;
  from: string;
  agent: AgentSpec;
  variables: Variables;
  /** Those of the variables that came with this one call: passed by the developer, or brought by a call that came in. */
  customParams?: Variables;
  /** Empty: a machine hears nothing and the call ends. */
  voicemailMessage: string;
  machineDetection: boolean;
  /** What is done with whom; absent: the defaults. */
  answering?: AnsweringSpec;
  /** Whether `transfer_call` exists. The numbers themselves stay in the workflow. */
  canTransfer: boolean;
  /** `warm`: the caller hears music while a person is asked. Absent is `cold`. */
  transferMode?: 'cold' | 'warm';
  /** The numbers that the developer wrote into the prompt's template: the only ones that `transfer_call` may name. */
  transferNumbers?: readonly string[];
  /** The call is recorded from the moment the consent line was heard (`consent`; empty: from the greeting's beginning). */
  recording?: { consent: string; pausable: boolean };
}

export interface AttachRequest {
  gatewayId: string;
  carrierCallId: string;
  /** Absent at `ringing`, when a gateway only warms up; set when a media stream has opened. */
  streamId?: string;
  /** With no stream: since when it rings, by the carrier's clock. The carrier's word is no signal then. */
  ringingAt?: number;
  /** Nonce of the call token that opened the stream: good for one stream only. */
  tokenNonce?: string;
  /** Leave `setup` out of the answer: the gateway has it from `ringing`. */
  haveSetup?: boolean;
  /** The agent has been talking since then (epoch milliseconds), ahead of the answer to this. */
  talkingSince?: number;
  /** And has finished: the stream was never attached. The answer has no `activityId`. `events`: what the workflow would have been told. */
  over?: { report: ConversationReport; events: GatewayEvent[] };
}

export type AttachResult =
  | {
      kind: 'attached';
      setup?: CallSetup;
      /** Set with a stream: the conversation activity to heartbeat and to complete, addressed by workflow id and this id. */
      activityId?: string;
      /** What was said before, on another gateway or before a transfer. Not empty: no disclosure, no greeting. */
      history: TranscriptTurn[];
      /**
       * With a history: why the caller was away. Absent is `connection_lost`. `handed_over`: a gateway that shuts down, in a pause of the talk.
       * `machine`: nobody is to be spoken to; the order to leave the message follows.
       */
      resume?: 'transfer_unanswered' | 'connection_lost' | 'handed_over' | 'machine' | 'digits_sent';
      /** With `digits_sent`: what the model asked for, and whether the carrier is known to have done it. */
      digits?: { digits: string; sent: boolean };
      /** What earlier streams' tools have answered, as far as it is known. */
      toolCalls?: ToolCallRecord[];
      /** With a history: durable tools that are still under way; asked for again, they give the answer of the first time. */
      openTools?: RunToolRequest[];
      /** Counts the conversations of the call from 1. */
      attachment: number;
    }
  /** The gateway hangs up (`hangup`) or just closes the stream (`close`). */
  | { kind: 'refused'; action: 'hangup' | 'close'; code: string; reason: string };

/** Facts from the carrier's webhooks. `dedupeKey` makes repeats harmless; `at` is epoch milliseconds by the carrier's clock. */
export type CarrierEvent = { dedupeKey: string; carrierCallId: string; at: number } & (
  | {
      kind: 'status';
      status: CarrierCallStatus;
      /** The carrier's order of events within one call. */
      sequence: number;
      sipCode?: number;
      /** SIP reason phrase, where the carrier gives it. */
      sipReason?: string;
      errorCode?: number;
      durationS?: number;
    }
  | { kind: 'amd'; answeredBy: AnsweredBy /** The greeting is over: leave the message now. */; messageEnd: boolean; detectionMs?: number }
  | {
      kind: 'transfer_result';
      transferNumber: number;
      answered: boolean;
      status: CarrierCallStatus;
      humanCallId?: string;
      durationS?: number;
    }
  | { kind: 'stream'; status: 'started' | 'stopped' | 'error'; streamId: string; error?: string }
  /** Of the person's leg in a warm transfer: `carrierCallId` is that leg's. */
  | ConsultEvent
  /**
   * A recording's file is ready, or will never be: Twilio's RecordingStatusCallback, Telnyx' call.recording.saved and call.recording.error. Goes to the
   * call's `recording` workflow, because it comes after the end of the call.
   */
  | { kind: 'recording'; recordingId: string; status: 'completed' | 'absent' | 'failed'; durationS?: number; error?: string }
);

/** Who picks up besides people and mailboxes. */
export type NonPerson = 'ivr' | 'call_screening' | 'fax' | 'silence';

/** What a gateway tells in mid-conversation. Few per call: nothing per utterance. */
export type GatewayEvent = {
  gatewayId: string;
  streamId: string /** From 1 per stream; repeats are dropped. */;
  sequence: number;
  at: number;
} & (
  | { kind: 'machine_suspected'; evidence: 'transcript' | 'beep' | 'long_speech'; text?: string }
  | { kind: 'human_confirmed'; text?: string }
  /** By words (menu, screener), a tone (fax), or the lack of both. */
  | { kind: 'callee_suspected'; is: NonPerson; text?: string }
  | { kind: 'opt_out'; by: 'voice' | 'key'; text?: string }
  | { kind: 'sealed_turns'; turns: TranscriptTurn[] }
  /** Recording may begin: the line that says so was heard, or there is none. */
  | { kind: 'consent_heard' }
  /** The model asks for it, and waits for a `tool_answer` with the same id. `stopped`: for good; a workflow of before that word pauses. */
  | { kind: 'set_recording'; requestId: string; paused: boolean; stopped?: true }
  | { kind: 'send_digits'; requestId: string; digits: string }
  /** What became of an order to say something: `failed` where it could not be spoken. */
  | { kind: 'said'; orderId: string; result: 'played' | 'cut' | 'failed' }
  /** The end report of a conversation whose activity had timed out by the time it could be told: Temporal was away. `sequence` is 0. */
  | { kind: 'late_report'; report: ConversationReport }
);

/** State of a conversation, as heartbeat details; what another gateway goes on from. */
export interface Checkpoint {
  /** Turns since the last `sealed_turns`. */
  turns: TranscriptTurn[];
  sealedTurns: number;
  usage: UsageLine[];
  /** What this stream's tools have answered. */
  toolCalls?: ToolCallRecord[];
  at: number;
}

export const CONVERSATION_ENDS = [
  'caller_hung_up',
  'agent_ended', // end_call, farewell heard
  'opted_out',
  'transfer_requested', // the stream stays open until the carrier takes the call away
  'digits_sent', // the carrier closed the stream to press keys, and opens another one
  'voicemail_left', // the message was played to its end
  'voicemail_skipped', // a machine, and no message configured
  'voicemail_cut', // the machine hung up before the message's end
  'time_limit',
  'idle', // nobody spoke
  'provider_failed',
  'hung_up_by_request', // a `hangup` command
  'drained', // the gateway shut down and handed the call over
] as const;
export type ConversationEnd = (typeof CONVERSATION_ENDS)[number];

/** Result of the `conversation` activity: one stream's part of the call. */
export interface ConversationReport {
  end: ConversationEnd;
  /** This stream's turns that were not sealed before. */
  turns: TranscriptTurn[];
  usage: UsageLine[];
  startedAt: number;
  endedAt: number;
  transfer?: {
    /** What the caller wants, for the human. */ reason: string /** One of the numbers in the prompt's template; else those of the configuration are tried in order. */;
    number?: string;
  };
  callback?: { /** As the caller said it. */ when: string /** ISO 8601 with offset, where the model could tell. */; at?: string };
  toolCalls: ToolCallRecord[];
  /**
   * Why the gateway gave up on a call that no person had come to. No `end` of its own: a worker of an earlier version, which does not know it, takes the
   * call for one that has ended in good order.
   */
  unreached?: { because: Unreached; detail?: string };
  error?: string;
}

/** `ivr_loop`: a menu that leads nowhere. `call_screening`: nobody came on the line, or the screener said so. `silence`: nobody has said a word. */
export type Unreached = 'ivr_loop' | 'call_screening' | 'silence';

export interface ToolCallRecord {
  id: string;
  name: string;
  arguments: string;
  result: string;
  ok: boolean;
  durationMs: number;
  at: number;
}

/** An amount of something a vendor bills. Priced by `policy/cost.ts`. */
export interface UsageLine {
  provider: 'twilio' | 'telnyx' | 'openai' | 'deepgram' | 'elevenlabs';
  /** `realtime`, `llm`, `tts`, `voice`, `amd` … */
  service: string;
  /** Model, or the kind of leg. */
  item: string;
  /** `input_audio_token`, `cached_text_token`, `second`, `character`, `request` … */
  unit: string;
  quantity: number;
}

/** What a workflow orders a gateway to do, by HTTP, idempotent by `commandId`. */
export type GatewayCommand = { commandId: string; callId: string; streamId: string } & (
  | { kind: 'drop_voicemail'; text: string /** Wait for silence first: the greeting may still be going on. */; waitForSilence: boolean }
  | { kind: 'hangup'; reason: string /** Say the farewell first. */; say?: string }
  | { kind: 'human' }
  /** Neither a person nor a mailbox: find the way through the menu; or say who calls and why, and wait for the person. */
  | { kind: 'callee'; is: 'ivr' | 'call_screening' }
  /** Its heartbeats were missed: a gateway that still has the stream attaches it again. */
  | { kind: 'reattach' }
  /** In a pause of the talk, word for word. `said` answers with the same order id. */
  | { kind: 'say'; orderId: string; text: string; interruptible: boolean }
  /** Hand the caller over: the conversation ends with `transfer_requested`, and the workflow knows to whom. */
  | { kind: 'transfer' }
  /** Is the caller still on this stream, and hears music? */
  | { kind: 'still_holding' }
  /** What became of a `set_recording` or `send_digits`. */
  | { kind: 'tool_answer'; requestId: string; ok: boolean; result: string }
);

/** Where a call is. Shown by the query, stored with the record. */
export type CallPhase =
  | 'dialing'
  | 'reconciling'
  | 'placed'
  | 'ringing'
  | 'answered'
  | 'talking'
  | 'reconnecting'
  | 'voicemail'
  | 'transferring'
  | 'transferred'
  | 'settling'
  | 'ended';

export interface CallView {
  phase: CallPhase;
  carrierCallId?: string;
  answeredBy: AnsweredBy;
  attachment: number;
  outcome?: Outcome;
}

export const carrierEventSignal = defineSignal<[CarrierEvent]>('carrierEvent');
export const gatewayEventSignal = defineSignal<[GatewayEvent]>('gatewayEvent');
/** Ends the call as soon as may be; `cancelIfQueuedOnly` leaves one that rings or talks alone (a pause). */
export const stopCallSignal = defineSignal<[{ reason: string; cancelIfQueuedOnly: boolean }]>('stopCall');
export const attachUpdate = defineUpdate<AttachResult, [AttachRequest]>('attach');
/**
 * What the carrier should do now that a stream has ended: asked by the `continue` and `transfer` webhooks.
 * `stream`: connect again (the gateway signs a new token with this attachment's nonce).
 */
export type NextInstruction =
  | { kind: 'hangup' }
  | { kind: 'stream'; attachment: number }
  | { kind: 'wait'; ms: number }
  /** Music, until a request takes the caller away: a person is being asked. */
  | { kind: 'hold' }
  /** Nothing: the call is in other hands, or the workflow ends it itself. Only in answer to a question with `endedNonce`. */
  | { kind: 'leave' };
export interface NextInstructionRequest {
  gatewayId: string;
  carrierCallId: string;
  /**
   * Nonce of the token that opened the stream that is over, from a carrier that only tells so (Telnyx) and keeps the call. Absent: the carrier holds
   * the call and waits for an answer (Twilio).
   */
  endedNonce?: string;
  /**
   * From a carrier that waits for the answer: nonce of the token of the stream that came before the question, '' where that is not known, as after a
   * transfer. A question about another stream than the live one ends nothing. Absent: a gateway of an earlier version asks.
   */
  afterNonce?: string;
}
export const nextInstructionUpdate = defineUpdate<NextInstruction, [NextInstructionRequest]>('nextInstruction');
export const callViewQuery = defineQuery<CallView>('view');

/** What a developer orders of a call under way. */
export type CallOrder =
  /** After what is being said, the last words (`say`) too. */
  | { kind: 'hangup'; say?: string }
  | { kind: 'say'; text: string /** Default true. */; interruptible?: boolean }
  /** To any number: it is the developer's own, and comes neither from the model nor from the caller. */
  | { kind: 'transfer'; number: string };

export interface CallOrderRequest {
  /** Names the order: one that comes again is the same one. */
  orderId: string;
  order: CallOrder;
}

/** Taken in, and carried out as soon as somebody is on the line, on whichever gateway. Fails with `PATTER_CALL_ENDED`. */
export const callOrderUpdate = defineUpdate<{ accepted: true }, [CallOrderRequest]>('order');

/** What a call workflow knows while it runs, beyond the checkpoint of the conversation that goes on. */
export interface LiveCall extends CallView {
  ringingAt?: number;
  answeredAt?: number;
  transferredTo?: string;
  /** Of earlier streams, and what the present one has sealed. */
  turns: TranscriptTurn[];
  /** How many of `turns` the present stream has sealed. */
  sealedTurns: number;
  /** Whether a gateway holds the conversation: its checkpoint goes on from `turns`. */
  talking: boolean;
}
export const liveCallQuery = defineQuery<LiveCall>('live');

/** Activity id of the conversation of the n-th stream: the gateway addresses it without a task token. */
export function conversationActivityId(attachment: number): string {
  return `conversation-${attachment}`;
}
