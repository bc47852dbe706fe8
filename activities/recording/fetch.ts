import { ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { ErrorCode } from '../../contracts/errors';
import type { RecordingActivities, RecordingFile } from '../../contracts/recording';
import { carrierFor } from '../call/load-call';
import type { ActivityContext } from '../context';
import { openRecordingStorage, recordingKey } from './storage';

/** A download that gives no byte for so long is begun anew. */
const STALLED_MS = 30_000;
/** Below the activity's own, so that what is half done is cleaned up. */
const DEADLINE_MS = 29 * 60_000;
const BEAT_EVERY_MS = 5_000;

/** The key is the same at every try, and what is in the record is done: a process may die anywhere in here. */
export function createFetchRecording(ctx: ActivityContext): RecordingActivities['fetchRecording'] {
  return async ({ callId, recordingId }) => {
    const { store, clock, config } = ctx;
    const row = await store.recordings.get(callId);
    const known = row?.files.find((file) => file.recordingId === recordingId);
    if (!row || row.removalRequestedAt !== null || known?.state === 'stored') return;
    const storage = openRecordingStorage(config);
    const key = recordingKey(callId, recordingId);
    const stalled = new AbortController();
    const signal = AbortSignal.any([cancellationSignal(), stalled.signal, AbortSignal.timeout(DEADLINE_MS)]);
    let cancelStall = () => {};
    const alive = () => {
      cancelStall();
      cancelStall = clock.after(STALLED_MS, () => stalled.abort(new Error(`no progress for ${STALLED_MS} ms`)));
    };
    // Also while the file goes on to the storage, which tells nothing of its progress.
    let bytesSoFar = 0;
    let cancelBeat = () => {};
    const beat = () => {
      heartbeat(bytesSoFar);
      cancelBeat = clock.after(BEAT_EVERY_MS, beat);
    };
    try {
      beat();
      alive();
      const { body, contentType } = await (await carrierFor(ctx, row.tenantId, row.carrier)).recordings.download(recordingId, signal);
      const stored = await storage.put(key, body, {
        contentType,
        signal,
        progressed: (bytes) => {
          bytesSoFar = bytes;
          alive();
        },
        received: () => cancelStall(),
      });
      const { location, sha256, bytes } = stored;
      const done = { state: 'stored', location, sha256, bytes, contentType, storedAt: clock.now() } as const;
      const files = await store.recordings.updateFile(
        callId,
        recordingId,
        (file): RecordingFile => ({ ...file, recordingId, ...done, reason: undefined }),
      );
      // Erased meanwhile: what came after it must not stay.
      if (!files) await storage.remove(key, cancellationSignal());
    } finally {
      cancelStall();
      cancelBeat();
    }
  };
}

export function createRemoveAtCarrier(ctx: ActivityContext): RecordingActivities['removeAtCarrier'] {
  return async ({ callId, recordingId }) => {
    const row = await ctx.store.recordings.get(callId);
    const file = row?.files.find((candidate) => candidate.recordingId === recordingId);
    if (!row || !file) return;
    // The carrier's would be the only one.
    if (file.state !== 'stored') throw ApplicationFailure.nonRetryable('it is not stored', 'PATTER_CALL_NOT_FOUND' satisfies ErrorCode);
    if (file.removedAtCarrier) return;
    await (await carrierFor(ctx, row.tenantId, row.carrier)).recordings.remove(recordingId);
    await ctx.store.recordings.updateFile(callId, recordingId, (known) => ({ ...file, ...known, removedAtCarrier: true }));
  };
}

export function createGiveRecordingUp(ctx: ActivityContext): RecordingActivities['giveRecordingUp'] {
  return async ({ callId, recordingId, reason }) => {
    const row = await ctx.store.recordings.get(callId);
    const ids = recordingId === undefined ? (row?.files.map((file) => file.recordingId) ?? []) : [recordingId];
    for (const id of ids) {
      await ctx.store.recordings.updateFile(callId, id, (known) => {
        if (known && known.state !== 'waiting') return known;
        return { ...known, recordingId: id, state: 'failed', reason };
      });
    }
    ctx.log.error({ callId, recordingId, reason }, 'a recording was given up');
  };
}
