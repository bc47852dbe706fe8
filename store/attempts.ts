import { and, asc, desc, eq, gt, gte, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import { PatterError } from '../contracts/errors';
import type { Database } from './database';
import { lockAttempt, lockCampaign, lockContact } from './locks';
import { OPEN_STATES, openIntent } from './open-intent';
import { attempts, campaigns, contacts, leases, transfers } from './schema';
import { settle } from './settle';
import type { AttemptRow, AttemptStore } from './store';

export function attemptStore(database: Database): AttemptStore {
  const is = (callId: string) => eq(attempts.callId, callId);
  const get = async (callId: string): Promise<AttemptRow | undefined> => {
    const [row] = await database.run((db) => db.select().from(attempts).where(is(callId)));
    return row;
  };
  const update = async (callId: string, set: Partial<typeof attempts.$inferInsert>): Promise<void> => {
    await database.run((db) => db.update(attempts).set(set).where(is(callId)));
  };

  const updateKept = async (callId: string, set: Partial<typeof attempts.$inferInsert>): Promise<void> => {
    await database.run((db) =>
      db
        .update(attempts)
        .set(set)
        .where(and(is(callId), isNull(attempts.erasedAt))),
    );
  };

  return {
    openIntent: (intent, judge) => openIntent(database, intent, judge),
    settle: (settlement, decide, now) => settle(database, settlement, decide, now),
    get,

    async mayStillDial(callId, now) {
      const rows = await database.run((db) =>
        db
          .select({ callId: attempts.callId })
          .from(attempts)
          .innerJoin(leases, and(eq(leases.callId, attempts.callId), gt(leases.dialBy, now)))
          .innerJoin(campaigns, and(eq(campaigns.campaignId, attempts.campaignId), eq(campaigns.state, 'running')))
          .where(and(is(callId), eq(attempts.state, 'intent'))),
      );
      return rows.length > 0;
    },

    async markPlaced(callId, carrierCallId) {
      await database.run((db) =>
        db
          .update(attempts)
          .set({ carrierCallId, state: sql`case when ${attempts.state} in ('intent', 'unknown') then 'placed' else ${attempts.state} end` })
          .where(and(is(callId), or(isNull(attempts.carrierCallId), eq(attempts.carrierCallId, carrierCallId)))),
      );
    },

    async markUnknown(callId) {
      await database.run((db) =>
        db
          .update(attempts)
          .set({ state: 'unknown' })
          .where(and(is(callId), eq(attempts.state, 'intent'))),
      );
    },

    async markNotPlaced(callId, reason, now) {
      await database.transact(async (db) => {
        const [found] = await db.select({ contactId: attempts.contactId }).from(attempts).where(is(callId));
        if (!found) return;
        const contact = await lockContact(db, found.contactId);
        const row = await lockAttempt(db, callId);
        if (!row || (row.state !== 'intent' && row.state !== 'unknown')) return;
        await db.update(attempts).set({ state: 'not_placed', attempt: null, reason, endedAt: now }).where(is(callId));
        await db.delete(leases).where(eq(leases.callId, callId));
        if (row.attempt !== null && row.attempt === contact.attempts) {
          await db
            .update(contacts)
            .set({ attempts: contact.attempts - 1 })
            .where(eq(contacts.contactId, contact.contactId));
        }
      });
    },

    open: (campaignId) =>
      database.run((db) =>
        db
          .select()
          .from(attempts)
          .where(and(eq(attempts.campaignId, campaignId), inArray(attempts.state, OPEN_STATES)))
          .orderBy(asc(attempts.createdAt)),
      ),

    overdueLeases: (tenantId, now) =>
      database.run((db) =>
        db
          .select({ callId: leases.callId, contactId: attempts.contactId, campaignId: leases.campaignId, phone: leases.phone })
          .from(leases)
          .innerJoin(attempts, eq(attempts.callId, leases.callId))
          .where(and(eq(leases.tenantId, tenantId), lt(leases.deadline, now))),
      ),

    async moveGateway(callId, gatewayId) {
      await database.run((db) => db.update(leases).set({ gatewayId }).where(eq(leases.callId, callId)));
      await database.run((db) =>
        db
          .update(attempts)
          .set({ gatewayId })
          .where(and(is(callId), inArray(attempts.state, OPEN_STATES))),
      );
    },

    postCallOpen: (campaignId, endedBefore, limit) =>
      database.run((db) =>
        db
          .select()
          .from(attempts)
          .where(
            and(
              eq(attempts.campaignId, campaignId),
              eq(attempts.state, 'ended'),
              eq(attempts.postCallDone, false),
              lt(attempts.endedAt, endedBefore),
            ),
          )
          .orderBy(asc(attempts.endedAt))
          .limit(limit),
      ),

    async byContact(contactIds) {
      if (contactIds.length === 0) return [];
      return database.run((db) =>
        db.select().from(attempts).where(inArray(attempts.contactId, contactIds)).orderBy(asc(attempts.contactId), asc(attempts.createdAt)),
      );
    },

    async byCarrierCallId(carrierCallId) {
      const [row] = await database.run((db) => db.select().from(attempts).where(eq(attempts.carrierCallId, carrierCallId)));
      return row;
    },

    recent: ({ tenantId, kind, limit, before }) =>
      database.run((db) =>
        db
          .select({ attempt: attempts, campaign: campaigns, contact: contacts })
          .from(attempts)
          .innerJoin(campaigns, eq(campaigns.campaignId, attempts.campaignId))
          .innerJoin(contacts, eq(contacts.contactId, attempts.contactId))
          .where(
            and(
              eq(attempts.tenantId, tenantId),
              kind === undefined ? undefined : eq(campaigns.kind, kind),
              before &&
                or(
                  lt(attempts.createdAt, before.createdAt),
                  and(eq(attempts.createdAt, before.createdAt), lt(attempts.callId, before.callId)),
                ),
            ),
          )
          .orderBy(desc(attempts.createdAt), desc(attempts.callId))
          .limit(limit),
      ),

    async totals(tenantId, since) {
      const recent = sql`${attempts.createdAt} >= ${since.toISOString()}::timestamptz and (${attempts.attempt} is not null or ${attempts.direction} = 'inbound')`;
      const talk = sql`extract(epoch from ${attempts.endedAt} - ${attempts.answeredAt}) * 1000`;
      const [row] = await database.run((db) =>
        db
          .select({
            calls: sql`count(*) filter (where ${recent})`.mapWith(Number),
            live: sql`count(*) filter (where ${inArray(attempts.state, OPEN_STATES)})`.mapWith(Number),
            answered: sql`count(*) filter (where ${recent} and ${attempts.answeredAt} is not null)`.mapWith(Number),
            talkMs: sql`coalesce(round(sum(${talk}) filter (where ${recent})), 0)`.mapWith(Number),
            costMicros: sql`coalesce(sum(${attempts.costMicros}) filter (where ${recent}), 0)`.mapWith(Number),
          })
          .from(attempts)
          .where(and(eq(attempts.tenantId, tenantId), or(gte(attempts.createdAt, since), inArray(attempts.state, OPEN_STATES)))),
      );
      return row!;
    },

    async addUsageCost(callId, lines) {
      await database.transact(async (db) => {
        const row = await lockAttempt(db, callId);
        if (!row) throw new PatterError('PATTER_CALL_NOT_FOUND', `There is no call ${callId}.`);
        const replaced = new Set(lines.map((line) => line.label));
        const costLines = [...row.costLines.filter((line) => !replaced.has(line.label)), ...lines];
        const costMicros = costLines.reduce((sum, line) => sum + line.micros, 0);
        const campaign = await lockCampaign(db, row.campaignId);
        await db.update(attempts).set({ costLines, costMicros }).where(is(callId));
        await db
          .update(campaigns)
          .set({ spentMicros: campaign.spentMicros + costMicros - row.costMicros })
          .where(eq(campaigns.campaignId, campaign.campaignId));
      });
    },

    // A step that was under way when the call was erased comes too late.
    saveSummary: (callId, summary) => updateKept(callId, { summary }),
    saveExtraction: (callId, extraction) => updateKept(callId, { extraction }),
    finishPostCall: (callId, failures) => update(callId, { postCallDone: true, postCallFailures: failures }),

    async recordTransfer({ now, ...row }) {
      const inserted = await database.run((db) =>
        db
          .insert(transfers)
          .values({ ...row, requestedAt: now })
          .onConflictDoNothing()
          .returning({ toNumber: transfers.toNumber }),
      );
      if (inserted[0]) return { toNumber: inserted[0].toNumber, existed: false };
      const standing = await this.transfer(row.callId, row.transferNumber);
      return { toNumber: standing!.toNumber, existed: true };
    },

    async transfer(callId, transferNumber) {
      const [row] = await database.run((db) =>
        db
          .select({ toNumber: transfers.toNumber, requestedAt: transfers.requestedAt, humanCallId: transfers.humanCallId })
          .from(transfers)
          .where(and(eq(transfers.callId, callId), eq(transfers.transferNumber, transferNumber))),
      );
      return row;
    },

    async noteHumanLeg(callId, transferNumber, humanCallId) {
      await database.run((db) =>
        db
          .update(transfers)
          .set({ humanCallId })
          .where(and(eq(transfers.callId, callId), eq(transfers.transferNumber, transferNumber), isNull(transfers.humanCallId))),
      );
    },

    async isHumanLeg(carrierCallId) {
      const found = await database.run((db) =>
        db.select({ callId: transfers.callId }).from(transfers).where(eq(transfers.humanCallId, carrierCallId)).limit(1),
      );
      return found.length > 0;
    },

    async unknownTransfersTo(toNumber, since) {
      return database.run((db) =>
        db.$count(transfers, and(eq(transfers.toNumber, toNumber), gte(transfers.requestedAt, since), isNull(transfers.humanCallId))),
      );
    },
  };
}
