import { and, asc, eq, inArray, isNotNull, isNull, lt } from 'drizzle-orm';
import type { CarrierName } from '../contracts/carrier';
import { PatterError } from '../contracts/errors';
import type { RecordingFile, RecordingTrack } from '../contracts/recording';
import type { Database, Db } from './database';
import type { RecordingRow } from './rows';
import { keyPresses, recordings } from './schema';

export interface RecordingStore {
  /** Inserts the row, or extends the track of the one that is there. */
  begin(row: {
    tenantId: string;
    callId: string;
    carrier: CarrierName;
    carrierCallId: string;
    track: RecordingTrack;
    now: Date;
  }): Promise<RecordingRow>;
  /** Nothing happens where the call has no row, or a longer track. */
  extendTrack(callId: string, track: RecordingTrack): Promise<void>;
  get(callId: string): Promise<RecordingRow | undefined>;
  byCalls(callIds: readonly string[]): Promise<RecordingRow[]>;
  /**
   * Under a lock. `change` gets the file as it stands, and returns what it is now; the same object changes nothing.
   * @returns all files; undefined, without a change, when the recording is to be removed
   */
  updateFile(
    callId: string,
    recordingId: string,
    change: (known: RecordingFile | undefined) => RecordingFile,
  ): Promise<RecordingFile[] | undefined>;
  /** Of recordings older than a moment. Returns how many. */
  requestRemoval(request: { tenantId: string; createdBefore: Date; now: Date; limit: number }): Promise<number>;
  /** Those whose files are still to be deleted, oldest request first. */
  toRemove(tenantId: string, limit: number): Promise<RecordingRow[]>;
  markRemoved(callId: string, now: Date): Promise<void>;
  /** False when these keys have been asked for before. */
  firstPress(press: { tenantId: string; callId: string; requestId: string; now: Date }): Promise<boolean>;
}

export function recordingStore(database: Database): RecordingStore {
  const is = (callId: string) => eq(recordings.callId, callId);
  return {
    begin: ({ now, ...row }) =>
      database.transact(async (db) => {
        await db
          .insert(recordings)
          .values({ ...row, createdAt: now })
          .onConflictDoNothing();
        await extend(db, row.callId, row.track);
        const [standing] = await db.select().from(recordings).where(is(row.callId));
        return standing as RecordingRow;
      }),

    async extendTrack(callId, track) {
      await database.transact((db) => extend(db, callId, track));
    },

    async get(callId) {
      const [row] = await database.run((db) => db.select().from(recordings).where(is(callId)));
      return row;
    },

    async byCalls(callIds) {
      if (callIds.length === 0) return [];
      return database.run((db) =>
        db
          .select()
          .from(recordings)
          .where(inArray(recordings.callId, [...callIds])),
      );
    },

    updateFile: (callId, recordingId, change) =>
      database.transact(async (db) => {
        const [row] = await db.select().from(recordings).where(is(callId)).for('update');
        if (!row) throw new PatterError('PATTER_CALL_NOT_FOUND', `Call ${callId} was not recorded.`);
        // Whoever is to be forgotten gets no new file.
        if (row.removalRequestedAt !== null) return undefined;
        const known = row.files.find((file) => file.recordingId === recordingId);
        const next = change(known);
        if (next === known) return row.files;
        const files: RecordingFile[] = known ? row.files.map((file) => (file === known ? next : file)) : [...row.files, next];
        await db.update(recordings).set({ files }).where(is(callId));
        return files;
      }),

    async requestRemoval({ tenantId, createdBefore, now, limit }) {
      return database.transact(async (db) => {
        const old = await db
          .select({ callId: recordings.callId })
          .from(recordings)
          .where(and(eq(recordings.tenantId, tenantId), isNull(recordings.removalRequestedAt), lt(recordings.createdAt, createdBefore)))
          .orderBy(asc(recordings.createdAt))
          .limit(limit)
          .for('update', { skipLocked: true });
        if (old.length === 0) return 0;
        const ids = old.map(({ callId }) => callId);
        await db.update(recordings).set({ removalRequestedAt: now }).where(inArray(recordings.callId, ids));
        return old.length;
      });
    },

    toRemove: (tenantId, limit) =>
      database.run((db) =>
        db
          .select()
          .from(recordings)
          .where(and(eq(recordings.tenantId, tenantId), isNotNull(recordings.removalRequestedAt), isNull(recordings.removedAt)))
          .orderBy(asc(recordings.removalRequestedAt))
          .limit(limit),
      ),

    async markRemoved(callId, now) {
      await database.run((db) => db.update(recordings).set({ removedAt: now, files: [], carrierCallId: '' }).where(is(callId)));
    },

    async firstPress({ now, ...row }) {
      const inserted = await database.run((db) =>
        db
          .insert(keyPresses)
          .values({ ...row, requestedAt: now })
          .onConflictDoNothing()
          .returning({ requestId: keyPresses.requestId }),
      );
      return inserted.length > 0;
    },
  };
}

/** Part of an erasure's transaction; what is stored and what the carrier has is deleted by `removeRecordings` (activities). */
export async function requestRecordingRemoval(db: Db, callIds: readonly string[], now: Date): Promise<number> {
  if (callIds.length === 0) return 0;
  const rows = await db
    .update(recordings)
    .set({ removalRequestedAt: now })
    .where(and(inArray(recordings.callId, [...callIds]), isNull(recordings.removalRequestedAt)))
    .returning({ callId: recordings.callId });
  return rows.length;
}

/** Of two versions the longer one is the newer: a request that comes late takes nothing back. */
async function extend(db: Db, callId: string, track: RecordingTrack): Promise<void> {
  const [row] = await db.select({ track: recordings.track }).from(recordings).where(eq(recordings.callId, callId)).for('update');
  if (row && row.track.changes.length < track.changes.length) {
    await db.update(recordings).set({ track }).where(eq(recordings.callId, callId));
  }
}
