/** Twilio's words for the state of a call, and ours. */
import type { CallStatus } from 'twilio/lib/rest/api/v2010/account/call';
import type { CarrierCallStatus } from '../../contracts/carrier';

const FROM_TWILIO: Readonly<Record<string, CarrierCallStatus>> = {
  queued: 'queued',
  // Only in callbacks: Twilio has taken the call out of its queue, the phone does not ring yet.
  initiated: 'queued',
  ringing: 'ringing',
  'in-progress': 'in_progress',
  completed: 'completed',
  busy: 'busy',
  failed: 'failed',
  'no-answer': 'no_answer',
  canceled: 'canceled',
};

const TO_TWILIO: Readonly<Record<CarrierCallStatus, CallStatus>> = {
  queued: 'queued',
  ringing: 'ringing',
  in_progress: 'in-progress',
  completed: 'completed',
  busy: 'busy',
  failed: 'failed',
  no_answer: 'no-answer',
  canceled: 'canceled',
};

/** Undefined for a word that Twilio did not have when this was written. */
export function statusFromTwilio(status: string | undefined): CarrierCallStatus | undefined {
  return status === undefined ? undefined : FROM_TWILIO[status];
}

export function statusToTwilio(status: CarrierCallStatus): CallStatus {
  return TO_TWILIO[status];
}
