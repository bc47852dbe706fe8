/** All that a call workflow knows. Handlers and phases change it; `condition`s watch it. */
import { log } from '@temporalio/workflow';
import type { CallRules } from '../../contracts/activities';
import type { CallInput, CallPhase, CallView, CarrierEvent, ConversationReport, GatewayEvent, LiveCall } from '../../contracts/call';
import type { ErrorCode } from '../../contracts/errors';
import type { AnsweredBy, Outcome } from '../../contracts/outcomes';
import type { TransferRecord } from '../../contracts/transfer';
import type { AmdEvidence } from '../../policy/amd-vote';
import { hangupCall } from './activities';
import { CarrierLeg } from './carrier-events';
import type { ConsultLeg } from './consult-leg';
import { KeyPresses } from './digits';
import { DurableTools } from './durable-tools';
import { Orders } from './orders';
import { Recorder } from './recording';
import { Transcript } from './transcript';

/** Where the call stands. The orchestrator (./call) moves it on; everybody else only reads it. */
export type Phase =
  /** It came in, and its line is not known yet. */
  | { kind: 'admitting' }
  /** The dial's fate is not known yet. */
  | { kind: 'dialing' }
  | { kind: 'reconciling' }
  /** The carrier has the call, and no stream is open yet. */
  | { kind: 'waiting' }
  | { kind: 'talking' }
  /** A person may be on the line, and no gateway talks to them. */
  | { kind: 'reconnecting'; why: 'gateway_lost' | 'drained' | 'not_streamed' | 'transfer_failed' | 'nobody_accepted' | 'digits_sent' }
  | { kind: 'transferring'; transferNumber: number }
  /** The caller hears music, and a person is asked. */
  | { kind: 'consulting'; transferNumber: number /** Somebody has accepted: the two are being put together. */; connecting?: true }
  | { kind: 'transferred' }
  /** Nothing is left to say: the carrier's end is awaited, or brought about. */
  | { kind: 'ending'; hangUp: boolean }
  | { kind: 'settling' }
  | { kind: 'ended' };

export type ConversationResult =
  | { kind: 'report'; report: ConversationReport }
  /** The gateway died, froze or was cut off. */
  | { kind: 'lost'; why: string }
  | { kind: 'overtime' };

export interface Conversation {
  attachment: number;
  streamId: string;
  gatewayId: string;
  /** The carrier said that this stream is over, whatever its gateway says. */
  streamOver: boolean;
  /** Another stream has taken its place. */
  superseded: boolean;
  result?: ConversationResult;
  /** Came before the news that its activity has timed out. */
  lateReport?: ConversationReport;
  cancel(): void;
}

export type TransferResult = Extract<CarrierEvent, { kind: 'transfer_result' }>;

export class CallState {
  phase: Phase;
  readonly leg = new CarrierLeg();
  readonly transcript = new Transcript();
  rules: CallRules | undefined;
  /** The one carrier call of this attempt: the first that was heard of. */
  carrierCallId: string | undefined;
  private readonly strays = new Set<string>();

  /** The newest one, over or not. */
  conversation: Conversation | undefined;
  /** All streams that were attached, by stream id. */
  readonly streams = new Map<string, Conversation>();
  readonly usedNonces = new Map<string, string>();
  attachments = 0;

  answeredBy: AnsweredBy = 'unknown';
  readonly evidence: AmdEvidence = { hasMessage: false };
  /** What the gateway was told last about who picked up. */
  machineCommand: 'none' | 'drop_voicemail' | 'hang_up' | 'talk_again' | 'navigate' | 'introduce' = 'none';

  optOut: { by: 'voice' | 'key' | 'carrier'; text?: string } | undefined;
  optOutWritten = false;
  callback: ConversationReport['callback'];
  voicemailLeft = false;

  /** By transfer number; they may come before the request's own answer. */
  readonly transferResults = new Map<number, TransferResult>();
  transferredTo: string | undefined;
  /** The last transfer that was asked for; humans are tried in turn. */
  transferNumber = 0;
  /** What the caller wants, for the person who takes over. */
  transferReason = '';
  /** The model named this one of the developer's numbers: it alone is tried. */
  namedTarget: string | undefined;
  /** The developer's code named it: any number is good. */
  targetOrdered = false;
  /** People who are or were asked in warm transfers, by transfer number. */
  readonly consults = new Map<number, ConsultLeg>();
  readonly transferRecords: TransferRecord[] = [];
  /** Times the carrier asked what comes next. */
  instructionsAsked = 0;
  /** It asks, and does nothing by itself: what it is to do is commanded. */
  keptByCarrier = false;

