/** Telnyx' webhooks → `CarrierEvent`. What is not ours, or tells nothing that anybody waits for, gives no event: it is logged, and changes nothing. */
import { z } from 'zod';
import type { CarrierEvent } from '../../contracts/call';
import type { CarrierCallStatus } from '../../contracts/carrier';
import type { LegPrice } from '../../contracts/carrier-price';
import { ACCEPT_KEY, type ConsultStep } from '../../contracts/carrier-transfer';
import type { AnsweredBy } from '../../contracts/outcomes';
import { type ClientState, decodeClientState } from './client-state';
import { priceOfLeg } from './cost';
import { endOf } from './status';

const envelopeSchema = z.object({
  data: z.object({
    id: z.string().min(1).max(200),
    event_type: z.string(),
    occurred_at: z.string().optional(),
    payload: z.record(z.string(), z.unknown()).default({}),
  }),
});

export interface TelnyxEnvelope {
  id: string;
  type: string;
  /** Epoch milliseconds. */
  at: number;
  payload: Readonly<Record<string, unknown>>;
}

/** @param receivedAt epoch ms, for an event without a time. Undefined: not Telnyx' envelope. */
export function parseTelnyxEnvelope(body: string, receivedAt: number): TelnyxEnvelope | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = envelopeSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { id, event_type: type, occurred_at: occurredAt, payload } = parsed.data.data;
  const at = Date.parse(occurredAt ?? '');
  return { id, type, at: Number.isNaN(at) ? receivedAt : at, payload };
}

/** A webhook of one of our legs. */
export interface TelnyxNews {
  state: ClientState;
  /** `call_control_id` of the leg that the webhook is about. */
  carrierCallId: string;
  event?: CarrierEvent;
  /** A media stream of the leg is over: its address, for the token in it. */
  streamEnded?: { url: string | undefined };
  /** Caller and person hear each other. */
  bridged?: true;
  /** What the leg cost. */
  price?: LegPrice;
}

/** Undefined: the leg has no state of ours. */
export function parseTelnyxNews(envelope: TelnyxEnvelope): TelnyxNews | undefined {
  const { payload } = envelope;
  const state = decodeClientState(payload.client_state);
  const carrierCallId = text(payload.call_control_id) ?? text(payload.call_leg_id);
  if (!state || !carrierCallId) return undefined;
  const news: TelnyxNews = { state, carrierCallId, ...defined('event', eventOf(envelope, state, carrierCallId)) };
  switch (envelope.type) {
    case 'streaming.stopped':
      return { ...news, streamEnded: { url: text(payload.stream_url) ?? streamUrl(payload) } };
    case 'streaming.failed':
      return { ...news, streamEnded: { url: streamUrl(payload) } };
    case 'call.bridged':
      return { ...news, bridged: true };
    case 'call.cost':
      // Of a leg that nobody took there is nothing to write down.
      return payload.billed_duration_secs === 0 && Number(payload.total_cost) === 0
        ? news
        : { ...news, ...defined('price', priceOfLeg(payload)) };
    default:
      return news;
  }
}

function eventOf(envelope: TelnyxEnvelope, state: ClientState, carrierCallId: string): CarrierEvent | undefined {
  const { id: dedupeKey, at, payload } = envelope;
  const base = { dedupeKey, carrierCallId, at };
  switch (envelope.type) {
    case 'call.recording.saved':
      return {
        ...base,
        kind: 'recording',
        recordingId: recordingIdOf(payload),
        status: 'completed',
        ...defined('durationS', recordedS(payload)),
      };
    case 'call.recording.error':
      return {
        ...base,
        kind: 'recording',
        recordingId: recordingIdOf(payload),
        status: 'failed',
        ...defined('error', text(payload.reason)),
      };
    default:
      break;
  }
  switch (state.l) {
    case 'call':
      return callEvent(envelope, base);
    case 'transfer':
      return transferEvent(envelope, { ...base, carrierCallId: state.p ?? carrierCallId }, carrierCallId, state.n ?? 0);
    case 'consult': {
      const step = consultStep(envelope);
      return step && { ...base, kind: 'consult', transferNumber: state.n ?? 0, ...step };
    }
    default:
      return state.l satisfies never;
  }
}

type Base = { dedupeKey: string; carrierCallId: string; at: number };

