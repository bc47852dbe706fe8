import { eq, gt, lt } from 'drizzle-orm';
import { DEFAULT_TENANT } from '../contracts/ids';
import type { Database } from './database';
import { controls } from './schema';

/** Control processes, for each other. */
export interface ControlStore {
  renew(control: { controlId: string; internalUrl: string }, now: Date): Promise<void>;
  remove(controlId: string): Promise<void>;
  live(since: Date): Promise<{ controlId: string; internalUrl: string }[]>;
}

/** Rows of processes that were killed are swept by the others. */
const FORGET_AFTER_MS = 3_600_000;

export function controlStore(database: Database): ControlStore {
  return {
    async renew({ controlId, internalUrl }, now) {
      const values = { tenantId: DEFAULT_TENANT, internalUrl, renewedAt: now };
      await database.run((db) =>
        db
          .insert(controls)
          .values({ controlId, ...values })
          .onConflictDoUpdate({ target: controls.controlId, set: values }),
      );
      await database.run((db) => db.delete(controls).where(lt(controls.renewedAt, new Date(now.getTime() - FORGET_AFTER_MS))));
    },
    async remove(controlId) {
      await database.run((db) => db.delete(controls).where(eq(controls.controlId, controlId)));
    },
    live: (since) =>
      database.run((db) =>
        db.select({ controlId: controls.controlId, internalUrl: controls.internalUrl }).from(controls).where(gt(controls.renewedAt, since)),
      ),
  };
}
