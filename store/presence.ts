/**
 * Who is there, told by who holds a lock: it goes with its process, however that ends, and no lease has to run out first.
 * A lock belongs to a connection, so it needs one of its own that no pooler hands to others.
 */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { type Clock, sleep, systemClock } from '../contracts/clock';
import type { Database } from './database';

/** Which builds of the worker have a process that lives. */
export interface PresenceStore {
  /** Until it is released, or this process ends in any way. Several may hold one name. It comes back by itself after a restart of the database. */
  hold(name: string): Promise<{ release(): Promise<void> }>;
  /** Somebody holds it, or is just being asked the same. */
  isHeld(name: string): Promise<boolean>;
}

const AGAIN_MS = 1_000;
const LOOK_EVERY_MS = 5_000;

export function presenceStore(database: Database, clock: Clock = systemClock): PresenceStore {
  return {
    async hold(name) {
      const over = new AbortController();
      let held: PoolClient | undefined = await take(database, name);
      const keepUp = (async () => {
        while (!over.signal.aborted) {
          await sleep(clock, LOOK_EVERY_MS, over.signal).catch(() => {});
          // A server that went away has forgotten the lock.
          while (!over.signal.aborted && !(held && (await stillThere(held)))) {
            held?.release(true);
            held = await take(database, name).catch(() => undefined);
            if (!held) await sleep(clock, AGAIN_MS, over.signal).catch(() => {});
          }
        }
      })();
      return {
        async release() {
          if (over.signal.aborted) return;
          over.abort();
          await keepUp;
          // The connection is closed, and the lock with it.
          held?.release(true);
        },
      };
    },
    async isHeld(name) {
      const { rows } = await database.run((db) =>
        db.execute<{ free: boolean }>(sql`select pg_try_advisory_xact_lock(${keyOf(name)}) as free`),
      );
      return rows[0]?.free === false;
    },
  };
}

async function take(database: Database, name: string): Promise<PoolClient> {
  const client = await database.pool.connect();
  try {
    await client.query('select pg_advisory_lock_shared(hashtextextended($1, 0))', [`presence ${name}`]);
    return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

function keyOf(name: string) {
  return sql`hashtextextended(${`presence ${name}`}, 0)`;
}

async function stillThere(client: PoolClient): Promise<boolean> {
  try {
    await client.query('select 1');
    return true;
  } catch {
    return false;
  }
}
