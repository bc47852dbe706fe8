import { and, asc, count, eq, gt, inArray, lt, lte, sql } from 'drizzle-orm';
import type { Variables } from '../contracts/agent';
import { newContactId } from '../contracts/ids';
import { callOf } from './call-of';
import { chunked } from './chunked';
import type { Database } from './database';
import type { ContactRow, RejectedRow } from './rows';
import { attempts, campaigns, contacts, rejectedRows } from './schema';

export interface NewContact {
  line: number;
  phone: string;
  timezones: string[];
  variables: Variables;
  dueAt: Date;
  waitReason: string | null;
}

export interface ContactStore {
  /** Inserts what is not there yet (campaign and phone are unique); returns the lines that were duplicates of earlier rows or of an earlier import. */
  import(campaign: { tenantId: string; campaignId: string }, rows: NewContact[]): Promise<{ inserted: number; duplicates: number }>;
  importRejected(
    campaign: { tenantId: string; campaignId: string },
    rows: { line: number; phone: string; code: string; reason: string }[],
  ): Promise<void>;
  rejected(campaignId: string): Promise<RejectedRow[]>;
  countRejected(campaignId: string): Promise<number>;
  get(contactId: string): Promise<ContactRow | undefined>;
  /** Rows in `claimed` first (a dispatcher that died left them), then due ones, claimed now. At most `limit`. */
  claimDue(campaignId: string, limit: number, now: Date): Promise<ContactRow[]>;
  /** claimed → active, when the workflow has been started. No-op in any other status. */
  markActive(contactId: string, sequence: number): Promise<void>;
  /**
   * Back to waiting without an attempt having been spent. No-op unless claimed or active with this sequence, and while the call of this sequence is
   * open. A workflow that was started for it all the same is stopped by `openIntent`.
   */
  putBack(contactId: string, sequence: number, dueAt: Date, waitReason: string): Promise<void>;
  /**
   * Puts off those who wait, are due and may be in these time zones, without a look at each: some thousands at a time.
   * @returns how many; 0: nobody is left
   */
  putOff(campaignId: string, timezones: readonly string[], now: Date, until: Date, waitReason: string): Promise<number>;
  /** Contacts claimed or active since before a moment, oldest first: the sweeper asks whether their calls' workflows are there. */
  inProgress(campaignId: string, claimedBefore: Date): Promise<ContactRow[]>;
  /** Those who wait, or are claimed and not called yet, get their last outcome, with what they waited for as the reason. Returns counts; `stillActive`: nobody else is without one. */
  closeRemaining(campaignId: string, outcome: 'expired' | 'canceled', now: Date): Promise<{ closed: number; stillActive: number }>;
  /** Contacts whose outcome no call's post-call workflow delivers (expired, canceled, skipped), not delivered yet. */
  undelivered(campaignId: string, limit: number): Promise<ContactRow[]>;
  markDelivered(contactId: string): Promise<void>;
  /** In keyset pages ordered by line, for reports of any size. */
  page(campaignId: string, afterLine: number, limit: number): Promise<ContactRow[]>;
}

/** Of one statement, so that a campaign of a million contacts stays within its time limit. */
const PORTION = 5_000;

