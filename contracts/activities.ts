/** The side effects that workflows ask for. Implemented in `activities/`, one file per capability. */
import type { CallInput, CallSetup, GatewayCommand, ToolCallRecord, TranscriptTurn, UsageLine } from './call';
import type { CallbackKeepingActivities, CallbacksInput } from './callbacks';
import type { CampaignEdit, CampaignState } from './campaign';
import type { CarrierCall, CarrierCallStatus } from './carrier';
import type { PriceActivities } from './carrier-price';
import type { DurableToolActivities } from './durable-tool';
import type { ErrorCode } from './errors';
import type { InboundCall } from './line';
import type { LineActivities } from './line-sweep';
import type { AnsweredBy, Outcome } from './outcomes';
import type { PrivacyActivities } from './privacy';
import type { RecordingActivities, RecordingChange, RecordingTrack } from './recording';
import type { TransferActivities, TransferRecord } from './transfer';

/** What the call workflow must know of the campaign to run one call. */
export interface CallRules {
  setup: CallSetup;
  ringTimeoutMs: number;
  /** How many humans the campaign names, and how long the phone of each rings. */
  transferTargets: number;
  transferRingTimeoutMs: number;
  /** Absent is `cold`. */
  transferMode?: 'cold' | 'warm';
  /** Reserved for the call before it was dialled. */
  gatewayId: string;
}

export type DialResult =
  /** The carrier took the request. */
  | ({ kind: 'placed'; carrierCallId: string; status: CarrierCallStatus } & CallRules)
  /** Sent, and no answer came: reconcile before anything else. */
  | ({ kind: 'unknown' } & CallRules)
  /** The gate said no, for good; or not now, and the contact waits in Postgres again. Nothing was sent. */
  | { kind: 'skipped'; rule: string; reason: string /** The app whose callbacks are to be told. */; app?: string }
  | {
      kind: 'deferred';
      rule: string;
      reason: string;
      until: number /** As with `refused`. */;
      pauseCampaign?: string;
      campaignWorkflowId?: string;
    }
  /** The carrier refused. `consumed`: counts as an attempt. `pauseCampaign`: the next contact would meet the same error. */
  | {
      kind: 'refused';
      outcome: Outcome;
      reason: string;
      consumed: boolean;
      errorCode?: number;
      retryAfterMs?: number;
      pauseCampaign?: string;
      /** Whom to tell of `pauseCampaign`. */
      campaignWorkflowId?: string;
    };

export type AdmitResult =
  | ({ kind: 'admitted' } & CallRules)
  /** No line, or no room: the carrier is told to refuse the call. `code` is one of contracts/errors.ts. */
  | { kind: 'refused'; code: ErrorCode; reason: string };

export type ReconcileResult =
  | ({ kind: 'found'; call: CarrierCall } & CallRules)
  /** The intent was never sent (its lease ended first), or the carrier knows no such call: surely not dialled. */
  | { kind: 'not_dialed' }
  | { kind: 'unknown' };

/** What the call workflow knows at its end; `settleCall` writes it once. */
export interface CallSettlement extends Omit<CallInput, 'inbound'> {
  outcome: Outcome;
  reason?: string;
  answeredBy: AnsweredBy;
  carrierCallId?: string;
  /** Epoch milliseconds, by the carrier's clock where it told. */
  ringingAt?: number;
  answeredAt?: number;
  endedAt: number;
  durationS?: number;
  transferredTo?: string;
  /** People who were asked in warm transfers. */
  transfers?: TransferRecord[];
  turns: TranscriptTurn[];
  usage: UsageLine[];
  toolCalls: ToolCallRecord[];
  voicemailLeft: boolean;
  callback?: { when: string; at?: string };
  optOut?: { by: 'voice' | 'key' | 'carrier'; text?: string };
  /** False: the contact is put back without having lost an attempt. */
  consumed: boolean;
  /** Wait at least so long before the next attempt, whatever the retry policy says. */
  retryAfterMs?: number;
  errorCode?: number;
}

export interface SettleResult {
  /** Set when the contact is done. */
  contactOutcome?: Outcome;
  /** Epoch milliseconds of the next attempt, else. */
  nextAttemptAt?: number;
}

/** Where a dispatch stands; its heartbeat's details. */
export interface DispatchCursor {
  started: number;
  lastAt: number;
}

export interface DispatchResult {
  /**
   * `renew`: its time is up and there is more. `idle`: nothing is due before `nextDueAt` (epoch ms; undefined: only calls in progress are left).
   * `stopped`: the campaign is not running. `gone`: the database does not know it. `finished`: every contact has an outcome.
   */
  kind: 'renew' | 'idle' | 'stopped' | 'gone' | 'finished';
  nextDueAt?: number;
  started: number;
  /** Calls in progress. */
  active: number;
}

