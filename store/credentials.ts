import { and, asc, eq, ne } from 'drizzle-orm';
import type { Database } from './database';
import type { ProviderCredentialRow } from './rows';
import { providerCredentials } from './schema';

export interface ProviderCredentialStore {
  /** In the place of the one that was there. */
  set(row: ProviderCredentialRow): Promise<void>;
  remove(tenantId: string, provider: string): Promise<boolean>;
  of(tenantId: string): Promise<ProviderCredentialRow[]>;
  /** Whether any tenant has any. */
  any(): Promise<boolean>;
  /** Of all tenants: encrypted with another key than this one. */
  notUnder(encryptionKeyId: string, limit: number): Promise<ProviderCredentialRow[]>;
  /** Nothing happens where the row has changed meanwhile. */
  replace(before: ProviderCredentialRow, after: Pick<ProviderCredentialRow, 'encryptionKeyId' | 'sealed'>): Promise<boolean>;
}

export function credentialStore(database: Database): ProviderCredentialStore {
  const of = (tenantId: string, provider: string) =>
    and(eq(providerCredentials.tenantId, tenantId), eq(providerCredentials.provider, provider));
  return {
    async set({ tenantId, provider, ...values }) {
      await database.run((db) =>
        db
          .insert(providerCredentials)
          .values({ tenantId, provider, ...values })
          .onConflictDoUpdate({ target: [providerCredentials.tenantId, providerCredentials.provider], set: values }),
      );
    },
    async remove(tenantId, provider) {
      const gone = await database.run((db) =>
        db.delete(providerCredentials).where(of(tenantId, provider)).returning({ provider: providerCredentials.provider }),
      );
      return gone.length > 0;
    },
    of: (tenantId) =>
      database.run((db) =>
        db.select().from(providerCredentials).where(eq(providerCredentials.tenantId, tenantId)).orderBy(asc(providerCredentials.provider)),
      ),
    any: () =>
      database.run(
        async (db) => (await db.select({ provider: providerCredentials.provider }).from(providerCredentials).limit(1)).length > 0,
      ),
    notUnder: (encryptionKeyId, limit) =>
      database.run((db) =>
        db.select().from(providerCredentials).where(ne(providerCredentials.encryptionKeyId, encryptionKeyId)).limit(limit),
      ),
    async replace(before, after) {
      const changed = await database.run((db) =>
        db
          .update(providerCredentials)
          .set(after)
          .where(and(of(before.tenantId, before.provider), eq(providerCredentials.sealed, before.sealed)))
          .returning({ provider: providerCredentials.provider }),
      );
      return changed.length > 0;
    },
  };
}