export function contactStore(database: Database): ContactStore {
  const isCurrent = (contactId: string, sequence: number) => and(eq(contacts.contactId, contactId), eq(contacts.sequence, sequence));

  return {
    async import({ tenantId, campaignId }, rows) {
      let inserted = 0;
      for (const part of chunked(rows)) {
        const values = part.map((row) => ({ ...row, contactId: newContactId(), tenantId, campaignId, status: 'waiting' as const }));
        inserted += (
          await database.run((db) => db.insert(contacts).values(values).onConflictDoNothing().returning({ contactId: contacts.contactId }))
        ).length;
      }
      return { inserted, duplicates: rows.length - inserted };
    },

    async importRejected({ tenantId, campaignId }, rows) {
      for (const part of chunked(rows)) {
        const values = part.map((row) => ({ ...row, tenantId, campaignId }));
        await database.run((db) => db.insert(rejectedRows).values(values).onConflictDoNothing());
      }
    },

    rejected: (campaignId) =>
      database.run((db) => db.select().from(rejectedRows).where(eq(rejectedRows.campaignId, campaignId)).orderBy(asc(rejectedRows.line))),

    async countRejected(campaignId) {
      const [found] = await database.run((db) =>
        db.select({ n: count() }).from(rejectedRows).where(eq(rejectedRows.campaignId, campaignId)),
      );
      return found?.n ?? 0;
    },

    async get(contactId) {
      const [row] = await database.run((db) => db.select().from(contacts).where(eq(contacts.contactId, contactId)));
      return row;
    },

    async claimDue(campaignId, limit, now) {
      if (limit <= 0) return [];
      const left = await database.run((db) =>
        db
          .select()
          .from(contacts)
          .where(and(eq(contacts.campaignId, campaignId), eq(contacts.status, 'claimed')))
          .orderBy(asc(contacts.claimedAt), asc(contacts.line))
          .limit(limit),
      );
      if (left.length >= limit) return left;
      const claimed = await database.run((db) => {
        // Looked for once, by itself: as a subquery of the update it may be run again for each row, and every time takes others.
        const due = db.$with('due').as(
          db
            .select({ contactId: contacts.contactId })
            .from(contacts)
            .innerJoin(campaigns, eq(campaigns.campaignId, contacts.campaignId))
            .where(
              and(
                eq(contacts.campaignId, campaignId),
                eq(contacts.status, 'waiting'),
                lte(contacts.dueAt, now),
                eq(campaigns.state, 'running'),
                // Who has called us is not called.
                eq(campaigns.kind, 'outbound'),
              ),
            )
            .orderBy(asc(contacts.dueAt), asc(contacts.line))
            .limit(limit - left.length)
            // Two dispatchers at once take different rows instead of waiting for each other.
            .for('update', { of: contacts, skipLocked: true }),
        );
        return db
          .with(due)
          .update(contacts)
          .set({ status: 'claimed', claimedAt: now, sequence: sql`${contacts.sequence} + 1` })
          .where(inArray(contacts.contactId, db.select({ contactId: due.contactId }).from(due)))
          .returning();
      });
      claimed.sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime() || a.line - b.line);
      return [...left, ...claimed];
    },

    async markActive(contactId, sequence) {
      await database.run((db) =>
        db
          .update(contacts)
          .set({ status: 'active' })
          .where(and(isCurrent(contactId, sequence), eq(contacts.status, 'claimed'))),
      );
    },

    async putBack(contactId, sequence, dueAt, waitReason) {
      await database.transact(async (db) => {
        // Locked first: an intent that is being written by this contact's call is then seen.
        const [contact] = await db.select().from(contacts).where(isCurrent(contactId, sequence)).for('update');
        if (!contact || (contact.status !== 'claimed' && contact.status !== 'active')) return;
        const [call] = await db
          .select({ state: attempts.state })
          .from(attempts)
          .where(eq(attempts.callId, callOf(contact)));
        if (call && call.state !== 'not_placed') return;
        await db.update(contacts).set({ status: 'waiting', dueAt, waitReason, claimedAt: null }).where(eq(contacts.contactId, contactId));
      });
    },

    async putOff(campaignId, timezones, now, until, waitReason) {
      const rows = await database.run((db) => {
        const due = db.$with('due').as(
          db
            .select({ contactId: contacts.contactId })
            .from(contacts)
            .where(
              and(
                eq(contacts.campaignId, campaignId),
                eq(contacts.status, 'waiting'),
                lte(contacts.dueAt, now),
                sql`${contacts.timezones} = ${JSON.stringify(timezones)}::jsonb`,
              ),
            )
            .limit(PORTION)
            .for('update', { skipLocked: true }),
        );
        return db
          .with(due)
          .update(contacts)
          .set({ dueAt: until, waitReason })
          .where(inArray(contacts.contactId, db.select({ contactId: due.contactId }).from(due)))
          .returning({ contactId: contacts.contactId });
      });
      return rows.length;
    },

    inProgress: (campaignId, claimedBefore) =>
      database.run((db) =>
        db
          .select()
          .from(contacts)
          .where(
            and(
              eq(contacts.campaignId, campaignId),
              inArray(contacts.status, ['claimed', 'active']),
              lt(contacts.claimedAt, claimedBefore),
            ),
          )
          .orderBy(asc(contacts.claimedAt)),
      ),

    async closeRemaining(campaignId, outcome, now) {
      const fallback = outcome === 'canceled' ? 'the campaign was canceled' : 'not reached before the end of the campaign';
      let closed = 0;
      for (;;) {
        const rows = await database.run((db) => {
          const some = db
            .select({ contactId: contacts.contactId })
            .from(contacts)
            .where(and(eq(contacts.campaignId, campaignId), inArray(contacts.status, ['waiting', 'claimed'])))
            .limit(PORTION)
            .for('update');
          return db
            .update(contacts)
            .set({
              status: 'done',
              outcome,
              outcomeReason: sql`coalesce(${contacts.waitReason}, ${fallback})`,
              endedAt: now,
              claimedAt: null,
            })
            .where(inArray(contacts.contactId, some))
            .returning({ contactId: contacts.contactId });
        });
        closed += rows.length;
        if (rows.length === 0) break;
      }
      // Also those that were put back meanwhile: they get theirs the next time.
      const [open] = await database.run((db) =>
        db
          .select({ n: count() })
          .from(contacts)
          .where(and(eq(contacts.campaignId, campaignId), inArray(contacts.status, ['waiting', 'claimed', 'active']))),
      );
      return { closed, stillActive: open?.n ?? 0 };
    },

    undelivered: (campaignId, limit) =>
      database.run((db) =>
        db
          .select()
          .from(contacts)
          .where(and(eq(contacts.campaignId, campaignId), eq(contacts.status, 'done'), eq(contacts.outcomeDelivered, false)))
          .orderBy(asc(contacts.line))
          .limit(limit),
      ),

    async markDelivered(contactId) {
      await database.run((db) => db.update(contacts).set({ outcomeDelivered: true }).where(eq(contacts.contactId, contactId)));
    },

    async page(campaignId, afterLine, limit) {
      const rows = await database.run((db) =>
        db
          .select()
          .from(contacts)
          .where(and(eq(contacts.campaignId, campaignId), gt(contacts.line, afterLine)))
          .orderBy(asc(contacts.line), asc(contacts.contactId))
          .limit(limit),
      );
      const last = rows.at(-1);
      if (!last || rows.length < limit) return rows;
      // Two files imported into one campaign share line numbers: a page ends with the last of its line.
      const sameLine = await database.run((db) =>
        db
          .select()
          .from(contacts)
          .where(and(eq(contacts.campaignId, campaignId), eq(contacts.line, last.line), gt(contacts.contactId, last.contactId)))
          .orderBy(asc(contacts.contactId)),
      );
      return [...rows, ...sameLine];
    },
  };
}
