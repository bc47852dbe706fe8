import { and, asc, desc, eq, gt, gte, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { CallSettlement } from '../contracts/activities';
import { PatterError } from '../contracts/errors';
import type { GateVerdict } from '../contracts/gate';
import type { Outcome } from '../contracts/outcomes';
import type { Database } from './database';
import { lockAttempt, lockCampaign, lockContact } from './locks';
import { type DialIntent, type GateFacts, OPEN_STATES, openIntent } from './open-intent';
import type { AttemptRow, CampaignRow, ContactRow } from './rows';
import { attempts, type CampaignKind, campaigns, contacts, leases } from './schema';
import { settle } from './settle';
import { type TransferStore, transferStore } from './transfers';

export interface CallTotals {
  calls: number;
  /** Under way, whenever they began. */
  live: number;
  answered: number;
  /** From answer to end, of the calls that have ended. */
  talkMs: number;
  costMicros: number;
}

export interface AttemptStore extends TransferStore {
  /**
   * Decision 1: in one transaction locks the contact, reads the facts, asks `judge`, writes the verdict, and on `allow` counts the attempt, takes the
   * lease, reserves the gateway and writes the intent. `skip` ends the contact, `defer` puts it back. Two dials of one number serialise here.
   *
   * When the row of this call exists already (an earlier run of the dial wrote it), nothing is judged or written: `facts.existing` and `attempt` are that
   * row and the verdict is its. It may have been sent: reconcile. A commit of this very run whose answer was lost does not count as such.
   * A call that is superseded (the contact has been put back, ended, or is on a later sequence) is deferred with the rule `campaign_state` and
   * nothing is written; `attempt` is undefined.
   */
  openIntent(
    intent: DialIntent,
    judge: (facts: GateFacts) => { verdict: GateVerdict; gatewayId?: string },
  ): Promise<{ verdict: GateVerdict; facts: GateFacts; attempt?: AttemptRow }>;
  get(callId: string): Promise<AttemptRow | undefined>;
  /** True while the lease lives, `dialBy` is not over and the campaign runs: asked right before the request. */
  mayStillDial(callId: string, now: Date): Promise<boolean>;
  /** The first carrier call of an attempt stands; a later one changes nothing. */
  markPlaced(callId: string, carrierCallId: string): Promise<void>;
  /** Intent → unknown. */
  markUnknown(callId: string): Promise<void>;
  /** Surely not dialled: gives the attempt and the lease back; the row stays as a record, the contact stays active until `settle` or `putBack`. */
  markNotPlaced(callId: string, reason: string, now: Date): Promise<void>;
  /**
   * Writes the call record and the contact's next state, frees the lease, all in one transaction and once: a second settlement of a call changes nothing
   * and returns the first's result. `next` comes from the retry policy. `decide` sees the contact as it will be (`attempts` holds this call when it
   * is consumed) and, as history, the contact's other counted calls, oldest first. A call that its contact has left behind is recorded, and
   * `decide` prices it, but the contact stays as it is.
   */
  settle(
    settlement: CallSettlement,
    decide: (facts: { campaign: CampaignRow; contact: ContactRow; history: AttemptRow[] }) => {
      next: { kind: 'done'; outcome: Outcome; reason?: string } | { kind: 'retry'; at: Date; waitReason: string };
      costMicros: number;
      costLines: { label: string; micros: number }[];
      /** Those of the lines that the carrier's own price will stand in for, and when it is first asked for that. */
      carrierEstimate?: { label: string; micros: number }[];
      priceDueAt?: Date | null;
    },
    now: Date,
  ): Promise<{ contactOutcome?: Outcome; nextAttemptAt?: Date; alreadySettled: boolean }>;
  /** Attempts that have not ended: intent, placed or unknown. */
  open(campaignId: string): Promise<AttemptRow[]>;
  /** Leases of the tenant, in any campaign, that are past their deadline: their calls' workflows may be gone. */
  overdueLeases(tenantId: string, now: Date): Promise<{ callId: string; contactId: string; campaignId: string; phone: string }[]>;
  /** The call goes on at another gateway. */
  moveGateway(callId: string, gatewayId: string): Promise<void>;
  /** Ended calls whose post-call work has not been finished. */
  postCallOpen(campaignId: string, endedBefore: Date, limit: number): Promise<AttemptRow[]>;
  byContact(contactIds: string[]): Promise<AttemptRow[]>;
  byCarrierCallId(carrierCallId: string): Promise<AttemptRow | undefined>;
  /** Calls of a tenant, of every kind unless one is named, newest first; `before` goes on from the last one of a page. */
  recent(query: {
    tenantId: string;
    kind?: CampaignKind;
    limit: number;
    before?: { createdAt: Date; callId: string };
  }): Promise<{ attempt: AttemptRow; campaign: CampaignRow; contact: ContactRow }[]>;
  /** Of a tenant's calls that were placed, or are about to be, since then. */
  totals(tenantId: string, since: Date): Promise<CallTotals>;
  /** Adds to the call's cost. A line replaces one of the same label, so that a retried step costs once. */
  addUsageCost(callId: string, lines: { label: string; micros: number }[]): Promise<void>;
  saveSummary(callId: string, summary: string): Promise<void>;
  saveExtraction(callId: string, extraction: Record<string, unknown>): Promise<void>;
  finishPostCall(callId: string, failures: string[]): Promise<void>;
}

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
    ...transferStore(database),
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
  };
}
