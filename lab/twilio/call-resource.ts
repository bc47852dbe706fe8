/** The JSON of Twilio's Call resource and of its list. */
import type { Call } from './call';
import { rfc2822 } from './rfc2822';

const API_VERSION = '2010-04-01';
/** The real one allows 1,000 a page and gives 50 unless told. */
const MAX_PAGE_SIZE = 1000;
const DEFAULT_PAGE_SIZE = 50;

export function callResource(call: Call): Record<string, unknown> {
  const { network, params, state } = call;
  const base = `/${API_VERSION}/Accounts/${network.accountSid}/Calls/${call.sid}`;
  const date = (at: number | undefined) => (at === undefined ? null : rfc2822(at));
  return {
    sid: call.sid,
    account_sid: network.accountSid,
    parent_call_sid: params.parent?.sid ?? null,
    date_created: date(call.createdAt),
    date_updated: date(call.updatedAt),
    to: params.to,
    to_formatted: params.to,
    from: params.from,
    from_formatted: params.from,
    phone_number_sid: null,
    status: call.status,
    // Empty until the call has left the queue.
    start_time: date(state.kind === 'in-progress' || state.kind === 'ended' ? (state.answeredAt ?? call.startedAt) : call.startedAt),
    end_time: state.kind === 'ended' ? date(state.at) : null,
    duration: call.durationS === undefined ? null : String(call.durationS),
    price: price(call),
    price_unit: network.lab.faults.take('price_foreign', { to: params.to }) ? 'EUR' : 'USD',
    direction: params.direction,
    answered_by: call.answeredBy ?? null,
    api_version: API_VERSION,
    annotation: null,
    forwarded_from: null,
    group_sid: null,
    caller_name: null,
    queue_time: String(call.queueTimeMs),
    trunk_sid: null,
    uri: `${base}.json`,
    subresource_uris: { events: `${base}/Events.json`, recordings: `${base}/Recordings.json` },
  };
}

export interface CallFilter {
  To?: string;
  From?: string;
  ParentCallSid?: string;
  Status?: string;
  StartTime?: string;
  'StartTime>'?: string;
  'StartTime<'?: string;
  'EndTime>'?: string;
  'EndTime<'?: string;
  PageSize?: string;
  Page?: string;
  PageToken?: string;
}

/** Newest first. A call that waits in the queue has no start time, and so no filter on it finds that call. */
export function listCalls(calls: Iterable<Call>, filter: CallFilter, path: string): Record<string, unknown> {
  const matching = [...calls].reverse().filter((call) => matches(call, filter));
  const size = Math.min(MAX_PAGE_SIZE, Math.max(1, Number(filter.PageSize ?? DEFAULT_PAGE_SIZE)));
  const page = Math.max(0, Number(filter.Page ?? 0));
  // The token is the last call of the page before: new calls do not shift what follows.
  const token = filter.PageToken?.replace(/^PA/, '');
  const start = token === undefined ? page * size : matching.findIndex((call) => call.sid === token) + 1;
  const selected = matching.slice(start, start + size);
  const uri = (more: Record<string, string>) => {
    const { PageToken: _token, Page: _page, ...rest } = filter;
    return `${path}?${new URLSearchParams({ ...(rest as Record<string, string>), PageSize: String(size), ...more })}`;
  };
  const more = start + size < matching.length;
  return {
    calls: selected.map(callResource),
    page,
    page_size: size,
    start,
    end: Math.max(start, start + selected.length - 1),
    uri: uri({ Page: String(page) }),
    first_page_uri: uri({ Page: '0' }),
    next_page_uri: more ? uri({ Page: String(page + 1), PageToken: `PA${selected.at(-1)?.sid}` }) : null,
    previous_page_uri: page > 0 ? uri({ Page: String(page - 1) }) : null,
  };
}

function matches(call: Call, filter: CallFilter): boolean {
  const { params, state } = call;
  const endedAt = state.kind === 'ended' ? state.at : undefined;
  return (
    (filter.To === undefined || params.to === filter.To) &&
    (filter.From === undefined || params.from === filter.From) &&
    (filter.ParentCallSid === undefined || params.parent?.sid === filter.ParentCallSid) &&
    (filter.Status === undefined || call.status === filter.Status) &&
    within(call.startedAt, filter['StartTime>'], filter['StartTime<'], filter.StartTime) &&
    within(endedAt, filter['EndTime>'], filter['EndTime<'], undefined)
  );
}

/** Both ends belong to it; `onDay` is a date in UTC. The resolution is a second, as in the resource. */
function within(at: number | undefined, from: string | undefined, to: string | undefined, onDay: string | undefined): boolean {
  if (from === undefined && to === undefined && onDay === undefined) return true;
  if (at === undefined) return false;
  const second = Math.floor(at / 1000) * 1000;
  return (
    (from === undefined || second >= Date.parse(from)) &&
    (to === undefined || second <= Date.parse(to)) &&
    (onDay === undefined || new Date(at).toISOString().slice(0, 10) === onDay.slice(0, 10))
  );
}

/** Negative, as Twilio writes what the customer pays; null until the end and for a call that cost nothing. */
function price(call: Call): string | null {
  const seconds = call.durationS;
  if (!seconds || call.network.lab.faults.take('price_late', { to: call.params.to })) return null;
  return (-Math.ceil(seconds / 60) * call.network.scenario.network.pricePerMinute).toFixed(5);
}
