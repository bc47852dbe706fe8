/** By age, or because a person is to be forgotten: in the storage and at the carrier. */
import { heartbeat } from '@temporalio/activity';
import type { RecordingRow } from '../../store/store';
import { carrierFor } from '../call/load-call';
import type { ActivityContext } from '../context';
import { openRecordingStorage, recordingKey, removeStored } from './storage';

const DAY_MS = 86_400_000;
const BATCH = 50;
const DEADLINE_MS = 20_000;

/** @returns how many recordings are gone. One that cannot be deleted now keeps its row and is tried again by the next run. */
export async function removeRecordings(ctx: ActivityContext, tenantId: string): Promise<number> {
  const { clock, config, log, store } = ctx;
  const days = config.PATTER_RECORDING_DAYS ?? config.PATTER_RETENTION_DAYS;
  if (days !== undefined) {
    const now = new Date(clock.now());
    const createdBefore = new Date(clock.now() - days * DAY_MS);
    while ((await store.recordings.requestRemoval({ tenantId, createdBefore, now, limit: BATCH })) === BATCH) heartbeat();
  }
  let removed = 0;
  const failed = new Set<string>();
  for (;;) {
    const rows = (await store.recordings.toRemove(tenantId, BATCH + failed.size)).filter(({ callId }) => !failed.has(callId));
    if (rows.length === 0) return removed;
    for (const row of rows) {
      try {
        await removeOne(ctx, row);
        removed++;
      } catch (error) {
        failed.add(row.callId);
        log.error({ err: error, callId: row.callId }, 'a recording could not be deleted; it is tried again');
      }
      heartbeat(removed);
    }
  }
}

async function removeOne(ctx: ActivityContext, row: RecordingRow): Promise<void> {
  const { recordings } = await carrierFor(ctx, row.tenantId, row.carrier);
  const atCarrier = row.carrierCallId === '' ? [] : await recordings.list(row.carrierCallId);
  // A file that was stored by a process that died before it could say so is of one of these too.
  const ids = new Set([...row.files, ...atCarrier].map(({ recordingId }) => recordingId));
  for (const { location } of row.files) if (location) await removeStored(location, AbortSignal.timeout(DEADLINE_MS));
  if (ids.size > 0) {
    const storage = openRecordingStorage(ctx.config);
    for (const id of ids) {
      await storage.remove(recordingKey(row.callId, id), AbortSignal.timeout(DEADLINE_MS));
      await recordings.remove(id);
    }
  }
  await ctx.store.recordings.markRemoved(row.callId, new Date(ctx.clock.now()));
}
