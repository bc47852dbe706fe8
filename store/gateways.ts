import { and, count, eq, gt, isNotNull, isNull } from 'drizzle-orm';
import { GATEWAY_LEASE_MS, type GatewayRegistration } from '../contracts/gateway';
import { DEFAULT_TENANT } from '../contracts/ids';
import type { Database, Db } from './database';
import { gateways, leases } from './schema';

export interface GatewayStore {
  /** Inserts or renews the gateway's own row. */
  renew(gateway: GatewayRegistration, now: Date): Promise<void>;
  remove(gatewayId: string): Promise<void>;
  get(gatewayId: string): Promise<GatewayRegistration | undefined>;
  /** Lease not over, not draining, room left counting the leases of calls reserved there; least loaded first. Of this app; without one those that have none. */
  live(now: Date, app?: string | null): Promise<GatewayRegistration[]>;
}

function registration(row: typeof gateways.$inferSelect): GatewayRegistration {
  const { gatewayId, publicUrl, internalUrl, maxCalls, activeCalls, draining, app } = row;
  return { gatewayId, publicUrl, internalUrl, maxCalls, activeCalls, draining, app };
}

/**
 * Gateways that live and have room, least loaded first. A gateway's load is what it reports or what is reserved on it, whichever is more: a
 * reserved call is not connected yet, and a connected one may have come from a gateway that died. Gateways of one public URL are a pool: the
 * balancer before them chooses, so only the pool's room counts.
 * @param app only those that hold this app's code; null: only those that hold none
 */
export async function liveGateways(db: Db, now: Date, app: string | null): Promise<GatewayRegistration[]> {
  const alive = await db
    .select()
    .from(gateways)
    .where(
      and(gt(gateways.renewedAt, new Date(now.getTime() - GATEWAY_LEASE_MS)), app === null ? isNull(gateways.app) : eq(gateways.app, app)),
    );
  const reserved = await db
    .select({ gatewayId: leases.gatewayId, calls: count() })
    .from(leases)
    .where(isNotNull(leases.gatewayId))
    .groupBy(leases.gatewayId);
  const reservedOn = new Map(reserved.map((row) => [row.gatewayId, row.calls]));
  const accepting = alive
    .filter((row) => !row.draining)
    .map((row) => ({ row, load: Math.max(row.activeCalls, reservedOn.get(row.gatewayId) ?? 0) }));
  const pools = new Map<string, { active: number; reserved: number; room: number }>();
  for (const { row } of accepting) {
    const pool = pools.get(row.publicUrl) ?? { active: 0, reserved: 0, room: 0 };
    pool.active += row.activeCalls;
    pool.reserved += reservedOn.get(row.gatewayId) ?? 0;
    pool.room += row.maxCalls;
    pools.set(row.publicUrl, pool);
  }
  const hasRoom = (publicUrl: string): boolean => {
    const pool = pools.get(publicUrl);
    return pool !== undefined && Math.max(pool.active, pool.reserved) < pool.room;
  };
  return accepting
    .filter(({ row }) => hasRoom(row.publicUrl))
    .sort((a, b) => a.load / a.row.maxCalls - b.load / b.row.maxCalls || a.row.gatewayId.localeCompare(b.row.gatewayId))
    .map(({ row, load }) => ({ ...registration(row), activeCalls: load }));
}

export function gatewayStore(database: Database): GatewayStore {
  return {
    async renew(gateway, now) {
      const { gatewayId, ...rest } = registration({ ...gateway, app: gateway.app ?? null, tenantId: DEFAULT_TENANT, renewedAt: now });
      const values = { ...rest, tenantId: DEFAULT_TENANT, renewedAt: now };
      await database.run((db) =>
        db
          .insert(gateways)
          .values({ gatewayId, ...values })
          .onConflictDoUpdate({ target: gateways.gatewayId, set: values }),
      );
    },
    async remove(gatewayId) {
      await database.run((db) => db.delete(gateways).where(eq(gateways.gatewayId, gatewayId)));
    },
    async get(gatewayId) {
      const [row] = await database.run((db) => db.select().from(gateways).where(eq(gateways.gatewayId, gatewayId)));
      return row && registration(row);
    },
    live: (now, app = null) => database.run((db) => liveGateways(db, now, app)),
  };
}
