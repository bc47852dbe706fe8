/**
 * What really happened: the truth that tests hold the product's story against. Every time is epoch milliseconds.
 * Heard text is read from the audio that reached the person's ear, never from what somebody meant to say.
 */
import type { CarrierName } from '../contracts/carrier';

export interface RequestEntry {
  at: number;
  method: string;
  path: string;
  params: Record<string, unknown>;
  status?: number;
}

/** One stretch of listening to one source. */
export interface HeardSegment {
  via: 'stream' | 'say' | 'play' | 'dial';
  streamSid?: string;
  text: string;
  startedAt: number;
  /** When the last character of `text` was heard. */
  lastHeardAt?: number;
  /** Milliseconds of sound in which nobody spoke. */
  musicMs?: number;
  /** Milliseconds of holes within words: the agent's audio came late. */
  lateMs?: number;
  endedAt?: number;
}

export interface StreamEntry {
  streamSid: string;
  url: string;
  startedAt: number;
  endedAt?: number;
  /** `gateway`: the media server closed it; `carrier`: the call ended or was redirected; `fault`: cut on demand; `refused`: never opened. */
  closedBy?: 'gateway' | 'carrier' | 'fault' | 'refused';
  closeCode?: number;
  customParameters: Record<string, string>;
  /** Milliseconds of agent audio that were played to the person. */
  playedMs: number;
  clears: number;
}

export type EndedBy = 'callee' | 'api' | 'twiml' | 'carrier' | 'time_limit' | 'parent' | 'lab';

export interface CallEntry {
  carrier: CarrierName;
  /** As the account sees it. */
  direction: 'outbound' | 'inbound';
  /** The carrier's own id of the call: Twilio's `CallSid`, Telnyx' `call_control_id`. */
  callSid: string;
  to: string;
  from: string;
  /** Of a leg that was dialled for another one; and of one that was put together with it later. */
  parentCallSid?: string;
  persona: string;
  /** Who was meant to be there: `human`, `voicemail`, `busy` …; set when the call is dialled. */
  personaKind?: string;
  createdAt: number;
  /** When the phone began to ring; more than one entry for one call would be a defect of the lab. */
  rings: number[];
  answeredAt?: number;
  endedAt?: number;
  finalStatus?: string;
  sipCode?: number;
  endedBy?: EndedBy;
  answeredBy?: string;
  /** When it was first connected with another call (Telnyx: transfer, bridge; Twilio: conference). */
  bridgedAt?: number;
  heard: HeardSegment[];
  said: { text: string; at: number }[];
  /** What the voicemail box kept: everything heard after the beep. */
  voicemail?: string;
  /** The longest time in which neither side made a sound, from the first stream's start to the last one's end, without transfers. */
  longestSilenceMs: number;
  streams: StreamEntry[];
  dtmfPressed: string;
  /** Keys that the other side pressed. */
  dtmfHeard?: string;
  /** The patterns of the persona's `mustHear`, and whether each was heard. */
  mustHear: { pattern: string; heard: boolean }[];
  /** Twilio's own error codes, as its debugger would show them; of Telnyx those of the media socket. */
  errors: { code: number; message: string; at: number }[];
}

/** A status, AMD or stream callback that the lab sent, or tried to. */
export interface CallbackEntry {
  callSid: string;
  event: string;
  url: string;
  at: number;
  attempts: number;
  status?: number;
  error?: string;
  fault?: string;
}

/** A user webhook, by its `webhook-id`. */
export interface WebhookEntry {
  name: string;
  id: string;
  verified: boolean;
  error?: string;
  body: unknown;
  at: number;
  duplicates: number;
}

export interface ToolCallEntry {
  name: string;
  at: number;
  body: unknown;
  headers: Record<string, string>;
  status: number;
}

export interface LedgerSnapshot {
  requests: RequestEntry[];
  calls: CallEntry[];
  callbacks: CallbackEntry[];
  webhooks: WebhookEntry[];
  toolCalls: ToolCallEntry[];
  /** What other simulators note, by section, e.g. `realtime`. */
  notes: Record<string, unknown[]>;
}

export class Ledger {
  private data: LedgerSnapshot = empty();

  request(entry: RequestEntry): RequestEntry {
    this.data.requests.push(entry);
    return entry;
  }

  /** The entry is kept by reference: whoever owns the call goes on writing into it. */
  call(entry: CallEntry): CallEntry {
    this.data.calls.push(entry);
    return entry;
  }

  callback(entry: CallbackEntry): CallbackEntry {
    this.data.callbacks.push(entry);
    return entry;
  }

  webhook(entry: Omit<WebhookEntry, 'duplicates'>): WebhookEntry {
    const known = this.data.webhooks.find((webhook) => webhook.name === entry.name && webhook.id === entry.id);
    if (known) {
      known.duplicates++;
      return known;
    }
    const created = { ...entry, duplicates: 0 };
    this.data.webhooks.push(created);
    return created;
  }

  toolCall(entry: ToolCallEntry): void {
    this.data.toolCalls.push(entry);
  }

  /** Anything else worth telling, under a section of its own; kept by reference. */
  note<T extends object>(section: string, entry: T): T {
    this.data.notes[section] ??= [];
    this.data.notes[section].push(entry);
    return entry;
  }

  snapshot(): LedgerSnapshot {
    return this.data;
  }

  reset(): void {
    this.data = empty();
  }
}

function empty(): LedgerSnapshot {
  return { requests: [], calls: [], callbacks: [], webhooks: [], toolCalls: [], notes: {} };
}
