/** Twilio's announcement of a call to one of our numbers: the request of the number's voice URL. */
import type { InboundCallFacts } from '../../contracts/line';
import { callParameters, numberIn } from '../call-parameters';
import type { FormFields } from './webhooks';

export interface InboundWebhook extends InboundCallFacts {
  carrierCallId: string;
}

/** SIP headers of somebody's own making: Twilio passes on those that begin with X-. */
const SIP_HEADER = /^SipHeader_X-(.+)$/i;
/** What Twilio has in the place of a number that was withheld: the keys of ANONYMOUS, RESTRICTED, UNAVAILABLE and so on. */
const NO_NUMBER = new Set(['+266696687', '+7378742833', '+2562533', '+8656696', '+86282452253']);

/**
 * Undefined where it is none: no call, or not to a phone number.
 * @param query of the voice URL: what the developer wrote there, so it wins over what the caller's side sent
 */
export function parseInboundCall(form: FormFields, query: Readonly<Record<string, string | undefined>>): InboundWebhook | undefined {
  const carrierCallId = text(form, 'CallSid');
  const to = numberIn(text(form, 'To')) ?? numberIn(text(form, 'Called'));
  if (!carrierCallId || !to || text(form, 'Direction')?.startsWith('outbound')) return undefined;
  const from = numberIn(text(form, 'From'));
  const headers = Object.keys(form).flatMap((name) => {
    const header = SIP_HEADER.exec(name)?.[1];
    return header === undefined ? [] : [[header, text(form, name)] as const];
  });
  return {
    carrierCallId,
    to,
    from: from !== undefined && NO_NUMBER.has(from) ? undefined : from,
    parameters: callParameters([...Object.entries(query), ['caller_name', text(form, 'CallerName')], ...headers]),
  };
}

function text(form: FormFields, name: string): string | undefined {
  const value = form[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined || first === '' ? undefined : first;
}
