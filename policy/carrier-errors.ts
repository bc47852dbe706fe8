import type { CarrierCallStatus, CarrierName } from '../contracts/carrier';
import type { Outcome } from '../contracts/outcomes';
import { sipDecision } from './sip';

/** What an error of the carrier means for the attempt, the contact and the campaign. */
export interface CarrierDecision {
  outcome: Outcome;
  /** Counts as an attempt. False only where the callee's phone surely did not ring and the cause lies on our side of it. */
  consumed: boolean;
  reason: string;
  /** Not before so many milliseconds. */
  retryAfterMs?: number;
  /** Every next contact would meet the same error: pause the campaign with this reason. */
  pauseCampaign?: string;
  /** The callee wants no calls: suppress the number. */
  optOut?: true;
}

const RATE_LIMIT_WAIT_MS = 2_000;
const CONCURRENCY_WAIT_MS = 15_000;
/** 13224 and 21214 are also given while a carrier of the region is out: one more try an hour later. */
const MAYBE_OUTAGE_WAIT_MS = 3_600_000;

const invalid = (reason: string): CarrierDecision => ({ outcome: 'invalid_number', consumed: true, reason });
const maybeInvalid = (reason: string): CarrierDecision => ({ ...invalid(reason), retryAfterMs: MAYBE_OUTAGE_WAIT_MS });
const pause = (reason: string): CarrierDecision => ({ outcome: 'failed', consumed: false, reason, pauseCampaign: reason });
const wait = (reason: string, retryAfterMs: number): CarrierDecision => ({ outcome: 'failed', consumed: false, reason, retryAfterMs });

/**
 * Twilio's codes, from its error dictionary (read 2026-11). 21214 is there "'To' phone number cannot be reached": a matter of the callee,
 * whatever older lists say.
 */
const TWILIO: ReadonlyMap<number, CarrierDecision> = new Map([
  [21211, invalid('Twilio: the number is not valid (21211)')],
  [21217, invalid('Twilio: the number does not appear to be valid (21217)')],
  [13223, invalid('Twilio: invalid phone number format (13223)')],
  [21214, maybeInvalid('Twilio: the number cannot be reached (21214)')],
  [13224, maybeInvalid('Twilio: the number is not routable or not valid (13224)')],
  [32224, { outcome: 'failed', consumed: true, reason: 'Twilio: the forwarded call was blocked (32224)' }],
  [21210, pause('the caller id is not verified with Twilio (21210)')],
  [21212, pause('the caller id is not a valid number (21212)')],
  [21213, pause('Twilio got no caller id (21213)')],
  [21200, pause('Twilio did not accept the call request (21200)')],
  [21205, pause('Twilio did not accept the public URL of the gateway (21205)')],
  [21215, pause('the account may not call this country: allow it under Voice geographic permissions (21215)')],
  [21216, pause('the account may not call this number: fraud protection or a missing business profile (21216)')],
  [21219, pause('a trial account calls verified numbers only (21219)')],
  [573005, pause('a trial account calls verified numbers only (573005)')],
  [10001, pause('the Twilio account is not active (10001)')],
  [10002, pause('a trial account does not allow this (10002)')],
  [20003, pause('Twilio did not accept the credentials, or the account has no credit (20003)')],
  [20005, pause('the Twilio account is not active (20005)')],
  [20403, pause('the Twilio account may not do this (20403)')],
  [10004, wait('Twilio: too many calls at once for this account (10004)', CONCURRENCY_WAIT_MS)],
  [20429, wait('Twilio: too many requests at once (20429)', RATE_LIMIT_WAIT_MS)],
]);

/**
 * Telnyx' codes, from its API error reference (read 2026-11). A SIP `D` code may stand in the detail of 10010 (`D35`: the caller id is not the
 * account's); all of them are matters of the account.
 */
