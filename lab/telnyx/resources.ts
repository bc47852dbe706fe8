/** Telnyx' JSON of calls, numbers, connections and applications, and its pages. */
import type Telnyx from 'telnyx';
import type { Leg } from './leg';
import type { Application, OwnedNumber, TelnyxNetwork } from './network';

export function callResource(leg: Leg): Telnyx.CallRetrieveStatusResponse.Data {
  const { state } = leg;
  return {
    record_type: 'call',
    call_control_id: leg.callControlId,
    call_leg_id: leg.callLegId,
    call_session_id: leg.callSessionId,
    is_alive: state.kind !== 'ended',
    client_state: leg.clientState,
    call_duration: leg.durationS,
    start_time: new Date(leg.startedAt).toISOString(),
    end_time: state.kind === 'ended' ? new Date(state.at).toISOString() : undefined,
  };
}

/** Names no number: whoever looks for a call knows it by its client state. */
export function activeCall(leg: Leg): Telnyx.ConnectionListActiveCallsResponse {
  return {
    record_type: 'call',
    call_control_id: leg.callControlId,
    call_leg_id: leg.callLegId,
    call_session_id: leg.callSessionId,
    client_state: leg.clientState ?? '',
    call_duration: leg.durationS,
  };
}

export function connectionResource(application: Application): Telnyx.Connection {
  const { id, active, application_name: name, created_at: created, updated_at: updated } = application;
  return {
    id,
    record_type: 'call_control_connection',
    active,
    connection_name: name,
    webhook_event_url: application.webhook_event_url,
    webhook_event_failover_url: application.webhook_event_failover_url,
    webhook_api_version: '2',
    created_at: created,
    updated_at: updated,
  };
}

export function numberResource(network: TelnyxNetwork, owned: OwnedNumber): Telnyx.NumbersPhoneNumberDetailed {
  const application = owned.connectionId === null ? undefined : network.application(owned.connectionId);
  const at = '2026-01-01T00:00:00.000Z';
  return {
    id: owned.id,
    record_type: 'phone_number',
    phone_number: owned.number,
    phone_number_type: 'local',
    country_iso_alpha2: 'US',
    status: 'active',
    connection_id: owned.connectionId,
    connection_name: application?.application_name ?? null,
    external_pin: null,
    deletion_lock_enabled: false,
    tags: [],
    created_at: at,
    purchased_at: at,
  };
}

export interface PageQuery {
  'page[number]'?: string;
  'page[size]'?: string;
}

/** The one with `page[number]`, of `page[size]` (20 unless told). */
export function pageOf<T>(items: readonly T[], query: PageQuery): { data: T[]; meta: Record<string, number> } {
  const size = Math.min(250, Math.max(1, Number(query['page[size]'] ?? 20)));
  const page = Math.max(1, Number(query['page[number]'] ?? 1));
  return {
    data: items.slice((page - 1) * size, page * size),
    meta: { page_number: page, page_size: size, total_pages: Math.ceil(items.length / size), total_results: items.length },
  };
}
