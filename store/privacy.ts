/** Forgetting: rows, outcomes and costs stay, so that every count is what it was; whatever says who it was goes. */
import { randomBytes } from 'node:crypto';
import { and, asc, eq, gt, gte, inArray, isNull, lt, notExists, or, type SQL, sql } from 'drizzle-orm';
import { callIdFor } from '../contracts/call-id';
import type { ErasureCounts } from '../contracts/privacy';
import { callOf } from './call-of';
import type { Database, Db } from './database';
import { anyOf, ERASED, eraseCalls, eraseContacts, eraseOldRejected } from './erase-rows';
import { lockNumber } from './locks';
import { OPEN_STATES } from './open-intent';
import type { ContactRow, ErasureRow } from './rows';
import { forgetInSchedules } from './schedules';
import { attempts, contacts, erasures, leases, rejectedRows, suppressions } from './schema';

export interface PrivacyStore {
  /** What `erasePerson` would do now. */
  previewPerson(tenantId: string, phone: string): Promise<PersonPreview>;
  /**
   * In one transaction: everything that is known of a number in all campaigns of the tenant, but the fact that it is suppressed. Rows, outcomes and costs
   * stay and name nobody; contacts that wait are canceled. Nothing is changed while the person is in a call. Idempotent: what is erased already
   * is not counted again, and where nothing is found no `erasure` is written.
   */
  erasePerson(request: { tenantId: string; phone: string; now: Date }): Promise<PersonErasure>;
  /** The same for at most `limit` contacts that had their outcome before a moment; undefined when there are none left. */
  eraseEnded(request: { tenantId: string; endedBefore: Date; limit: number; now: Date }): Promise<ErasureRow | undefined>;
  /** Those whose workflows are still to be deleted in Temporal, oldest first. */
  openErasures(tenantId: string, limit: number): Promise<ErasureRow[]>;
  completeErasure(erasureId: string, now: Date): Promise<void>;
  /** Calls of all tenants that were erased at or after a moment, in pages by that moment: for who keeps files of calls elsewhere. */
  erasedCalls(page: { since: Date; after?: ErasedCall; limit: number }): Promise<ErasedCall[]>;
}

export interface ErasedCall {
  callId: string;
  createdAt: Date;
  endedAt: Date | null;
  erasedAt: Date;
}

export interface PersonPreview {
  counts: ErasureCounts;
  suppressed: boolean;
  /** Calls under way: nothing is erased before they have ended. */
  activeCallIds: string[];
}

export type PersonErasure =
  | { kind: 'in_call'; activeCallIds: string[] }
  | {
      kind: 'erased';
      counts: ErasureCounts;
      suppressed: boolean;
      erasure?: ErasureRow /** Under which the carrier knows the calls. */;
      carrierCallIds: string[];
    };

const ERASED_SUPPRESSION = 'kept so that the number is not called again; details erased';

export function privacyStore(database: Database): PrivacyStore {
  return {
    previewPerson: (tenantId, phone) =>
      database.transact(async (db) => {
        const own = await contactsOf(db, tenantId, phone);
        const calls = await db
          .select({ callId: attempts.callId })
          .from(attempts)
          .where(callsOf(tenantId, phone, own));
        const rejected = await db.select({ line: rejectedRows.line }).from(rejectedRows).where(rejectedOf(tenantId, phone));
        return {
          counts: { contacts: own.length, calls: calls.length, campaigns: campaignsOf(own), rejectedRows: rejected.length },
          suppressed: await isSuppressed(db, tenantId, phone),
          activeCallIds: await activeCalls(db, tenantId, phone, own),
        };
      }),

    erasePerson: ({ tenantId, phone, now }) =>
      database.transact(async (db) => {
        const own = await contactsOf(db, tenantId, phone).for('update');
        await lockNumber(db, tenantId, phone);
        const activeCallIds = await activeCalls(db, tenantId, phone, own);
        if (activeCallIds.length > 0) return { kind: 'in_call', activeCallIds };
        const calls = await db
          .select({ callId: attempts.callId, carrierCallId: attempts.carrierCallId })
          .from(attempts)
          .where(callsOf(tenantId, phone, own));
        await eraseContacts(db, own, now);
        await eraseCalls(
          db,
          calls.map(({ callId }) => callId),
          own,
          now,
        );
        const rejected = await db
          .update(rejectedRows)
          .set({ phone: ERASED, reason: ERASED })
          .where(rejectedOf(tenantId, phone))
          .returning({ line: rejectedRows.line });
        // Why a number is suppressed may quote what its owner said, and names the call.
        await db
          .update(suppressions)
          .set({ reason: ERASED_SUPPRESSION, callId: null })
          .where(and(eq(suppressions.tenantId, tenantId), eq(suppressions.phone, phone)));
        await forgetInSchedules(db, tenantId, phone);
        const counts = { contacts: own.length, calls: calls.length, campaigns: campaignsOf(own), rejectedRows: rejected.length };
        const found = own.length + calls.length + rejected.length > 0;
        const callIds = [...new Set([...own.flatMap(callIdsOf), ...calls.map(({ callId }) => callId)])];
        return {
          kind: 'erased',
          counts,
          suppressed: await isSuppressed(db, tenantId, phone),
          ...(found && { erasure: await audit(db, { tenantId, source: 'request', requestedAt: now, counts, callIds }) }),
          carrierCallIds: calls.flatMap(({ carrierCallId }) => carrierCallId ?? []),
        };
      }),

    eraseEnded: ({ tenantId, endedBefore, limit, now }) =>
      database.transact(async (db) => {
        const openCall = db
          .select({ callId: attempts.callId })
          .from(attempts)
          .where(and(eq(attempts.contactId, contacts.contactId), inArray(attempts.state, OPEN_STATES)));
        const own = await db
          .select()
          .from(contacts)
          .where(
            and(
              eq(contacts.tenantId, tenantId),
              eq(contacts.status, 'done'),
              isNull(contacts.erasedAt),
              lt(contacts.endedAt, endedBefore),
              notExists(openCall),
            ),
          )
          .orderBy(asc(contacts.endedAt))
          .limit(limit)
          .for('update', { skipLocked: true });
        const rejected = await eraseOldRejected(db, tenantId, endedBefore, limit);
        if (own.length === 0 && rejected === 0) return undefined;
        const ids = own.map(({ contactId }) => contactId);
        const calls = await db.select({ callId: attempts.callId }).from(attempts).where(anyOf(attempts.contactId, ids));
        await eraseContacts(db, own, now);
        await eraseCalls(
          db,
          calls.map(({ callId }) => callId),
          own,
          now,
        );
        const counts = { contacts: own.length, calls: calls.length, campaigns: campaignsOf(own), rejectedRows: rejected };
        return audit(db, {
          tenantId,
          source: 'retention',
          requestedAt: now,
          counts,
          callIds: [...new Set([...own.flatMap(callIdsOf), ...calls.map(({ callId }) => callId)])],
        });
      }),

    openErasures: (tenantId, limit) =>
      database.run((db) =>
        db
          .select()
          .from(erasures)
          .where(and(eq(erasures.tenantId, tenantId), isNull(erasures.completedAt)))
          .orderBy(asc(erasures.requestedAt))
          .limit(limit),
      ),

    async erasedCalls({ after, limit, since }) {
      const beyond =
        after && or(gt(attempts.erasedAt, after.erasedAt), and(eq(attempts.erasedAt, after.erasedAt), gt(attempts.callId, after.callId)));
      const rows = await database.run((db) =>
        db
          .select({ callId: attempts.callId, createdAt: attempts.createdAt, endedAt: attempts.endedAt, erasedAt: attempts.erasedAt })
          .from(attempts)
          .where(and(gte(attempts.erasedAt, since), beyond))
          .orderBy(asc(attempts.erasedAt), asc(attempts.callId))
          .limit(limit),
      );
      return rows as ErasedCall[];
    },

    async completeErasure(erasureId, now) {
      await database.run((db) =>
        db
          .update(erasures)
          .set({ completedAt: now, callIds: [] })
          .where(and(eq(erasures.erasureId, erasureId), isNull(erasures.completedAt))),
      );
    },
  };
}

