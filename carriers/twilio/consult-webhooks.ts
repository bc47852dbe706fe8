/** Bodies of Twilio's callbacks about a person who is asked to take a call → `consult` events. As in ./webhooks, what makes no sense gives undefined. */
import type { CarrierEvent } from '../../contracts/call';
import { isTerminalCarrierStatus } from '../../contracts/carrier';
import { ACCEPT_KEY, type ConsultEvent } from '../../contracts/carrier-transfer';
import { type FormFields, parseAmdCallback, parseStatusCallback } from './webhooks';

/** The leg's `StatusCallback`. */
export function parseConsultStatus(form: FormFields, transferNumber: number, receivedAt: number): CarrierEvent | undefined {
  const event = parseStatusCallback(form, receivedAt);
  if (event?.kind !== 'status' || event.status === 'queued') return undefined;
  const { carrierCallId, at, status, durationS } = event;
  if (isTerminalCarrierStatus(status)) {
    const ended = { kind: 'consult', transferNumber, step: 'ended', status } as const;
    return envelope(carrierCallId, at, durationS === undefined ? ended : { ...ended, durationS });
  }
  return envelope(carrierCallId, at, { kind: 'consult', transferNumber, step: status === 'ringing' ? 'ringing' : 'answered' });
}

/** `AsyncAmdStatusCallback`. A person, or nobody knows what: the key decides. */
export function parseConsultAmd(form: FormFields, transferNumber: number, receivedAt: number): CarrierEvent | undefined {
  const event = parseAmdCallback(form, receivedAt);
  if (event?.kind !== 'amd' || (event.answeredBy !== 'machine' && event.answeredBy !== 'fax')) return undefined;
  return envelope(event.carrierCallId, event.at, { kind: 'consult', transferNumber, step: 'machine' });
}

/** `<Gather action>`. */
export function parseConsultAnswer(form: FormFields, transferNumber: number, receivedAt: number): CarrierEvent | undefined {
  const { CallSid: carrierCallId, Digits: digits } = form;
  if (typeof carrierCallId !== 'string' || typeof digits !== 'string' || digits === '') return undefined;
  return envelope(carrierCallId, receivedAt, { kind: 'consult', transferNumber, step: digits === ACCEPT_KEY ? 'accepted' : 'declined' });
}

/** `<Conference statusCallback>`: names the participant who made the conference start, whoever of the two that is. */
export function parseConsultBridged(form: FormFields, transferNumber: number, receivedAt: number): CarrierEvent | undefined {
  const { CallSid: carrierCallId, StatusCallbackEvent: word } = form;
  if (word !== 'conference-start') return undefined;
  return envelope(typeof carrierCallId === 'string' ? carrierCallId : '', receivedAt, { kind: 'consult', transferNumber, step: 'bridged' });
}

function envelope(carrierCallId: string, at: number, event: ConsultEvent): CarrierEvent {
  return { dedupeKey: `consult/${event.transferNumber}/${carrierCallId}/${event.step}`, carrierCallId, at, ...event };
}
