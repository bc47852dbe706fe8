/** Why a leg ended, in Telnyx' words. */
import type Telnyx from 'telnyx';

export type HangupCause = NonNullable<Telnyx.CallHangup.Payload['hangup_cause']>;
export type HangupSource = NonNullable<Telnyx.CallHangup.Payload['hangup_source']>;

/** How one leg's end reads in the ledger, in the words that both phone companies share. */
export function finalStatus(cause: HangupCause): string {
  switch (cause) {
    case 'user_busy':
    case 'call_rejected':
      return 'busy';
    case 'timeout':
    case 'no_answer':
      return 'no-answer';
    case 'originator_cancel':
    case 'normal_clearing':
      return 'canceled';
    case 'not_found':
    case 'unspecified':
    case 'time_limit':
      return 'failed';
  }
}

/** Of a number that does not answer the call. */
export function causeOf(how: 'busy' | 'failed', sipCode: number): HangupCause {
  if (sipCode === 404) return 'not_found';
  if (sipCode === 603) return 'call_rejected';
  return how === 'busy' ? 'user_busy' : 'unspecified';
}
