import type { TranscriptTurn } from '../../contracts/call';
import { sleep } from '../../contracts/clock';
import { isPatterError, PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { ControlContext } from '../context';
import { lookAt, noSuchCall, rowsOfCall } from './get-call';
import { LiveCallReader } from './live-call';
import type { CallSnapshot } from './snapshot';

/** One look at a call that found it changed. */
export interface CallChange {
  snapshot: CallSnapshot;
  /** The first change always. */
  statusChanged: boolean;
  /** From this index on, turns are new, or are known better than before. */
  turnsFrom: number;
}

export interface WatchOptions {
  tenantId?: string;
  signal?: AbortSignal;
  /** Milliseconds between two looks, or what tells them before each. */
  intervalMs?: number | (() => number);
}

const INTERVAL_MS = 500;
/** A database that is being restarted is waited for. */
const PATIENCE_MS = 60_000;

/**
 * A call from now on until its outcome, read from the store and from Temporal: it needs neither the process that placed the call nor any connection to
 * survive, and goes on over restarts of all of them. The last change has the status `ended`; ends early when `signal` is aborted.
 * @throws PatterError PATTER_CALL_NOT_FOUND
 */
export async function* watchCall(ctx: ControlContext, callId: string, options: WatchOptions = {}): AsyncGenerator<CallChange> {
  const { intervalMs = INTERVAL_MS, signal, tenantId = DEFAULT_TENANT } = options;
  const reader = new LiveCallReader(ctx, callId);
  let last: CallSnapshot | undefined;
  let failingSince: number | undefined;
  while (!signal?.aborted) {
    try {
      const rows = await rowsOfCall(ctx, callId, tenantId);
      if (!rows) throw noSuchCall(callId);
      const snapshot = await lookAt(callId, rows, reader);
      failingSince = undefined;
      const change = changeOf(last, snapshot);
      last = snapshot;
      if (change) yield change;
      if (snapshot.status === 'ended') return;
    } catch (error) {
      const now = ctx.clock.monotonic();
      failingSince ??= now;
      if (isPatterError(error, 'PATTER_CALL_NOT_FOUND') || now - failingSince > PATIENCE_MS) throw error;
      ctx.log.debug({ callId, err: error }, 'a call could not be looked at; it is tried again');
    }
    await sleep(ctx.clock, typeof intervalMs === 'function' ? intervalMs() : intervalMs, signal).catch(() => undefined);
  }
}

/**
 * The call as it ended.
 * @throws PatterError PATTER_CALL_NOT_FOUND; PATTER_RESULT_TIMEOUT after `timeoutMs`: the call goes on
 */
export async function callResult(
  ctx: ControlContext,
  callId: string,
  options: { tenantId?: string; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<CallSnapshot> {
  const { timeoutMs, tenantId } = options;
  const over = new AbortController();
  const signal = options.signal ? AbortSignal.any([over.signal, options.signal]) : over.signal;
  const cancel = timeoutMs === undefined ? () => undefined : ctx.clock.after(timeoutMs, () => over.abort());
  try {
    for await (const { snapshot } of watchCall(ctx, callId, { tenantId, signal })) if (snapshot.status === 'ended') return snapshot;
  } finally {
    cancel();
  }
  throw new PatterError('PATTER_RESULT_TIMEOUT', 'The call has not ended yet; it goes on.', { details: { callId, timeoutMs } });
}

function changeOf(last: CallSnapshot | undefined, now: CallSnapshot): CallChange | undefined {
  if (!last) return { snapshot: now, statusChanged: true, turnsFrom: 0 };
  const same = now.turns.findIndex((turn, index) => !isSame(turn, last.turns[index]));
  const turnsFrom = same === -1 ? now.turns.length : same;
  const statusChanged = now.status !== last.status;
  const changed = statusChanged || turnsFrom < now.turns.length || now.answeredBy !== last.answeredBy;
  return changed ? { snapshot: now, statusChanged, turnsFrom } : undefined;
}

function isSame(a: TranscriptTurn, b: TranscriptTurn | undefined): boolean {
  return b !== undefined && a.role === b.role && a.text === b.text && a.at === b.at;
}