  readonly recorder = new Recorder();
  readonly keyPresses = new KeyPresses();
  readonly durableTools = new DurableTools();
  readonly orders = new Orders();

  stop: { reason: string; cancelIfQueuedOnly: boolean } | undefined;
  /** Why we, and nobody else, ended the call. */
  endedByUs: string | undefined;
  outcome: Outcome | undefined;
  /** Why a conversation of the call lost its AI provider, whatever became of the call after that. */
  providerFailure: string | undefined;
  /** Set where the dial itself decided how the call turned out. */
  verdict: { outcome: Outcome; reason: string; consumed: boolean; retryAfterMs?: number; errorCode?: number } | undefined;
  private readonly gatewayEventsSeen = new Set<string>();

  /** Why a call that came in is not answered. */
  refusal: { code: ErrorCode; reason: string; told: boolean } | undefined;

  /** @param input of a call that came in it is completed by `admit` */
  constructor(public input: CallInput) {
    this.phase = input.inbound ? { kind: 'admitting' } : { kind: 'dialing' };
    this.carrierCallId = input.inbound?.carrierCallId;
  }

  /** True when no gateway shall talk to this call any more. */
  get isOver(): boolean {
    const { kind } = this.phase;
    return this.leg.end !== undefined || kind === 'ending' || kind === 'settling' || kind === 'ended';
  }

  /** Somebody wants the call ended, whatever its state. */
  get mustStop(): boolean {
    return this.stop !== undefined && !this.stop.cancelIfQueuedOnly;
  }

  get liveConversation(): Conversation | undefined {
    return this.conversation && !this.conversation.result ? this.conversation : undefined;
  }

  /**
   * The first carrier call that is heard of is the attempt's; any other is a stray that an ambiguous dial left behind: it is hung up, once, and
   * never connected.
   * @returns whether `carrierCallId` is the attempt's own
   */
  adopt(carrierCallId: string): boolean {
    this.carrierCallId ??= carrierCallId;
    if (this.carrierCallId === carrierCallId) return true;
    if (!this.strays.has(carrierCallId)) {
      this.strays.add(carrierCallId);
      log.warn('a second carrier call of one attempt is hung up', { callId: this.input.callId, carrierCallId });
      void hangupCall({ callId: this.input.callId, carrierCallId }).catch(() => undefined);
    }
    return false;
  }

  learnRules(rules: CallRules): void {
    this.rules ??= rules;
    this.evidence.hasMessage = this.rules.setup.voicemailMessage !== '';
  }

  /** The stream of this workflow that an event belongs to; undefined for repeats and strangers. */
  acceptGatewayEvent(event: GatewayEvent): Conversation | undefined {
    const conversation = this.streams.get(event.streamId);
    if (!conversation) return undefined;
    const key = `${event.streamId}/${event.sequence}`;
    if (this.gatewayEventsSeen.has(key)) return undefined;
    this.gatewayEventsSeen.add(key);
    return conversation;
  }

  live(): LiveCall {
    const { leg, liveConversation, transcript, transferredTo } = this;
    return {
      ...this.view(),
      ringingAt: leg.ringingAt,
      answeredAt: leg.answeredAt,
      transferredTo,
      turns: transcript.turns(),
      sealedTurns: liveConversation ? transcript.sealedOf(liveConversation.attachment) : 0,
      talking: liveConversation !== undefined,
    };
  }

  view(): CallView {
    return {
      phase: publicPhase(this),
      carrierCallId: this.carrierCallId,
      answeredBy: this.answeredBy,
      attachment: this.attachments,
      outcome: this.outcome,
    };
  }
}

function publicPhase(state: CallState): CallPhase {
  const { phase } = state;
  switch (phase.kind) {
    case 'admitting':
      return 'ringing';
    case 'waiting':
      if (state.leg.answeredAt !== undefined) return 'answered';
      return state.leg.ringingAt === undefined ? 'placed' : 'ringing';
    case 'talking':
      return state.machineCommand === 'drop_voicemail' ? 'voicemail' : 'talking';
    case 'consulting':
      return 'transferring';
    case 'ending':
      return 'settling';
    case 'dialing':
    case 'reconciling':
    case 'reconnecting':
    case 'transferring':
    case 'transferred':
    case 'settling':
    case 'ended':
      return phase.kind;
    default:
      return phase satisfies never;
  }
}
