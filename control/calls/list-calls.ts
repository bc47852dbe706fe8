import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { CampaignKind } from '../../store/schema';
import type { ControlContext } from '../context';
import { lookAt } from './get-call';
import { LiveCallReader } from './live-call';
import type { CallSnapshot } from './snapshot';

export interface ListCallsQuery {
  tenantId?: string;
  /** Default: every kind. */
  kind?: CampaignKind;
  /** 1 to 200, default 50. */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string;
}

export interface CallPage {
  /** Newest first. */
  calls: CallSnapshot[];
  /** Absent on the last page. */
  next?: string;
}

/** Calls that got as far as the gate; those under way as they stand now. @throws PatterError PATTER_REQUEST_INVALID */
export async function listCalls(ctx: ControlContext, query: ListCallsQuery = {}): Promise<CallPage> {
  const { cursor, kind, limit = 50, tenantId = DEFAULT_TENANT } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > 200) throw new PatterError('PATTER_REQUEST_INVALID', 'limit: 1 to 200');
  const before = cursor === undefined ? undefined : placeOf(cursor);
  const rows = await ctx.store.attempts.recent({ tenantId, kind, before, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const calls = await Promise.all(page.map((row) => lookAt(row.attempt.callId, row, new LiveCallReader(ctx, row.attempt.callId))));
  const last = page.at(-1);
  return { calls, ...(rows.length > limit && last ? { next: `${last.attempt.createdAt.getTime()}.${last.attempt.callId}` } : {}) };
}

function placeOf(cursor: string): { createdAt: Date; callId: string } {
  const [, at, callId] = /^(\d{1,15})\.(call_[0-9a-z_]+)$/.exec(cursor) ?? [];
  if (at === undefined || callId === undefined)
    throw new PatterError('PATTER_REQUEST_INVALID', 'cursor: as a page before gave it in `next`');
  return { createdAt: new Date(Number(at)), callId };
}
