import { and, asc, eq, gte, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { Database } from './database';
import { attempts, sdkDeliveries, sdkMessages, sdkNumbers } from './schema';

export interface SdkStore {
  /** The events of the number's calls are kept from now on. @returns false: it is another tenant's */
  keepEvents(tenantId: string, number: string, now: Date): Promise<boolean>;
  /** Of a tenant, in the order of the numbers. */
  numbers(tenantId: string): Promise<string[]>;
  /** Calls of numbers whose events have not all been taken and that nobody else delivers, oldest first; they are held until `until`. */
  claim(request: {
    holder: string;
    numbers: readonly { tenantId: string; number: string }[];
    now: Date;
    until: Date;
    limit: number;
  }): Promise<{ callId: string; tenantId: string; number: string; acknowledged: number; machineTold: boolean }[]>;
  /** @returns false: somebody else holds the call now */
  renew(callId: string, holder: string, until: Date): Promise<boolean>;
  acknowledge(callId: string, acknowledged: number, done: boolean): Promise<void>;
  /** It has been taken who answered. */
  acknowledgeMachine(callId: string): Promise<void>;
  release(callId: string, holder: string): Promise<void>;
  /**
   * Notes that a message is given to a program, and that `asker` waits for the answer. One that somebody has been given already stays with whom has it; a
   * later one of the same call goes to the same program where that is `present`.
   * @returns who has it now
   */
  giveMessage(message: {
    callId: string;
    tenantId: string;
    messageId: string;
    clientId: string;
    asker: string;
    present: readonly string[];
    /** It is taken from whoever has it. */
    force: boolean;
    now: Date;
  }): Promise<string>;
  /** The last message of a call. */
  lastMessage(callId: string): Promise<{ messageId: string; clientId: string; asker: string } | undefined>;
  forgetMessages(before: Date): Promise<void>;
}

export function sdkStore(database: Database): SdkStore {
  return {
    async keepEvents(tenantId, number, now) {
      await database.run((db) => db.insert(sdkNumbers).values({ tenantId, number, since: now }).onConflictDoNothing());
      const [row] = await database.run((db) => db.select().from(sdkNumbers).where(eq(sdkNumbers.number, number)));
      return row?.tenantId === tenantId;
    },

    async numbers(tenantId) {
      const rows = await database.run((db) =>
        db.select({ number: sdkNumbers.number }).from(sdkNumbers).where(eq(sdkNumbers.tenantId, tenantId)).orderBy(asc(sdkNumbers.number)),
      );
      return rows.map(({ number }) => number);
    },

    claim({ holder, numbers, now, until, limit }) {
      if (numbers.length === 0) return Promise.resolve([]);
      return database.transact(async (db) => {
        const open = await db
          .select({ callId: attempts.callId, tenantId: attempts.tenantId, number: attempts.fromNumber })
          .from(attempts)
          .innerJoin(sdkNumbers, and(eq(sdkNumbers.number, attempts.fromNumber), eq(sdkNumbers.tenantId, attempts.tenantId)))
          .leftJoin(sdkDeliveries, eq(sdkDeliveries.callId, attempts.callId))
          .where(
            and(
              or(...numbers.map(({ tenantId, number }) => and(eq(attempts.tenantId, tenantId), eq(attempts.fromNumber, number)))),
              gte(attempts.createdAt, sdkNumbers.since),
              or(
                isNull(sdkDeliveries.callId),
                and(eq(sdkDeliveries.done, false), or(isNull(sdkDeliveries.heldUntil), lt(sdkDeliveries.heldUntil, now))),
              ),
            ),
          )
          .orderBy(asc(attempts.createdAt))
          .limit(limit);
        const claimed = [];
        for (const call of open) {
          // Of two processes that read the same, one gets it.
          const [row] = await db
            .insert(sdkDeliveries)
            .values({ ...call, holder, heldUntil: until })
            .onConflictDoUpdate({
              target: sdkDeliveries.callId,
              set: { holder, heldUntil: until },
              setWhere: and(
                eq(sdkDeliveries.done, false),
                or(isNull(sdkDeliveries.heldUntil), lt(sdkDeliveries.heldUntil, now), eq(sdkDeliveries.holder, holder)),
              ),
            })
            .returning({ acknowledged: sdkDeliveries.acknowledged, machineTold: sdkDeliveries.machineTold });
          if (row) claimed.push({ ...call, ...row });
        }
        return claimed;
      });
    },

    async renew(callId, holder, until) {
      const renewed = await database.run((db) =>
        db
          .update(sdkDeliveries)
          .set({ heldUntil: until })
          .where(and(eq(sdkDeliveries.callId, callId), eq(sdkDeliveries.holder, holder)))
          .returning({ callId: sdkDeliveries.callId }),
      );
      return renewed.length > 0;
    },

    async acknowledge(callId, acknowledged, done) {
      await database.run((db) =>
        db
          .update(sdkDeliveries)
          .set({ acknowledged, ...(done && { done }) })
          .where(and(eq(sdkDeliveries.callId, callId), lt(sdkDeliveries.acknowledged, acknowledged))),
      );
    },

    async acknowledgeMachine(callId) {
      await database.run((db) => db.update(sdkDeliveries).set({ machineTold: true }).where(eq(sdkDeliveries.callId, callId)));
    },

    async release(callId, holder) {
      await database.run((db) =>
        db
          .update(sdkDeliveries)
          .set({ holder: null, heldUntil: null })
          .where(and(eq(sdkDeliveries.callId, callId), eq(sdkDeliveries.holder, holder))),
      );
    },

    async giveMessage({ callId, tenantId, messageId, clientId, asker, present, force, now }) {
      // In one statement: it stands before every turn of a conversation.
      const stays = or(eq(sdkMessages.messageId, messageId), present.length > 0 ? inArray(sdkMessages.clientId, [...present]) : undefined);
      const holder = force ? sql`excluded.client_id` : sql`case when ${stays} then ${sdkMessages.clientId} else excluded.client_id end`;
      const [row] = await database.run((db) =>
        db
          .insert(sdkMessages)
          .values({ callId, tenantId, messageId, clientId, asker, at: now })
          .onConflictDoUpdate({ target: sdkMessages.callId, set: { messageId, clientId: holder, asker, at: now } })
          .returning({ clientId: sdkMessages.clientId }),
      );
      return row?.clientId ?? clientId;
    },

    async lastMessage(callId) {
      const [row] = await database.run((db) => db.select().from(sdkMessages).where(eq(sdkMessages.callId, callId)));
      return row && { messageId: row.messageId, clientId: row.clientId, asker: row.asker };
    },

    async forgetMessages(before) {
      await database.run((db) => db.delete(sdkMessages).where(lt(sdkMessages.at, before)));
    },
  };
}
