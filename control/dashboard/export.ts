/** The calls of a span of time as one file, written as they are read. */

import { listCalls } from '../calls/list-calls';
import type { CallSnapshot } from '../calls/snapshot';
import type { ControlContext } from '../context';

const PAGE = 200;

type Column = readonly [name: string, of: (call: CallSnapshot) => string | number | null];
const COLUMNS: readonly Column[] = [
  ['call_id', (call) => call.callId],
  ['direction', (call) => call.direction],
  ['status', (call) => call.status],
  ['outcome', (call) => call.outcome],
  ['reason', (call) => call.reason],
  ['from', (call) => call.from],
  ['to', (call) => call.to],
  ['carrier', (call) => call.carrier],
  ['answered_by', (call) => call.answeredBy],
  ['created_at', (call) => call.createdAt],
  ['answered_at', (call) => call.answeredAt],
  ['ended_at', (call) => call.endedAt],
  ['duration_s', (call) => (call.durationMs === null ? null : call.durationMs / 1_000)],
  ['cost_usd', (call) => call.costUsd],
  ['cost_estimated', (call) => String(call.costEstimated)],
  ['turns', (call) => call.turns.length],
  ['summary', (call) => call.summary],
  ['transcript', (call) => call.turns.map(({ role, text }) => `${role}: ${text}`).join('\n')],
];

async function* callsSince(ctx: ControlContext, tenantId: string, since: Date): AsyncGenerator<CallSnapshot> {
  for (let cursor: string | undefined; ; ) {
    const page = await listCalls(ctx, { tenantId, limit: PAGE, cursor });
    for (const call of page.calls) {
      if (new Date(call.createdAt) < since) return;
      yield call;
    }
    if (page.next === undefined) return;
    cursor = page.next;
  }
}

export async function* callsAsJson(ctx: ControlContext, tenantId: string, since: Date): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const call of callsSince(ctx, tenantId, since)) {
    yield separator + JSON.stringify(call);
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

/** RFC 4180, with a byte-order mark: spreadsheets take a file without one for something else than UTF-8. */
export async function* callsAsCsv(ctx: ControlContext, tenantId: string, since: Date): AsyncGenerator<string> {
  yield `\uFEFF${COLUMNS.map(([name]) => name).join(',')}\r\n`;
  for await (const call of callsSince(ctx, tenantId, since)) yield `${COLUMNS.map(([, of]) => csvCell(of(call))).join(',')}\r\n`;
}

/** What a caller says must not become a formula of whoever opens the file; a phone number is none. */
export function csvCell(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  const harmless = typeof value === 'number' || /^\+\d+$/.test(text) || !/^[=+\-@\t\r]/.test(text);
  const safe = harmless ? text : `'${text}`;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
