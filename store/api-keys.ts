import { and, asc, eq, isNull, or, sql } from 'drizzle-orm';
import type { Database } from './database';
import type { ApiKeyRow } from './rows';
import { apiKeys, tenants } from './schema';

export interface TenantStore {
  /** Idempotent. */
  ensure(tenantId: string, now: Date): Promise<void>;
  /** Those that were made, `default` or not, in the order of their ids. */
  list(): Promise<{ tenantId: string; createdAt: Date }[]>;
}

export interface ApiKeyStore {
  create(row: Omit<ApiKeyRow, 'lastUsedAt' | 'revokedAt'>): Promise<ApiKeyRow>;
  /** Oldest first, revoked ones included. */
  list(tenantId: string): Promise<ApiKeyRow[]>;
  /** Also a revoked one. */
  byHash(hash: string): Promise<ApiKeyRow | undefined>;
  /** By its id or what is shown of it; the first revocation stands. @returns undefined where the tenant has none such */
  revoke(tenantId: string, idOrPrefix: string, now: Date): Promise<ApiKeyRow | undefined>;
  noteUse(keyId: string, now: Date): Promise<void>;
}

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
