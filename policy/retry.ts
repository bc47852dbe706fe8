import type { RetryPolicy } from '../contracts/campaign';
import type { AnsweredBy, Outcome } from '../contracts/outcomes';

export interface AttemptEnd {
  outcome: Outcome;
  answeredBy?: AnsweredBy;
  /** False: the call does not count (the carrier was too busy, we took it back); it is repeated however many attempts are spent. */
  consumed: boolean;
  /** Calls of the contact that counted, this one included. */
  attempts: number;
  policy: RetryPolicy;
  /** Epoch milliseconds at which the callee asked to be called. */
  callbackAt?: number;
  /** The carrier's own demand: not before so many milliseconds. */
  retryAfterMs?: number;
  /** Epoch milliseconds. */
  now: number;
}

export type NextAttempt =
  | { kind: 'done'; outcome: Outcome; reason?: string }
  /** `at` in epoch milliseconds. The calling window is not considered here: the gate does that at the dial. */
  | { kind: 'retry'; at: number; waitReason: string };

/**
 * What becomes of a contact after a call.
 *
 * | outcome | next |
 * | --- | --- |
 * | completed, transferred, opted_out, rejected, skipped, expired | done |
 * | callback_requested | at the time that was named, if attempts are left; done without a time |
 * | voicemail | after `retry.voicemail`, done when that is `false` |
 * | busy, no_answer, failed | after `retry.busy`, `retry.noAnswer`, `retry.failed` |
 * | failed, to a fax machine | done: it is one tomorrow, too |
 * | no_answer, of a call screener | after `retry.voicemail`, or `retry.noAnswer` where that is longer: its owner has seen the call |
 * | invalid_number | done; once more after `retryAfterMs` where the carrier may have been wrong (Twilio 13224) |
 * | canceled | done; when not consumed (a pause took the call back) again at once |
 *
 * `rejected` is a person's or a network's no (SIP 603, 608): calling again from the same number makes both worse.
 * `maxAttempts` bounds every retry whose call counted. `retryAfterMs` can only lengthen a wait.
 */
export function nextAttempt(end: AttemptEnd): NextAttempt {
  const { outcome, policy } = end;
  switch (outcome) {
    case 'completed':
    case 'transferred':
    case 'opted_out':
    case 'rejected':
    case 'skipped':
    case 'expired':
      return { kind: 'done', outcome };
    case 'canceled':
      if (end.consumed) return { kind: 'done', outcome };
      return { kind: 'retry', at: end.now + (end.retryAfterMs ?? 0), waitReason: 'the call was taken back before it rang' };
    case 'invalid_number':
      if (end.retryAfterMs === undefined || end.attempts > 1) return { kind: 'done', outcome };
      return retry(end, end.retryAfterMs, 'the carrier could not route the number; one more try');
    case 'callback_requested': {
      if (end.callbackAt === undefined) return { kind: 'done', outcome, reason: 'asked for a call back without a time' };
      return retry(end, Math.max(0, end.callbackAt - end.now), 'call back as requested');
    }
    case 'voicemail':
      if (policy.voicemail === false) return { kind: 'done', outcome };
      return retry(end, policy.voicemail, 'retry after voicemail');
    case 'busy':
      return retry(end, policy.busy, 'retry after busy');
    case 'no_answer':
      if (end.answeredBy === 'call_screening') {
        return retry(end, Math.max(policy.noAnswer, policy.voicemail || 0), 'retry after a call screener');
      }
      return retry(end, policy.noAnswer, 'retry after no answer');
    case 'failed':
      if (end.answeredBy === 'fax') return { kind: 'done', outcome, reason: 'answered by a fax machine' };
      return retry(end, policy.failed, 'retry after a failed call');
    default:
      return outcome satisfies never;
  }
}

function retry(end: AttemptEnd, waitMs: number, waitReason: string): NextAttempt {
  if (end.consumed && end.attempts >= end.policy.maxAttempts) {
    return { kind: 'done', outcome: end.outcome, reason: `${end.attempts} of ${end.policy.maxAttempts} attempts made` };
  }
  // What did not count and names its own wait was a matter of the carrier's load, not of the callee: the policy's wait is too long for it.
  const ms = end.consumed ? Math.max(waitMs, end.retryAfterMs ?? 0) : (end.retryAfterMs ?? waitMs);
  return { kind: 'retry', at: end.now + ms, waitReason };
}