/** Telnyx numbers nothing: as far as a call that tells so has come. */
function callEvent({ type, payload }: TelnyxEnvelope, base: Base): CarrierEvent | undefined {
  switch (type) {
    case 'call.initiated':
      // Telnyx has no queue and tells of no ringing: what it has begun to dial, rings. A call that comes in was told of elsewhere.
      return payload.direction === 'incoming' ? undefined : { ...base, kind: 'status', status: 'ringing', sequence: 1 };
    case 'call.answered':
      return { ...base, kind: 'status', status: 'in_progress', sequence: 2 };
    case 'call.hangup': {
      const { status, sipCode } = endOf(payload);
      return { ...base, kind: 'status', status, sequence: 3, ...defined('sipCode', sipCode) };
    }
    case 'streaming.failed': {
      const streamId = text(payload.stream_id);
      return streamId === undefined
        ? undefined
        : { ...base, kind: 'stream', status: 'error', streamId, ...defined('error', text(payload.failure_reason)) };
    }
    default: {
      const amd = amdOf(type, payload);
      return amd && { ...base, kind: 'amd', ...amd };
    }
  }
}

/** What a webhook, or its entry in the log, tells of who answered. */
export function amdOf(
  type: string,
  payload: Readonly<Record<string, unknown>>,
): { answeredBy: AnsweredBy; messageEnd: boolean } | undefined {
  switch (type) {
    case 'call.machine.premium.detection.ended':
    case 'call.machine.detection.ended':
      return { answeredBy: ANSWERED_BY[text(payload.result) ?? ''] ?? 'unknown', messageEnd: false };
    case 'call.machine.premium.greeting.ended':
    case 'call.machine.greeting.ended':
      return { answeredBy: 'machine', messageEnd: true };
    default:
      return undefined;
  }
}

const ANSWERED_BY: Readonly<Record<string, AnsweredBy>> = {
  human: 'human',
  human_residence: 'human',
  human_business: 'human',
  machine: 'machine',
  fax_detected: 'fax',
  // Nobody has said anything yet: that is no machine.
  silence: 'unknown',
  not_sure: 'unknown',
};

/** Of the person's leg only the answer and the end are told. */
function transferEvent(
  { type, payload }: TelnyxEnvelope,
  base: Base,
  humanCallId: string,
  transferNumber: number,
): CarrierEvent | undefined {
  const result = (status: CarrierCallStatus): CarrierEvent => ({
    ...base,
    kind: 'transfer_result',
    transferNumber,
    // A leg that nobody took ends as busy, no_answer, failed or canceled.
    answered: status === 'in_progress' || status === 'completed',
    status,
    humanCallId,
  });
  if (type === 'call.answered') return result('in_progress');
  return type === 'call.hangup' ? result(endOf(payload).status) : undefined;
}

function consultStep({ type, payload }: TelnyxEnvelope): { step: ConsultStep; status?: CarrierCallStatus } | undefined {
  switch (type) {
    case 'call.initiated':
      return { step: 'ringing' };
    case 'call.answered':
      return { step: 'answered' };
    case 'call.machine.premium.detection.ended':
    case 'call.machine.detection.ended':
      return payload.result === 'machine' || payload.result === 'fax_detected' ? { step: 'machine' } : undefined;
    case 'call.gather.ended':
      // A leg that hung up while it was asked tells of its end itself.
      if (payload.status === 'call_hangup') return undefined;
      return { step: payload.digits === ACCEPT_KEY ? 'accepted' : 'declined' };
    case 'call.bridged':
      return { step: 'bridged' };
    case 'call.hangup':
      return { step: 'ended', status: endOf(payload).status };
    default:
      return undefined;
  }
}

/** The vendor's types name no recording; its API does. Else it is found by the leg that was recorded. */
function recordingIdOf(payload: Readonly<Record<string, unknown>>): string {
  return text(payload.recording_id) ?? `leg:${text(payload.call_leg_id) ?? ''}`;
}

function recordedS(payload: Readonly<Record<string, unknown>>): number | undefined {
  const ms = Date.parse(text(payload.recording_ended_at) ?? '') - Date.parse(text(payload.recording_started_at) ?? '');
  return Number.isNaN(ms) || ms < 0 ? undefined : Math.round(ms / 1_000);
}

function streamUrl(payload: Readonly<Record<string, unknown>>): string | undefined {
  const { stream_params: params } = payload;
  return typeof params === 'object' && params !== null ? text((params as { stream_url?: unknown }).stream_url) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