export interface CallActivities {
  /** Gate, attempt, lease, intent in one transaction; then one POST. maximumAttempts 1. */
  dial(input: CallInput): Promise<DialResult>;
  /** Line, contact, attempt and lease of a call that came in, in one transaction. Idempotent by the call id. */
  admitInbound(input: { callId: string; inbound: InboundCall }): Promise<AdmitResult>;
  /** After an unknown outcome: what the store and the carrier know of the attempt. Polls the carrier with heartbeats until it is sure or its time is up. */
  reconcileDial(
    input: CallInput & { /** Known from a callback of the carrier: nothing has to be searched. */ carrierCallId?: string },
  ): Promise<ReconcileResult>;
  /** Completed from outside by the gateway. */
  conversation(input: { callId: string; streamId: string; gatewayId: string }): Promise<import('./call').ConversationReport>;
  commandGateway(input: { gatewayId: string; command: GatewayCommand }): Promise<{ delivered: boolean }>;
  /** Ends the carrier's call; ended already is success. `onlyIfQueued`: leave it alone when it rings or talks. */
  hangupCall(input: { callId: string; carrierCallId: string; onlyIfQueued?: boolean }): Promise<CarrierCall | undefined>;
  fetchCarrierCall(input: { callId: string; carrierCallId: string }): Promise<CarrierCall | undefined>;
  /** Reserves a gateway that lives and connects the call with it. `answer`: it came in, and rings still. */
  restreamCall(input: { callId: string; carrierCallId: string; attachment: number; answer?: true }): Promise<{ gatewayId: string }>;
  /** Takes the target from the campaign, never from the conversation. maximumAttempts 1. */
  transferCall(input: {
    callId: string;
    carrierCallId: string;
    transferNumber: number;
    /** One of those in the prompt's template; any other is refused. */
    number?: string;
    /** `number` is from the developer's own code, by an order of theirs: it is good as it is. */
    ordered?: boolean;
  }): Promise<
    { kind: 'requested'; to: string } | { kind: 'refused'; reason: string } | { kind: 'exhausted' } | { kind: 'unknown'; to: string }
  >;
  /** After an unknown transfer: has the human's phone been dialled? */
  reconcileTransfer(input: {
    callId: string;
    carrierCallId: string;
    transferNumber: number;
  }): Promise<{ dialed: boolean; answered: boolean }>;
  /** At once, in every campaign, while the call still goes on. Idempotent. */
  recordOptOut(input: { callId: string; by: 'voice' | 'key' | 'carrier'; text?: string }): Promise<void>;
  /** For a call that the gate has ended: sees to it that the app hears of it. Idempotent. */
  startCallbacks(input: CallbacksInput): Promise<void>;
  /** Outcome, lease, slot, next attempt, opt-out in one transaction; then starts the post-call workflow. Idempotent. */
  settleCall(settlement: CallSettlement): Promise<SettleResult>;
}

export interface CallMediaActivities {
  /** Asks the carrier, unless it records already; first makes sure that somebody waits for the file. Harmless to repeat. */
  startRecording(input: {
    callId: string;
    carrierCallId: string;
    track: RecordingTrack;
  }): Promise<{ recordingId?: string; change: RecordingChange }>;
  /** Harmless to repeat. */
  setRecordingPaused(input: {
    callId: string;
    carrierCallId: string;
    recordingId?: string;
    paused: boolean;
    track: RecordingTrack;
  }): Promise<{ change: RecordingChange }>;
  /** For good, while the call goes on. Harmless to repeat. */
  stopRecording(input: {
    callId: string;
    carrierCallId: string;
    recordingId?: string;
    reason: string;
    track: RecordingTrack;
  }): Promise<{ change: RecordingChange }>;
  /** The record of a recording whose call is over, or that failed. Idempotent. */
  noteRecording(input: { callId: string; track: RecordingTrack }): Promise<void>;
  /** maximumAttempts 1: keys are not pressed twice. */
  sendDigits(input: {
    callId: string;
    carrierCallId: string;
    requestId: string;
    digits: string;
    gatewayId: string;
    attachment: number;
  }): Promise<{ kind: 'sent'; stream: 'kept' | 'replaced' } | { kind: 'refused'; reason: string } | { kind: 'unknown' }>;
}

export interface CampaignActivities {
  dispatch(input: { tenantId: string; campaignId: string; generation: number }): Promise<DispatchResult>;
  /** Writes the state that dispatch and dial read; on `paused` and `canceled` also cancels what the carrier holds in its queue. Idempotent. */
  setCampaignState(input: { campaignId: string; state: CampaignState; reason?: string }): Promise<void>;
  editCampaign(input: { campaignId: string; edit: CampaignEdit }): Promise<void>;
  cancelQueuedCalls(input: { campaignId: string }): Promise<{ canceled: number }>;
  /** Contacts that have no call under way get their last outcome: `expired` or `canceled`, with the reason. */
  closeRemainingContacts(input: { campaignId: string; outcome: 'expired' | 'canceled' }): Promise<{ closed: number; stillActive: number }>;
  /** Settles contacts whose call workflow is gone. Returns how many. */
  sweepCampaign(input: { campaignId: string }): Promise<{ settled: number }>;
  /** Tells the webhooks of contacts that ended without a call of their own. */
  deliverContactOutcomes(input: { campaignId: string }): Promise<{ delivered: number }>;
  finishCampaign(input: { campaignId: string; state: 'completed' | 'canceled' }): Promise<void>;
}

export interface PostCallInput extends Omit<CallInput, 'inbound'> {}

export interface PostCallPlan {
  summary: boolean;
  extract: boolean;
  /** Indexes into `postCall.webhooks`. */
  webhooks: number[];
}

export interface PostCallActivities {
  planPostCall(input: PostCallInput): Promise<PostCallPlan>;
  summarizeCall(input: PostCallInput): Promise<void>;
  extractFromCall(input: PostCallInput): Promise<void>;
  deliverCallWebhook(input: PostCallInput & { webhook: number }): Promise<void>;
  finishPostCall(input: PostCallInput & { failedSteps: string[] }): Promise<void>;
}

export type Activities = CallActivities &
  CallbackKeepingActivities &
  DurableToolActivities &
  TransferActivities &
  CallMediaActivities &
  RecordingActivities &
  CampaignActivities &
  LineActivities &
  PostCallActivities &
  PriceActivities &
  PrivacyActivities;
