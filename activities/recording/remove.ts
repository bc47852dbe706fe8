/** By age, or because a person is to be forgotten: in the storage and at the carrier. */
import { heartbeat } from '@temporalio/activity';
import { recordingState } from '../../contracts/recording';
import type { RecordingRow } from '../../store/store';
import { carrierFor } from '../call/load-call';
import type { ActivityContext } from '../context';
import { openRecordingStorage, recordingKey, removeStored } from './storage';

const DAY_MS = 86_400_000;
const BATCH = 50;
const DEADLINE_MS = 20_000;
/** Carriers have a file within minutes. Until then Telnyx lists nothing of a recording, though it makes one. */
const FILE_MAY_COME_MS = 3_600_000;

/** @returns how many recordings are gone. One that cannot be deleted now, or yet, keeps its row and is tried again by the next run. */
export async function removeRecordings(ctx: ActivityContext, tenantId: string): Promise<number> {
  const { clock, config, log, store } = ctx;
  const days = config.PATTER_RECORDING_DAYS ?? config.PATTER_RETENTION_DAYS;
  if (days !== undefined) {
    const now = new Date(clock.now());
    const createdBefore = new Date(clock.now() - days * DAY_MS);
    while ((await store.recordings.requestRemoval({ tenantId, createdBefore, now, limit: BATCH })) === BATCH) heartbeat();
  }
  let removed = 0;
  const left = new Set<string>();
  for (;;) {
    const rows = (await store.recordings.toRemove(tenantId, BATCH + left.size)).filter(({ callId }) => !left.has(callId));
    if (rows.length === 0) return removed;
    for (const row of rows) {
      try {
        if (await removeOne(ctx, row)) removed++;
        else left.add(row.callId);
      } catch (error) {
        left.add(row.callId);
        log.error({ err: error, callId: row.callId }, 'a recording could not be deleted; it is tried again');
      }
      heartbeat(removed);
    }
  }
}

/** @returns false where the carrier may still come up with a file: whoever forgot the call now would leave it there for ever */
async function removeOne(ctx: ActivityContext, row: RecordingRow): Promise<boolean> {
  const { recordings } = await carrierFor(ctx, row.tenantId, row.carrier);
  const atCarrier = row.carrierCallId === '' ? [] : await recordings.list(row.carrierCallId);
  // A file that was stored by a process that died before it could say so is of one of these too.
  const ids = new Set([...row.files, ...atCarrier].map(({ recordingId }) => recordingId));
  if (ids.size === 0 && mayStillCome(row, ctx.clock.now())) return false;
  for (const { location } of row.files) if (location) await removeStored(location, AbortSignal.timeout(DEADLINE_MS));
  if (ids.size > 0) {
    const storage = openRecordingStorage(ctx.config);
    for (const id of ids) {
      await storage.remove(recordingKey(row.callId, id), AbortSignal.timeout(DEADLINE_MS));
      await recordings.remove(id);
    }
  }
  await ctx.store.recordings.markRemoved(row.callId, new Date(ctx.clock.now()));
  return true;
}

function mayStillCome({ carrierCallId, removalRequestedAt, track }: RecordingRow, now: number): boolean {
  const sinceMs = now - (removalRequestedAt?.getTime() ?? 0);
  return carrierCallId !== '' && recordingState(track) !== 'failed' && sinceMs < FILE_MAY_COME_MS;
}
