import { and, asc, eq, isNotNull, isNull, lt, or } from 'drizzle-orm';
import type { Variables } from '../contracts/agent';
import { contactOfCallId } from '../contracts/call-id';
import type { CampaignSpec } from '../contracts/campaign';
import type { SingleOptions } from '../contracts/single-call';
import type { Database, Db } from './database';
import { lockContact } from './locks';
import type { AttemptRow, CampaignRow, ContactRow } from './rows';
import { attempts, campaigns, contacts } from './schema';

/** A single call as it is to be kept. All ids are given, so that a repetition finds it. */
export interface NewSingleCall {
  tenantId: string;
  campaignId: string;
  contactId: string;
  spec: CampaignSpec;
  single: SingleOptions;
  phone: string;
  timezones: string[];
  variables: Variables;
  windowOffsetMs: number;
  now: Date;
}

export interface SingleCallRows {
  campaign: CampaignRow;
  contact: ContactRow;
}

/** Calls of their own: each a campaign of kind `single` with one contact, claimed from the first moment, which is called once. */
export interface SingleStore {
  /** Writes both rows, or returns those that are there. */
  create(call: NewSingleCall): Promise<SingleCallRows & { created: boolean }>;
  /** Takes a call back that nobody has dialled: its contact is canceled. False when it is too late for that. */
  withdraw(contactId: string, reason: string, now: Date): Promise<boolean>;
  /** By the id of its call; undefined for a call that is not a single one. */
  find(callId: string): Promise<SingleCallRows | undefined>;
  /** Of all tenants: begun before a moment and without an outcome, oldest first. */
  unfinished(claimedBefore: Date, limit: number): Promise<SingleCallRows[]>;
  /** Of all tenants: ended calls, also of campaigns that have ended, whose post-call work has not been finished. */
  postCallOpen(endedBefore: Date, limit: number): Promise<AttemptRow[]>;
  /** Whether anything of the two is there to be looked after. */
  anyOpen(): Promise<boolean>;
}

/** A single call never had one; that of a campaign ends with the campaign, while webhooks of its last calls may still be tried for hours. */
const ownSweeperGone = or(eq(campaigns.kind, 'single'), and(eq(campaigns.kind, 'outbound'), isNotNull(campaigns.endedAt)));

export function singleStore(database: Database): SingleStore {
  const rows = (db: Db, contactId: string) =>
    db
      .select({ campaign: campaigns, contact: contacts })
      .from(contacts)
      .innerJoin(campaigns, and(eq(campaigns.campaignId, contacts.campaignId), eq(campaigns.kind, 'single')))
      .where(eq(contacts.contactId, contactId));

  return {
    create: (call) =>
      database.transact(async (db) => {
        const { campaignId, contactId, now, phone, single, spec, tenantId, timezones, variables, windowOffsetMs } = call;
        const inserted = await db
          .insert(campaigns)
          .values({
            ...{ campaignId, tenantId, kind: 'single', name: spec.name, spec, single, windowOffsetMs, state: 'running' },
            ...{ cps: String(spec.dialing.cps), maxConcurrent: 1, rowsTotal: 1, createdAt: now, startedAt: now },
          })
          .onConflictDoNothing({ target: campaigns.campaignId })
          .returning({ campaignId: campaigns.campaignId });
        await db
          .insert(contacts)
          .values({
            ...{ contactId, tenantId, campaignId, phone, timezones, variables, line: 1 },
            ...{ status: 'claimed', sequence: 1, dueAt: now, claimedAt: now },
          })
          .onConflictDoNothing();
        const [standing] = await rows(db, contactId);
        return { ...standing!, created: inserted.length > 0 };
      }),

    withdraw: (contactId, reason, now) =>
      database.transact(async (db) => {
        const contact = await lockContact(db, contactId);
        const [called] = await db.select({ callId: attempts.callId }).from(attempts).where(eq(attempts.contactId, contactId));
        if (called || contact.status === 'done') return false;
        await db
          .update(contacts)
          .set({ status: 'done', outcome: 'canceled', outcomeReason: reason, endedAt: now, claimedAt: null, outcomeDelivered: true })
          .where(eq(contacts.contactId, contactId));
        await closeSingle(db, contact.campaignId, now);
        return true;
      }),

    async find(callId) {
      const contactId = contactOfCallId(callId);
      if (contactId === undefined) return undefined;
      const [found] = await database.run((db) => rows(db, contactId));
      return found;
    },

    unfinished: (claimedBefore, limit) =>
      database.run((db) =>
        db
          .select({ campaign: campaigns, contact: contacts })
          .from(campaigns)
          .innerJoin(contacts, eq(contacts.campaignId, campaigns.campaignId))
          .where(and(eq(campaigns.kind, 'single'), isNull(campaigns.endedAt), lt(campaigns.createdAt, claimedBefore)))
          .orderBy(asc(campaigns.createdAt))
          .limit(limit),
      ),

    postCallOpen: (endedBefore, limit) =>
      database.run(async (db) => {
        const found = await db
          .select({ attempt: attempts })
          .from(attempts)
          .innerJoin(campaigns, and(eq(campaigns.campaignId, attempts.campaignId), ownSweeperGone))
          .where(and(eq(attempts.state, 'ended'), eq(attempts.postCallDone, false), lt(attempts.endedAt, endedBefore)))
          .orderBy(asc(attempts.endedAt))
          .limit(limit);
        return found.map(({ attempt }) => attempt);
      }),

    anyOpen: () =>
      database.run(async (db) => {
        const open = await db
          .select({ campaignId: campaigns.campaignId })
          .from(campaigns)
          .where(and(eq(campaigns.kind, 'single'), isNull(campaigns.endedAt)))
          .limit(1);
        if (open.length > 0) return true;
        const left = await db
          .select({ callId: attempts.callId })
          .from(attempts)
          .innerJoin(campaigns, and(eq(campaigns.campaignId, attempts.campaignId), ownSweeperGone))
          .where(and(eq(attempts.state, 'ended'), eq(attempts.postCallDone, false)))
          .limit(1);
        return left.length > 0;
      }),
  };
}

/** With the outcome of its one contact, in the same transaction: nothing is left to be called. */
export async function closeSingle(db: Db, campaignId: string, now: Date): Promise<void> {
  await db
    .update(campaigns)
    .set({ state: 'completed', endedAt: now })
    .where(and(eq(campaigns.campaignId, campaignId), isNull(campaigns.endedAt)));
}