const TELNYX: ReadonlyMap<number, CarrierDecision> = new Map([
  [10001, pause('the caller id is a Telnyx number that is not active (10001)')],
  [10002, invalid('Telnyx: the number is not valid (10002)')],
  [10016, invalid('Telnyx: the number is not in E.164 form (10016)')],
  [10009, pause('Telnyx did not accept the API key (10009)')],
  [
    10010,
    pause(
      'the Telnyx account may not make this call: a caller id that is not its own, or an outbound voice profile that forbids it (10010)',
    ),
  ],
  [10017, pause('Telnyx does not know the connection, or it has no outbound voice profile: look at TELNYX_CONNECTION_ID (10017)')],
  [10004, pause('Telnyx missed a parameter of the request (10004)')],
  [10003, pause('Telnyx did not accept the public URL of the gateway (10003)')],
  [20100, pause('the Telnyx account has no credit (20100)')],
  [10011, wait('Telnyx: too many requests at once (10011)', RATE_LIMIT_WAIT_MS)],
  [90103, wait('Telnyx: too many dials at once (90103)', RATE_LIMIT_WAIT_MS)],
]);

const TABLES: Readonly<Record<CarrierName, ReadonlyMap<number, CarrierDecision>>> = { twilio: TWILIO, telnyx: TELNYX };

/**
 * For a request that the carrier surely did not carry out. One with an unknown outcome (5xx, time-out) is never decided here: reconcile it.
 */
export function refusalDecision(
  carrier: CarrierName,
  refusal: { vendorCode?: number; httpStatus: number; message: string },
): CarrierDecision {
  const known = refusal.vendorCode === undefined ? undefined : TABLES[carrier].get(refusal.vendorCode);
  if (known) return known;
  const words = `${carrier} refused the call: ${refusal.message} (HTTP ${refusal.httpStatus}${refusal.vendorCode === undefined ? '' : `, ${refusal.vendorCode}`})`;
  switch (refusal.httpStatus) {
    case 401:
    case 403:
    case 404: // of the account in the URL
      return pause(words);
    case 429:
      return wait(words, RATE_LIMIT_WAIT_MS);
    default:
      return { outcome: 'failed', consumed: true, reason: words };
  }
}

/** What the carrier tells of a call that is over. */
export interface CarrierEnd {
  /** A terminal one. */
  status: CarrierCallStatus;
  sipCode?: number;
  sipReason?: string;
  errorCode?: number;
}

/**
 * For a call that ended without having been answered. Twilio folds many SIP answers into `busy`, `no-answer` and `failed`, so a SIP code that
 * is certain wins over the status, and an error code over both.
 */
export function callEndDecision(carrier: CarrierName, end: CarrierEnd): CarrierDecision {
  if (end.status === 'canceled') return { outcome: 'canceled', consumed: false, reason: 'taken back before it was answered' };
  const byCode = end.errorCode === undefined ? undefined : TABLES[carrier].get(end.errorCode);
  // A call that existed has rung or tried to: it counts, unless the table says that the cause is ours.
  if (byCode) return byCode;
  const bySip = end.sipCode === undefined ? undefined : sipDecision(end.sipCode, end.sipReason);
  if (bySip) return bySip;
  switch (end.status) {
    case 'busy':
      return { outcome: 'busy', consumed: true, reason: 'busy' };
    case 'no_answer':
      return { outcome: 'no_answer', consumed: true, reason: 'nobody answered' };
    case 'completed':
      return { outcome: 'completed', consumed: true, reason: 'the call ended' };
    case 'failed':
    case 'queued':
    case 'ringing':
    case 'in_progress':
      return {
        outcome: 'failed',
        consumed: true,
        reason: `the carrier could not connect the call${end.sipCode === undefined ? '' : ` (SIP ${end.sipCode})`}${end.errorCode === undefined ? '' : ` (error ${end.errorCode})`}`,
      };
    default:
      return end.status satisfies never;
  }
}
