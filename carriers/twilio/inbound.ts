/** Twilio's announcement of a call to one of our numbers: the request of the number's voice URL. */
import type { InboundCallFacts } from '../../contracts/line';
import type { FormFields } from './webhooks';

export interface InboundWebhook extends InboundCallFacts {
  carrierCallId: string;
}

/** SIP headers of our own making: Twilio passes on those that begin with X-. */
const SIP_HEADER = /^SipHeader_X-(.+)$/i;
const E164 = /^\+[1-9]\d{6,14}$/;
/** A prompt is no place for more. */
const MAX_PARAMETERS = 50;
const MAX_VALUE_CHARS = 500;

/**
 * Undefined where it is none: no call, or not to a phone number. Who calls without a number (`+266696687`, `anonymous`, `Restricted`, a SIP address)
 * has none.
 * @param query of the voice URL: what the developer wrote there, and so signed with it
 */
export function parseInboundCall(form: FormFields, query: Readonly<Record<string, string | undefined>>): InboundWebhook | undefined {
  const carrierCallId = text(form, 'CallSid');
  const to = numberIn(text(form, 'To')) ?? numberIn(text(form, 'Called'));
  if (!carrierCallId || !to || text(form, 'Direction')?.startsWith('outbound')) return undefined;
  const parameters: Record<string, string> = {};
  const take = (name: string, value: string | undefined) => {
    if (value === undefined || Object.keys(parameters).length >= MAX_PARAMETERS) return;
    parameters[variableName(name)] = value.slice(0, MAX_VALUE_CHARS);
  };
  for (const [name, value] of Object.entries(query)) take(name, value);
  for (const name of Object.keys(form)) {
    const header = SIP_HEADER.exec(name)?.[1];
    if (header) take(header, text(form, name));
  }
  take('caller_name', text(form, 'CallerName'));
  return { carrierCallId, to, from: callerIn(text(form, 'From')), parameters };
}

/** What Twilio has in the place of a number that was withheld: the keys of ANONYMOUS, RESTRICTED, UNAVAILABLE and so on. */
const NO_NUMBER = new Set(['+266696687', '+7378742833', '+2562533', '+8656696', '+86282452253']);

function callerIn(from: string | undefined): string | undefined {
  const number = numberIn(from);
  return number !== undefined && !NO_NUMBER.has(number) ? number : undefined;
}

/** As it is, or as the user of a SIP address. */
function numberIn(address: string | undefined): string | undefined {
  const user = /^sips?:([^@;]+)/i.exec(address ?? '')?.[1];
  const number = user === undefined ? address : decodeUser(user);
  return number !== undefined && E164.test(number) ? number : undefined;
}

function decodeUser(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

/** As the templates of the agent have it: `Customer-Id` is `{customer_id}`. */
function variableName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s.-]+/g, '_');
}

function text(form: FormFields, name: string): string | undefined {
  const value = form[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined || first === '' ? undefined : first;
}