function contactsOf(db: Db, tenantId: string, phone: string) {
  return db
    .select()
    .from(contacts)
    .where(and(eq(contacts.tenantId, tenantId), eq(contacts.phone, phone)))
    .orderBy(asc(contacts.contactId))
    .$dynamic();
}

/** Those of the contacts, and any other to the number. */
function callsOf(tenantId: string, phone: string, own: readonly ContactRow[]): SQL | undefined {
  const toNumber = and(eq(attempts.tenantId, tenantId), eq(attempts.toNumber, phone));
  const ids = own.map(({ contactId }) => contactId);
  return and(isNull(attempts.erasedAt), ids.length === 0 ? toNumber : or(toNumber, inArray(attempts.contactId, ids)));
}

/** A rejected row holds the number as somebody wrote it: at least its last seven digits, perhaps without the country. */
function rejectedOf(tenantId: string, phone: string): SQL | undefined {
  const digits = sql`regexp_replace(${rejectedRows.phone}, '[^0-9]', '', 'g')`;
  const wanted = phone.slice(1);
  return and(
    eq(rejectedRows.tenantId, tenantId),
    sql`length(${digits}) >= 7`,
    sql`(right(${wanted}::text, length(${digits})) = ${digits} or right(${digits}, length(${wanted}::text)) = ${wanted})`,
  );
}

async function isSuppressed(db: Db, tenantId: string, phone: string): Promise<boolean> {
  const rows = await db
    .select({ phone: suppressions.phone })
    .from(suppressions)
    .where(and(eq(suppressions.tenantId, tenantId), eq(suppressions.phone, phone)));
  return rows.length > 0;
}

/** A claim counts: its workflow dials in a moment. */
async function activeCalls(db: Db, tenantId: string, phone: string, own: readonly ContactRow[]): Promise<string[]> {
  const leased = await db
    .select({ callId: leases.callId })
    .from(leases)
    .where(and(eq(leases.tenantId, tenantId), eq(leases.phone, phone)));
  const open = await db
    .select({ callId: attempts.callId })
    .from(attempts)
    .where(and(callsOf(tenantId, phone, own), inArray(attempts.state, OPEN_STATES)));
  const claimed = own.filter(({ status }) => status === 'claimed' || status === 'active').map(callOf);
  return [...new Set([...leased.map(({ callId }) => callId), ...open.map(({ callId }) => callId), ...claimed])];
}

/** Every workflow that was started for the contact, those that the gate put off included. */
function callIdsOf({ contactId, sequence }: ContactRow): string[] {
  return Array.from({ length: sequence }, (_, index) => callIdFor(contactId, index + 1));
}

function campaignsOf(own: readonly ContactRow[]): number {
  return new Set(own.map(({ campaignId }) => campaignId)).size;
}

async function audit(db: Db, row: Omit<ErasureRow, 'erasureId' | 'completedAt'>): Promise<ErasureRow> {
  const [written] = await db
    .insert(erasures)
    .values({ ...row, erasureId: `era_${randomBytes(16).toString('hex')}` })
    .returning();
  return written as ErasureRow;
}
