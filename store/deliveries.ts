import { and, eq, isNull, or } from 'drizzle-orm';
import type { DeliveryCursor } from '../contracts/callbacks';
import type { Database, Db } from './database';
import type { DeliveryRow } from './rows';
import { deliveries } from './schema';

/** What a developer's callbacks have been told. At any moment one process delivers a call's events. */
export interface DeliveryStore {
  /**
   * Makes the call's row if there is none, and takes it for `owner` where nobody has it.
   * @param instead an owner that is gone, whose place is taken
   * @returns the row that stands: it is taken when `owner` is the one that was asked for
   */
  claim(row: { tenantId: string; callId: string; app: string; owner: string; now: Date }, instead?: string): Promise<DeliveryRow>;
  /** False when somebody else has taken over. */
  record(row: { callId: string; owner: string; cursor: DeliveryCursor; now: Date }): Promise<boolean>;
  /** Leaves it to others; no-op for whoever has it not. */
  release(row: { callId: string; owner: string; completed: boolean; now: Date }): Promise<void>;
  /** The end, with its reason; the first one stays. False where all has been told, or it was given up before. */
  giveUp(row: { tenantId: string; callId: string; app: string; reason: string; now: Date }): Promise<boolean>;
  get(callId: string): Promise<DeliveryRow | undefined>;
}

/** A row of its own for the call, where there is none yet. */
async function begin(db: Db, row: { tenantId: string; callId: string; app: string; owner?: string }, now: Date): Promise<void> {
  const cursor: DeliveryCursor = { done: [] };
  await db
    .insert(deliveries)
    .values({ ...row, cursor, createdAt: now, updatedAt: now })
    .onConflictDoNothing();
}

export function deliveryStore(database: Database): DeliveryStore {
  const is = (callId: string) => eq(deliveries.callId, callId);
  const mine = (callId: string, owner: string) => and(is(callId), eq(deliveries.owner, owner));
  return {
    claim: ({ now, ...row }, instead) =>
      database.transact(async (db) => {
        await begin(db, row, now);
        const free = or(isNull(deliveries.owner), ...(instead === undefined ? [] : [eq(deliveries.owner, instead)]));
        await db
          .update(deliveries)
          .set({ owner: row.owner, updatedAt: now })
          .where(and(is(row.callId), free));
        const [standing] = await db.select().from(deliveries).where(is(row.callId));
        return standing as DeliveryRow;
      }),

    async record({ callId, owner, cursor, now }) {
      const updated = await database.run((db) =>
        db.update(deliveries).set({ cursor, updatedAt: now }).where(mine(callId, owner)).returning({ callId: deliveries.callId }),
      );
      return updated.length > 0;
    },

    async release({ callId, owner, completed, now }) {
      await database.run((db) =>
        db
          .update(deliveries)
          .set({ owner: null, updatedAt: now, ...(completed && { completedAt: now }) })
          .where(mine(callId, owner)),
      );
    },

    giveUp: ({ reason, now, ...row }) =>
      database.transact(async (db) => {
        await begin(db, row, now);
        const given = await db
          .update(deliveries)
          .set({ givenUpAt: now, givenUpReason: reason, updatedAt: now })
          .where(and(is(row.callId), isNull(deliveries.completedAt), isNull(deliveries.givenUpAt)))
          .returning({ callId: deliveries.callId });
        return given.length > 0;
      }),

    async get(callId) {
      const [row] = await database.run((db) => db.select().from(deliveries).where(is(callId)));
      return row;
    },
  };
}
