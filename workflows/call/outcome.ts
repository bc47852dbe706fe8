/** How the call turned out: a pure function of what is known at its end. */
import type { CallSettlement } from '../../contracts/activities';
import type { ConversationEnd, ConversationReport } from '../../contracts/call';
import type { CarrierName } from '../../contracts/carrier';
import type { AnsweredBy } from '../../contracts/outcomes';
import { callEndDecision } from '../../policy/carrier-errors';
import type { ConversationResult } from './call-state';
import type { CallLegEnd } from './carrier-events';

export interface CallFacts {
  carrier: CarrierName;
  ringingAt?: number;
  answeredAt?: number;
  end?: CallLegEnd;
  /** The newest conversation's; undefined when there was none. */
  last?: ConversationResult;
  attachments: number;
  answeredBy: AnsweredBy;
  optOut: boolean;
  callback: boolean;
  transferredTo?: string;
  /** Why we ended it. */
  endedByUs?: string;
  /** Why a conversation lost its AI provider. */
  providerFailure?: string;
}

export type CallOutcome = Pick<CallSettlement, 'outcome' | 'reason' | 'consumed' | 'retryAfterMs'> & { optOutByCarrier?: true };

/** A call that ended so soon after the answer never had a chance to be streamed: its callee hung up. */
const AT_ONCE_S = 2;

export function outcomeOf(facts: CallFacts): CallOutcome {
  if (facts.optOut) return counted('opted_out');
  if (facts.transferredTo !== undefined) return counted('transferred', facts.providerFailure);
  if (facts.attachments > 0) return talkedOutcome(facts);
  const completed = facts.end?.status === 'completed';
  if (facts.answeredAt !== undefined || completed) {
    if (facts.endedByUs !== undefined) return counted('canceled', facts.endedByUs);
    if (completed && (facts.end?.durationS ?? Number.POSITIVE_INFINITY) <= AT_ONCE_S) return counted('completed', 'hung up at once');
    return counted('failed', 'answered, but no gateway took the call');
  }
  return unansweredOutcome(facts);
}

function talkedOutcome(facts: CallFacts): CallOutcome {
  const { last } = facts;
  const report = last?.kind === 'report' ? last.report : undefined;
  if (facts.callback) return counted('callback_requested');
  if (report && report.end === 'provider_failed') return counted('failed', report.error ?? 'the AI provider failed');
  if (report && isVoicemail(report.end)) return counted('voicemail', voicemailReason(report.end));
  if (facts.answeredBy === 'machine') return counted('voicemail', 'the machine hung up before a message was left');
  if (facts.answeredBy === 'fax') return counted('failed', 'answered by a fax machine');
  if (report?.unreached) return counted('no_answer', unreachedReason(report.unreached));
  if (facts.answeredBy === 'call_screening') return counted('no_answer', 'call_screening: no person came on the line');
  if (facts.answeredBy === 'silence' && report?.end === 'caller_hung_up')
    return counted('no_answer', 'silence: answered, and nobody spoke');
  if (facts.answeredBy === 'ivr' && (report?.end === 'caller_hung_up' || report?.end === 'idle'))
    return counted('no_answer', 'ivr: the menu hung up');
  if (facts.endedByUs !== undefined) return counted('completed', facts.endedByUs);
  // The caller was not spoken to any more, unless it was the caller who left.
  if (!report && facts.end?.status !== 'completed') return counted('failed', last?.kind === 'lost' ? last.why : 'the call was lost');
  if (last?.kind === 'lost') return counted('failed', last.why);
  switch (report?.end) {
    case 'idle':
      return counted('completed', 'nobody spoke');
    case 'time_limit':
      return counted('completed', 'time limit');
    case 'drained':
      return counted('failed', 'the gateway shut down, and no other took the call');
    default:
      return counted('completed', facts.providerFailure);
  }
}

function unansweredOutcome(facts: CallFacts): CallOutcome {
  const { end } = facts;
  if (!end) return counted('failed', facts.endedByUs ?? 'the carrier never told how the call ended');
  if (end.status === 'canceled') {
    // Our own cancel of a phone that rang: the callee saw a missed call.
    if (facts.ringingAt !== undefined) return counted('no_answer', facts.endedByUs ?? 'canceled while it rang');
    return { outcome: 'canceled', reason: facts.endedByUs ?? 'taken back before it rang', consumed: false };
  }
  const decision = callEndDecision(facts.carrier, end);
  return {
    outcome: decision.outcome,
    reason: decision.reason,
    consumed: decision.consumed,
    retryAfterMs: decision.retryAfterMs,
    ...(decision.optOut ? { optOutByCarrier: true } : {}),
  };
}

function isVoicemail(end: ConversationEnd): boolean {
  return end === 'voicemail_left' || end === 'voicemail_skipped' || end === 'voicemail_cut';
}

/** The word first: reports count by it. */
function unreachedReason({ because, detail }: NonNullable<ConversationReport['unreached']>): string {
  switch (because) {
    case 'ivr_loop':
      return detail ? `ivr_loop: ${detail}` : 'ivr_loop';
    case 'call_screening':
      return detail ? `call_screening: ${detail}` : 'call_screening: no person came on the line';
    case 'silence':
      return 'silence: answered, and nobody spoke';
    default:
      return because satisfies never;
  }
}

function voicemailReason(end: ConversationEnd): string | undefined {
  if (end === 'voicemail_left') return undefined;
  return end === 'voicemail_cut' ? 'the machine hung up before the end of the message' : 'no message is configured';
}

function counted(outcome: CallSettlement['outcome'], reason?: string): CallOutcome {
  return { outcome, reason, consumed: true };
}
