import { sql } from 'drizzle-orm';
import { attemptStore } from './attempts';
import { campaignStore } from './campaigns';
import { contactStore } from './contacts';
import { Database } from './database';
import { gatewayStore } from './gateways';
import { lineStore } from './lines';
import { deliveryStore } from './deliveries';
import { migrate, pendingMigrations } from './migrate';
import { presenceStore } from './presence';
import { privacyStore } from './privacy';
import { recordingStore } from './recordings';
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
    suppressions: suppressionStore(database),
    gateways: gatewayStore(database),
    lines: lineStore(database),
    deliveries: deliveryStore(database),
    singles: singleStore(database),
    presence: presenceStore(database),
    privacy: privacyStore(database),
    recordings: recordingStore(database),
    migrate: () => migrate(database),
    pendingMigrations: () => pendingMigrations(database),
    async ping() {
      await database.run((db) => db.execute(sql`select 1`));
    },
    close: () => database.close(),
  };
}
