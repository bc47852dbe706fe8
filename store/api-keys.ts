import { and, asc, eq, isNull, or, sql } from 'drizzle-orm';
import type { Database } from './database';
import { apiKeys, tenants } from './schema';
import type { ApiKeyStore, TenantStore } from './store';

export function tenantStore(database: Database): TenantStore {
  return {
    async ensure(tenantId, now) {
      await database.run((db) => db.insert(tenants).values({ tenantId, createdAt: now }).onConflictDoNothing());
    },
    list: () => database.run((db) => db.select().from(tenants).orderBy(asc(tenants.tenantId))),
  };
}

export function apiKeyStore(database: Database): ApiKeyStore {
  return {
    async create(row) {
      // Repeated after a lost connection, it finds its own row.
      await database.run((db) => db.insert(apiKeys).values(row).onConflictDoNothing({ target: apiKeys.keyId }));
      return { ...row, lastUsedAt: null, revokedAt: null };
    },
    list: (tenantId) =>
      database.run((db) =>
        db.select().from(apiKeys).where(eq(apiKeys.tenantId, tenantId)).orderBy(asc(apiKeys.createdAt), asc(apiKeys.keyId)),
      ),
    async byHash(hash) {
      const [row] = await database.run((db) => db.select().from(apiKeys).where(eq(apiKeys.hash, hash)));
      return row;
    },
    revoke: (tenantId, idOrPrefix, now) =>
      database.transact(async (db) => {
        const which = and(eq(apiKeys.tenantId, tenantId), or(eq(apiKeys.keyId, idOrPrefix), eq(apiKeys.prefix, idOrPrefix)));
        await db
          .update(apiKeys)
          .set({ revokedAt: now })
          .where(and(which, isNull(apiKeys.revokedAt)));
        const [row] = await db.select().from(apiKeys).where(which);
        return row;
      }),
    async noteUse(keyId, now) {
      const minute = sql`interval '1 minute'`;
      await database.run((db) =>
        db
          .update(apiKeys)
          .set({ lastUsedAt: now })
          .where(
            and(
              eq(apiKeys.keyId, keyId),
              or(isNull(apiKeys.lastUsedAt), sql`${apiKeys.lastUsedAt} < ${now.toISOString()}::timestamptz - ${minute}`),
            ),
          ),
      );
    },
  };
}
