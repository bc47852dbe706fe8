import { sql } from 'drizzle-orm';
import { apiKeyStore, tenantStore } from './api-keys';
import { attemptStore } from './attempts';
import { campaignStore } from './campaigns';
import { contactStore } from './contacts';
import { controlStore } from './controls';
import { credentialStore } from './credentials';
import { Database } from './database';
import { deliveryStore } from './deliveries';
import { gatewayStore } from './gateways';
import { lineStore } from './lines';
import { migrate, pendingMigrations } from './migrate';
import { presenceStore } from './presence';
import { priceStore } from './prices';
import { privacyStore } from './privacy';
import { recordingStore } from './recordings';
import { scheduleStore } from './schedules';
import { sdkStore } from './sdk';
import { singleStore } from './singles';
import type { Store } from './store';
import { suppressionStore } from './suppressions';

/** Opens a pool; connects on first use. Close it when done. */
export function openStore(databaseUrl: string): Store {
  const database = new Database(databaseUrl);
  return {
    campaigns: campaignStore(database),
    contacts: contactStore(database),
    attempts: attemptStore(database),
    deliveries: deliveryStore(database),
    suppressions: suppressionStore(database),
    gateways: gatewayStore(database),
    lines: lineStore(database),
    schedules: scheduleStore(database),
    singles: singleStore(database),
    presence: presenceStore(database),
    prices: priceStore(database),
    privacy: privacyStore(database),
    recordings: recordingStore(database),
    tenants: tenantStore(database),
    apiKeys: apiKeyStore(database),
    credentials: credentialStore(database),
    sdk: sdkStore(database),
    controls: controlStore(database),
    migrate: () => migrate(database),
    pendingMigrations: () => pendingMigrations(database),
    async ping() {
      await database.run((db) => db.execute(sql`select 1`));
    },
    close: () => database.close(),
  };
}
