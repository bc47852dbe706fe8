import { and, asc, eq, sql } from 'drizzle-orm';
import type { ScheduleDefinition } from '../contracts/schedule';
import type { Database, Db } from './database';
import type { ScheduleRow } from './rows';
import { schedules } from './schema';

/** What schedules do when they fire; when they fire, Temporal knows. */
export interface ScheduleStore {
  /** Writes it, or writes it anew. `changed` is false where it stood so already. */
  put(row: { tenantId: string; scheduleId: string; definition: ScheduleDefinition; now: Date }): Promise<{ changed: boolean }>;
  get(tenantId: string, scheduleId: string): Promise<ScheduleRow | undefined>;
  /** By their ids. */
  list(tenantId: string): Promise<ScheduleRow[]>;
  remove(tenantId: string, scheduleId: string): Promise<{ removed: boolean }>;
}

export function scheduleStore(database: Database): ScheduleStore {
  const is = (tenantId: string, scheduleId: string) => and(eq(schedules.tenantId, tenantId), eq(schedules.scheduleId, scheduleId));
  return {
    async put({ tenantId, scheduleId, definition, now }) {
      const written = await database.run((db) =>
        db
          .insert(schedules)
          .values({ tenantId, scheduleId, definition, createdAt: now, updatedAt: now })
          .onConflictDoUpdate({
            target: [schedules.tenantId, schedules.scheduleId],
            set: { definition, updatedAt: now },
            setWhere: sql`${schedules.definition} is distinct from excluded.definition`,
          })
          .returning({ scheduleId: schedules.scheduleId }),
      );
      return { changed: written.length > 0 };
    },

    async get(tenantId, scheduleId) {
      const [row] = await database.run((db) => db.select().from(schedules).where(is(tenantId, scheduleId)));
      return row;
    },

    list: (tenantId) =>
      database.run((db) => db.select().from(schedules).where(eq(schedules.tenantId, tenantId)).orderBy(asc(schedules.scheduleId))),

    async remove(tenantId, scheduleId) {
      const removed = await database.run((db) =>
        db.delete(schedules).where(is(tenantId, scheduleId)).returning({ scheduleId: schedules.scheduleId }),
      );
      return { removed: removed.length > 0 };
    },
  };
}

/** A call that waits for its time is not made; of campaigns the number is taken out. Their Temporal Schedules find nothing to do. */
export async function forgetInSchedules(db: Db, tenantId: string, phone: string): Promise<void> {
  const work = sql`${schedules.definition} -> 'work'`;
  await db.delete(schedules).where(and(eq(schedules.tenantId, tenantId), sql`${work} -> 'request' ->> 'to' = ${phone}`));
  await db
    .update(schedules)
    .set({
      definition: sql`jsonb_set(${schedules.definition}, '{work,contacts}', coalesce(
        (select jsonb_agg(one) from jsonb_array_elements(${work} -> 'contacts') one where one ->> 'phone' is distinct from ${phone}), '[]'::jsonb))`,
    })
    .where(and(eq(schedules.tenantId, tenantId), sql`${work} -> 'contacts' @> ${JSON.stringify([{ phone }])}::jsonb`));
}
