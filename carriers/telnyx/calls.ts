/** Telnyx' calls as `CarrierCall`s: its list of active calls, its record of one call, and its log of events for those that are over. */
import type Telnyx from 'telnyx';
import type { CallEventListParams } from 'telnyx/resources/call-events';
import type { CallRetrieveStatusResponse } from 'telnyx/resources/calls/calls';
import { type Carrier, type CarrierCall, isTerminalCarrierStatus } from '../../contracts/carrier';
import { type ClientState, decodeClientState } from './client-state';
import { isOver, readError } from './outcome';
import { endOf } from './status';
import { amdOf } from './webhooks';

/** More matches than any reconciliation has use for. */
const LIST_LIMIT = 200;
const PAGE_SIZE = 100;

type Filter = Parameters<Carrier['listCalls']>[0];

export class TelnyxCalls {
  constructor(
    private readonly client: Telnyx,
    private readonly connectionId: string,
  ) {}

  async fetch(carrierCallId: string): Promise<CarrierCall | undefined> {
    let data: CallRetrieveStatusResponse.Data | undefined;
    try {
      data = (await this.client.calls.retrieveStatus(carrierCallId)).data;
    } catch (error) {
      if (isOver(error)) return undefined;
      throw readError(error);
    }
    if (!data) return undefined;
    const call = fromRecord(data);
    if (!isTerminalCarrierStatus(call.status)) return call;
    // The record does not say how it ended; the log does. Without the log the record has to do.
    const logged = await this.logged({ leg_id: data.call_leg_id }).catch(() => []);
    const end = logged.find((one) => one.carrierCallId === carrierCallId);
    const told = { ...call, ...defined('amd', end?.amd) };
    return end && isTerminalCarrierStatus(end.status) ? { ...told, status: end.status, ...defined('sipCode', end.sipCode) } : told;
  }

  /**
   * Active calls are known by what we wrote on them. Those that have ended meanwhile are only in the log of events, which Telnyx filters by number
   * and time. Telnyx has no queue: nothing is ever queued.
   */
  async list({ to, from, parentCallId, status, startedAfter }: Filter): Promise<CarrierCall[]> {
    if (status === 'queued') return [];
    const calls = new Map<string, CarrierCall>();
    try {
      if (to !== undefined || from !== undefined || parentCallId !== undefined) {
        const gte = startedAfter === undefined ? undefined : new Date(startedAfter).toISOString();
        for (const call of await this.logged({ ...defined('to', to), ...defined('from', from), ...(gte && { occurred_at: { gte } }) })) {
          calls.set(call.carrierCallId, call);
        }
      }
      let seen = 0;
      for await (const active of this.client.connections.listActiveCalls(this.connectionId, { 'page[size]': PAGE_SIZE })) {
        if (++seen > LIST_LIMIT * 10) break;
        const known = calls.get(active.call_control_id);
        const call = fromState(active.call_control_id, decodeClientState(active.client_state), active.call_duration);
        if (!known || !isTerminalCarrierStatus(known.status)) calls.set(active.call_control_id, { ...call, ...known });
      }
    } catch (error) {
      throw readError(error);
    }
    return [...calls.values()]
      .filter(
        (call) =>
          (to === undefined || call.to === to) &&
          (from === undefined || call.from === from) &&
          (parentCallId === undefined || call.parentCallId === parentCallId) &&
          (status === undefined || call.status === status) &&
          (startedAfter === undefined || (call.startedAt ?? Number.POSITIVE_INFINITY) >= Math.floor(startedAfter / 1_000) * 1_000),
      )
      .sort((a, b) => (b.startedAt ?? Number.POSITIVE_INFINITY) - (a.startedAt ?? Number.POSITIVE_INFINITY))
      .slice(0, LIST_LIMIT);
  }

  /** Calls as the webhooks of Telnyx' own log tell them. Entries without a call of ours in them are passed over. */
  private async logged(filter: NonNullable<CallEventListParams['filter']>): Promise<CarrierCall[]> {
    const calls = new Map<string, CarrierCall>();
    let seen = 0;
    for await (const entry of this.client.callEvents.list({
      filter: { ...filter, type: 'webhook', product: 'call_control' },
      'page[size]': PAGE_SIZE,
    })) {
      if (++seen > LIST_LIMIT * 10) break;
      const payload = payloadOf(entry.metadata);
      const carrierCallId = typeof payload?.call_control_id === 'string' ? payload.call_control_id : undefined;
      if (!payload || !carrierCallId) continue;
      const at = Date.parse(entry.event_timestamp);
      const before = calls.get(carrierCallId) ?? fromState(carrierCallId, decodeClientState(payload.client_state), 0);
      const call: CarrierCall = { ...before, to: before.to || String(payload.to ?? ''), from: before.from || String(payload.from ?? '') };
      calls.set(carrierCallId, progressed(call, entry.name, payload, Number.isNaN(at) ? undefined : at));
    }
    return [...calls.values()];
  }
}

/** The order of the log is not promised: an end stands, and an answer is no ringing any more. */
function progressed(call: CarrierCall, event: string, payload: Record<string, unknown>, at: number | undefined): CarrierCall {
  const ended = isTerminalCarrierStatus(call.status);
  switch (event) {
    case 'call.initiated':
      return { ...call, ...defined('startedAt', at) };
    case 'call.answered':
      return ended ? call : { ...call, status: 'in_progress' };
    case 'call.hangup': {
      const { status, sipCode } = endOf(payload);
      return { ...call, status, ...defined('sipCode', sipCode), ...defined('endedAt', at) };
    }
    default: {
      const amd = amdOf(event, payload);
      // The end of a greeting says more than the verdict before it.
      return amd && !call.amd?.messageEnd ? { ...call, amd } : call;
    }
  }
}

/** The raw event is somewhere in the metadata: as itself, as its payload, or in Telnyx' envelope. */
export function payloadOf(metadata: unknown, depth = 0): Record<string, unknown> | undefined {
  if (typeof metadata !== 'object' || metadata === null || depth > 4) return undefined;
  const object = metadata as Record<string, unknown>;
  if (typeof object.call_control_id === 'string') return object;
  for (const name of ['payload', 'data', 'raw_event', 'event', 'body']) {
    const found = payloadOf(object[name], depth + 1);
    if (found) return found;
  }
  return undefined;
}

function fromState(carrierCallId: string, state: ClientState | undefined, durationS: number | undefined): CarrierCall {
  return {
    carrierCallId,
    // Telnyx counts from the answer; a call that it only dials has no duration yet.
    status: durationS ? 'in_progress' : 'ringing',
    to: state?.t ?? '',
    from: state?.f ?? '',
    ...defined('callId', state?.c),
    ...defined('parentCallId', state?.p),
  };
}

/** A call that has only just been asked for is not alive yet, and has no end. */
function fromRecord(data: CallRetrieveStatusResponse.Data): CarrierCall {
  const call = fromState(data.call_control_id, decodeClientState(data.client_state), data.call_duration);
  const startedAt = epochMs(data.start_time);
  const endedAt = epochMs(data.end_time);
  const over = !data.is_alive && endedAt !== undefined;
  const status = over ? (data.call_duration ? 'completed' : 'no_answer') : data.is_alive ? call.status : 'queued';
  return {
    ...call,
    status,
    ...defined('startedAt', startedAt),
    ...defined('endedAt', endedAt),
    ...(over ? defined('durationS', data.call_duration) : {}),
  };
}

function epochMs(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
