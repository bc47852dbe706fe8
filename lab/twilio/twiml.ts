/** TwiML as verbs, as far as the lab performs it. */
import type { ConferenceNoun } from './conference';
import { parseXml, type XmlElement } from './xml';

export interface StreamNoun {
  /** Without its query string, which Twilio drops. */
  url: string;
  name: string | undefined;
  parameters: Record<string, string>;
  statusCallback: string | undefined;
  statusCallbackMethod: string;
}

export interface NumberNoun {
  number: string;
  statusCallback: string | undefined;
  statusCallbackMethod: string;
  statusCallbackEvents: string[];
}

export interface DialVerb {
  kind: 'dial';
  numbers: NumberNoun[];
  action: string | undefined;
  method: string;
  timeoutMs: number;
  timeLimitMs: number;
  callerId: string | undefined;
}

export interface GatherVerb {
  kind: 'gather';
  /** What is said meanwhile. */
  prompts: string[];
  numDigits: number;
  timeoutMs: number;
  finishOnKey: string;
  action: string | undefined;
  method: string;
}

export type Verb =
  | { kind: 'connect'; stream: StreamNoun; action: string | undefined; method: string }
  | { kind: 'redirect'; url: string; method: string }
  | { kind: 'say'; text: string; loop: number }
  | { kind: 'play'; url: string; loop: number }
  | GatherVerb
  | { kind: 'conference'; conference: ConferenceNoun; action: string | undefined; method: string }
  | { kind: 'keys'; digits: string }
  | { kind: 'pause'; ms: number }
  | DialVerb
  | { kind: 'hangup' }
  | { kind: 'reject'; reason: 'busy' | 'rejected' }
  | { kind: 'invalid'; code: number; message: string };

/** @throws Error where the document cannot be read at all (Twilio's 12100); a verb that cannot be performed becomes `invalid` */
export function parseTwiml(source: string): Verb[] {
  const root = parseXml(source);
  if (root.name !== 'Response') throw new Error(`the root element is <${root.name}> and not <Response>`);
  return root.children.map(toVerb);
}

function toVerb(element: XmlElement): Verb {
  const { attributes } = element;
  const method = (attributes.method ?? 'POST').toUpperCase();
  switch (element.name) {
    case 'Connect':
      return toConnect(element, method);
    case 'Redirect':
      return element.text ? { kind: 'redirect', url: element.text, method } : invalid(element, 'no URL');
    case 'Say':
      return { kind: 'say', text: element.text, loop: Number(attributes.loop ?? 1) };
    case 'Play':
      if (attributes.digits) return { kind: 'keys', digits: attributes.digits };
      return element.text ? { kind: 'play', url: element.text, loop: Number(attributes.loop ?? 1) } : invalid(element, 'no URL');
    case 'Pause':
      return { kind: 'pause', ms: Number(attributes.length ?? 1) * 1000 };
    case 'Gather':
      return toGather(element, method);
    case 'Dial':
      return toDial(element, method);
    case 'Reject':
      return { kind: 'reject', reason: attributes.reason === 'busy' ? 'busy' : 'rejected' };
    case 'Hangup':
      return { kind: 'hangup' };
    default:
      return invalid(element, 'not a verb the lab knows');
  }
}

function toConnect(element: XmlElement, method: string): Verb {
  const stream = element.children.find(({ name }) => name === 'Stream');
  if (!stream?.attributes.url) return invalid(element, 'no <Stream url>');
  if (!/^wss?:\/\//.test(stream.attributes.url)) return invalid(element, 'the URL of <Stream> is not one of a WebSocket');
  const parameters: Record<string, string> = {};
  for (const { name, attributes } of stream.children) if (name === 'Parameter') parameters[attributes.name ?? ''] = attributes.value ?? '';
  return {
    kind: 'connect',
    action: element.attributes.action,
    method,
    stream: {
      url: stream.attributes.url.replace(/[?#].*$/, ''),
      name: stream.attributes.name,
      parameters,
      statusCallback: stream.attributes.statusCallback,
      statusCallbackMethod: (stream.attributes.statusCallbackMethod ?? 'POST').toUpperCase(),
    },
  };
}

function toDial(element: XmlElement, method: string): Verb {
  const { attributes } = element;
  const room = element.children.find(({ name }) => name === 'Conference');
  if (room) return { kind: 'conference', conference: toConference(room), action: attributes.action, method };
  const numbers = element.children.filter(({ name }) => name === 'Number');
  const nouns = numbers.length > 0 ? numbers : element.text ? [{ ...element, attributes: {} as Record<string, string> }] : [];
  if (nouns.length === 0) return invalid(element, 'no number');
  return {
    kind: 'dial',
    action: attributes.action,
    method,
    timeoutMs: Number(attributes.timeout ?? 30) * 1000,
    timeLimitMs: Number(attributes.timeLimit ?? 14_400) * 1000,
    callerId: attributes.callerId,
    numbers: nouns.map((noun) => ({
      number: noun.text,
      statusCallback: noun.attributes.statusCallback,
      statusCallbackMethod: (noun.attributes.statusCallbackMethod ?? 'POST').toUpperCase(),
      statusCallbackEvents: (noun.attributes.statusCallbackEvent ?? 'completed').split(/\s+/),
    })),
  };
}

function toConference({ attributes, text }: XmlElement): ConferenceNoun {
  return {
    name: text,
    startOnEnter: attributes.startConferenceOnEnter !== 'false',
    endOnExit: attributes.endConferenceOnExit === 'true',
    maxParticipants: Number(attributes.maxParticipants ?? 250),
    statusCallback: attributes.statusCallback,
    statusCallbackEvents: (attributes.statusCallbackEvent ?? '').split(/\s+/),
  };
}

function toGather(element: XmlElement, method: string): Verb {
  const { attributes, children } = element;
  if (attributes.input !== undefined && attributes.input !== 'dtmf') return invalid(element, 'the lab only hears keys');
  return {
    kind: 'gather',
    prompts: children.filter(({ name }) => name === 'Say').map(({ text }) => text),
    numDigits: Number(attributes.numDigits ?? Number.POSITIVE_INFINITY),
    timeoutMs: Number(attributes.timeout ?? 5) * 1000,
    finishOnKey: attributes.finishOnKey ?? '#',
    action: attributes.action,
    method,
  };
}

function invalid(element: XmlElement, why: string): Verb {
  return { kind: 'invalid', code: 12_200, message: `<${element.name}>: ${why}` };
}
