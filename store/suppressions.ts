import { and, count, eq, inArray } from 'drizzle-orm';
import { chunked } from './chunked';
import type { Database, Db } from './database';
import { suppressions } from './schema';

export interface SuppressionStore {
  add(row: { tenantId: string; phone: string; source: string; reason: string; callId?: string; now: Date }): Promise<{ added: boolean }>;
  addMany(tenantId: string, phones: string[], source: string, reason: string, now: Date): Promise<{ added: number }>;
  remove(tenantId: string, phone: string): Promise<{ removed: boolean }>;
  check(tenantId: string, phone: string): Promise<{ source: string; reason: string; createdAt: Date } | undefined>;
  checkMany(tenantId: string, phones: string[]): Promise<Set<string>>;
  count(tenantId: string): Promise<number>;
}

type SuppressionRow = Parameters<SuppressionStore['add']>[0];

/** The first entry of a number stands: why it was suppressed is evidence. */
export async function insertSuppression(db: Db, { now, ...row }: SuppressionRow): Promise<boolean> {
  const inserted = await db
    .insert(suppressions)
    .values({ ...row, createdAt: now })
    .onConflictDoNothing()
    .returning({ phone: suppressions.phone });
  return inserted.length > 0;
}

export function suppressionStore(database: Database): SuppressionStore {
  const of = (tenantId: string, phone: string) => and(eq(suppressions.tenantId, tenantId), eq(suppressions.phone, phone));
  return {
    async add(row) {
      return { added: await database.run((db) => insertSuppression(db, row)) };
    },
    async addMany(tenantId, phones, source, reason, now) {
      let added = 0;
      for (const part of chunked([...new Set(phones)])) {
        const rows = part.map((phone) => ({ tenantId, phone, source, reason, createdAt: now }));
        const inserted = await database.run((db) =>
          db.insert(suppressions).values(rows).onConflictDoNothing().returning({ phone: suppressions.phone }),
        );
        added += inserted.length;
      }
      return { added };
    },
    async remove(tenantId, phone) {
      const gone = await database.run((db) => db.delete(suppressions).where(of(tenantId, phone)).returning({ phone: suppressions.phone }));
      return { removed: gone.length > 0 };
    },
    async check(tenantId, phone) {
      const [row] = await database.run((db) => db.select().from(suppressions).where(of(tenantId, phone)));
      return row && { source: row.source, reason: row.reason, createdAt: row.createdAt };
    },
    async checkMany(tenantId, phones) {
      const found = new Set<string>();
      for (const part of chunked(phones)) {
        const rows = await database.run((db) =>
          db
            .select({ phone: suppressions.phone })
            .from(suppressions)
            .where(and(eq(suppressions.tenantId, tenantId), inArray(suppressions.phone, part))),
        );
        for (const row of rows) found.add(row.phone);
      }
      return found;
    },
    async count(tenantId) {
      const [row] = await database.run((db) => db.select({ n: count() }).from(suppressions).where(eq(suppressions.tenantId, tenantId)));
      return row?.n ?? 0;
    },
  };
}
