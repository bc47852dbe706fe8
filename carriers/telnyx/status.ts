/** How a leg ended, in Telnyx' words and ours. */
import type { CarrierCallStatus } from '../../contracts/carrier';

/** The SIP answer that a cause stands for, where Telnyx gives none: `policy/` decides by it. */
const ENDS: Readonly<Record<string, { status: CarrierCallStatus; sipCode?: number }>> = {
  normal_clearing: { status: 'completed' },
  time_limit: { status: 'completed' },
  user_busy: { status: 'busy', sipCode: 486 },
  no_answer: { status: 'no_answer' },
  timeout: { status: 'no_answer' },
  originator_cancel: { status: 'canceled' },
  call_rejected: { status: 'failed', sipCode: 603 },
  not_found: { status: 'failed', sipCode: 404 },
  unspecified: { status: 'failed' },
};

/** Payload of `call.hangup`. A cause that is new to us is a failure. */
export function endOf(payload: { hangup_cause?: unknown; sip_hangup_cause?: unknown }): { status: CarrierCallStatus; sipCode?: number } {
  const { hangup_cause: cause, sip_hangup_cause: sip } = payload;
  const end = (typeof cause === 'string' ? ENDS[cause] : undefined) ?? { status: 'failed' as const };
  if (end.status === 'completed' || end.status === 'canceled') return { status: end.status };
  const given = typeof sip === 'string' || typeof sip === 'number' ? Number(sip) : Number.NaN;
  const sipCode = Number.isInteger(given) && given >= 400 && given < 700 ? given : end.sipCode;
  return { status: end.status, ...(sipCode === undefined ? {} : { sipCode }) };
}
