/** What the page asks of its server, all below /dashboard/api and with the browser's own cookie. */
import type { CallSnapshot } from '../../control/calls/snapshot';

export type Call = CallSnapshot;
export type Turn = Call['turns'][number];

export interface CallPage {
  calls: Call[];
  next?: string;
}

export interface Summary {
  calls: number;
  live: number;
  answered: number;
  talkMs: number;
  costUsd: number;
  /** With a cookie: there is something to sign out of. */
  signedIn: boolean;
}

const DEADLINE_MS = 15_000;

async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(`/dashboard/api/${path}`, { signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]) });
  // The session is over: the server shows what to do.
  if (response.status === 401) location.reload();
  if (response.ok) return (await response.json()) as T;
  const { message } = (await response.json().catch(() => ({}))) as { message?: string };
  throw new Error(message ?? `The server answered ${response.status}.`);
}

export const api = {
  summary: (hours: number, signal: AbortSignal) => get<Summary>(`summary?hours=${hours}`, signal),
  calls: (cursor: string | undefined, signal: AbortSignal) =>
    get<CallPage>(`calls?limit=50${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, signal),
  call: (id: string, signal: AbortSignal) => get<Call>(`calls/${encodeURIComponent(id)}`, signal),
  events: (id: string) => new EventSource(`/dashboard/api/calls/${encodeURIComponent(id)}/events`),
  exportUrl: (format: 'csv' | 'json', hours: number) => `/dashboard/api/export?format=${format}&hours=${hours}`,
  callUrl: (id: string) => `/dashboard/api/calls/${encodeURIComponent(id)}`,
};
