import { and, asc, count, desc, eq, inArray, isNull, lt, min, notInArray, or, sql } from 'drizzle-orm';
import type { CampaignEdit, CampaignSpec, CampaignState } from '../contracts/campaign';
import { PatterError } from '../contracts/errors';
import { newCampaignId } from '../contracts/ids';
import { usdToMicros } from '../contracts/money';
import type { Outcome } from '../contracts/outcomes';
import { type Database, violatedConstraint } from './database';
import type { CampaignRow } from './rows';
import { attempts, campaigns, contacts } from './schema';

export interface CampaignStore {
  create(row: {
    tenantId: string;
    name: string;
    spec: CampaignSpec;
    windowOffsetMs: number;
    importKey?: string;
    now: Date;
  }): Promise<CampaignRow>;
  get(campaignId: string): Promise<CampaignRow | undefined>;
  /** Whatever has become of it. */
  byImportKey(tenantId: string, importKey: string): Promise<CampaignRow | undefined>;
  /** The start of that key goes on with a campaign that was not started yet; whoever was at it before may not any more. False: it was started. */
  takeImport(campaignId: string, importKey: string | null): Promise<boolean>;
  /** The newest campaign of that name; as everywhere below, lines are none. */
  latestByName(tenantId: string, name: string): Promise<CampaignRow | undefined>;
  list(tenantId: string): Promise<CampaignRow[]>;
  /** Of all tenants: started before a moment, and not over. */
  underWay(startedBefore: Date): Promise<CampaignRow[]>;
  markStarted(campaignId: string, startedAt: Date, endsAt: Date | null): Promise<void>;
  setState(campaignId: string, state: CampaignState, reason: string | null): Promise<void>;
  edit(campaignId: string, edit: CampaignEdit): Promise<void>;
  finish(campaignId: string, state: 'completed' | 'canceled', endedAt: Date): Promise<void>;
  recordImport(campaignId: string, counts: { total: number; rejected: number; duplicates: number }): Promise<void>;
  /** Micro-dollars of all calls of the campaign, those under way as 0. */
  spentMicros(campaignId: string): Promise<number>;
  progress(campaignId: string): Promise<CampaignProgress>;
  /** What a dispatcher asks several times a second: cheap. */
  slots(campaignId: string): Promise<CampaignSlots>;
  /** When the gate was last asked for a call of the campaign: what a new dispatcher paces on from. */
  lastDialAt(campaignId: string): Promise<Date | null>;
}

export interface CampaignProgress {
  contacts: number;
  waiting: number;
  /** claimed and active: slots in use. */
  active: number;
  done: number;
  outcomes: Partial<Record<Outcome, number>>;
  /** Calls that counted. */
  attempts: number;
  costMicros: number;
  /** Calls in whose cost the carrier's part is by our own list: the carrier has not told its price, or not in dollars. */
  estimatedCalls: number;
  /** Calls whose post-call work is not finished. */
  postCallOpen: number;
  /** Earliest due moment of those who wait. */
  nextDueAt: Date | null;
}

export interface CampaignSlots {
  /** Slots in use by a claim that is not a call yet. */
  claimed: number;
  /** Slots in use by a call. */
  active: number;
  /** Earliest due moment of those who wait; null when nobody does. */
  nextDueAt: Date | null;
}

/** Lines are campaigns too, but not of the kind that has a workflow. */
const dials = eq(campaigns.kind, 'outbound');

export function campaignStore(database: Database): CampaignStore {
  const is = (campaignId: string) => eq(campaigns.campaignId, campaignId);
  const get = async (campaignId: string): Promise<CampaignRow | undefined> => {
    const [row] = await database.run((db) => db.select().from(campaigns).where(is(campaignId)));
    return row;
  };
  /** Counts and the earliest due moment by status: an index scan that reads no contact. */
  const byStatus = (campaignId: string) =>
    database.run((db) =>
      db
        .select({ status: contacts.status, n: count(), dueAt: min(contacts.dueAt) })
        .from(contacts)
        .where(eq(contacts.campaignId, campaignId))
        .groupBy(contacts.status),
    );

  return {
    async create({ tenantId, name, spec, windowOffsetMs, importKey, now }) {
      const campaignId = newCampaignId();
      try {
        await database.run((db) =>
          db
            .insert(campaigns)
            .values({
              campaignId,
              tenantId,
              name,
              spec,
              state: 'running',
              cps: String(spec.dialing.cps),
              maxConcurrent: spec.dialing.maxConcurrent,
              budgetMicros: spec.budget ? usdToMicros(spec.budget.total) : null,
              windowOffsetMs,
              importKey,
              createdAt: now,
            })
            .onConflictDoNothing({ target: campaigns.campaignId }),
        );
      } catch (error) {
        if (violatedConstraint(error) !== 'campaigns_live_name') throw error;
        throw new PatterError('PATTER_CAMPAIGN_STATE', `A campaign named "${name}" is under way; attach to it, or cancel it first.`, {
          cause: error,
          details: { name },
        });
      }
      return (await get(campaignId))!;
    },

    get,

    async byImportKey(tenantId, importKey) {
      const [row] = await database.run((db) =>
        db
          .select()
          .from(campaigns)
          .where(and(eq(campaigns.tenantId, tenantId), eq(campaigns.importKey, importKey))),
      );
      return row;
    },

    async takeImport(campaignId, importKey) {
      const taken = await database.run((db) =>
        db
          .update(campaigns)
          .set({ importKey })
          .where(and(is(campaignId), isNull(campaigns.startedAt), isNull(campaigns.endedAt)))
          .returning({ campaignId: campaigns.campaignId }),
      );
      return taken.length > 0;
    },

    async latestByName(tenantId, name) {
      const [row] = await database.run((db) =>
        db
          .select()
          .from(campaigns)
          .where(and(eq(campaigns.tenantId, tenantId), eq(campaigns.name, name), dials))
          .orderBy(desc(campaigns.createdAt))
          .limit(1),
      );
      return row;
    },

    list: (tenantId) =>
      database.run((db) =>
        db
          .select()
          .from(campaigns)
          .where(and(eq(campaigns.tenantId, tenantId), dials))
          .orderBy(desc(campaigns.createdAt)),
      ),

    underWay: (startedBefore) =>
      database.run((db) =>
        db
          .select()
          .from(campaigns)
          .where(and(isNull(campaigns.endedAt), lt(campaigns.startedAt, startedBefore), dials))
          .orderBy(asc(campaigns.startedAt)),
      ),

    async markStarted(campaignId, startedAt, endsAt) {
      await database.run((db) =>
        db
          .update(campaigns)
          .set({ startedAt, endsAt })
          .where(and(is(campaignId), isNull(campaigns.startedAt))),
      );
    },

    async setState(campaignId, state, reason) {
      // Waits for the dials that hold the row: when it returns, every intent is either visible or will be judged in the new state.
      await database.run((db) =>
        db
          .update(campaigns)
          .set({ state, stateReason: reason })
          .where(and(is(campaignId), or(notInArray(campaigns.state, ['completed', 'canceled']), eq(campaigns.state, state)))),
      );
    },

    async edit(campaignId, { cps, maxConcurrent, budgetTotal }) {
      const set = {
        ...(cps !== undefined && { cps: String(cps) }),
        ...(maxConcurrent !== undefined && { maxConcurrent }),
        ...(budgetTotal !== undefined && { budgetMicros: usdToMicros(budgetTotal) }),
      };
      if (Object.keys(set).length === 0) return;
      await database.run((db) => db.update(campaigns).set(set).where(is(campaignId)));
    },

    async finish(campaignId, state, endedAt) {
      await database.run((db) =>
        db
          .update(campaigns)
          .set({ state, endedAt })
          .where(and(is(campaignId), isNull(campaigns.endedAt))),
      );
    },

    async recordImport(campaignId, { total, rejected, duplicates }) {
      await database.run((db) =>
        db.update(campaigns).set({ rowsTotal: total, rowsRejected: rejected, rowsDuplicate: duplicates }).where(is(campaignId)),
      );
    },

    async spentMicros(campaignId) {
      return (await get(campaignId))?.spentMicros ?? 0;
    },

    async progress(campaignId) {
      const statuses = await byStatus(campaignId);
      const outcomes = await database.run((db) =>
        db
          .select({ outcome: contacts.outcome, n: count() })
          .from(contacts)
          .where(and(eq(contacts.campaignId, campaignId), eq(contacts.status, 'done')))
          .groupBy(contacts.outcome),
      );
      const [calls] = await database.run((db) =>
        db
          .select({
            attempts: count(attempts.attempt),
            costMicros: sql<number>`coalesce(sum(${attempts.costMicros}), 0)`.mapWith(Number),
            estimatedCalls: sql<number>`count(*) filter (where ${attempts.priceState} in ('waiting', 'foreign', 'unknown'))`.mapWith(
              Number,
            ),
            postCallOpen: sql<number>`count(*) filter (where ${attempts.state} = 'ended' and not ${attempts.postCallDone})`.mapWith(Number),
          })
          .from(attempts)
          .where(eq(attempts.campaignId, campaignId)),
      );
      const of = (status: string) => statuses.find((row) => row.status === status);
      const done = of('done')?.n ?? 0;
      const waiting = of('waiting')?.n ?? 0;
      const active = (of('claimed')?.n ?? 0) + (of('active')?.n ?? 0);
      return {
        contacts: waiting + active + done,
        waiting,
        active,
        done,
        outcomes: Object.fromEntries(outcomes.map((row) => [row.outcome, row.n])),
        attempts: calls?.attempts ?? 0,
        costMicros: calls?.costMicros ?? 0,
        estimatedCalls: calls?.estimatedCalls ?? 0,
        postCallOpen: calls?.postCallOpen ?? 0,
        nextDueAt: of('waiting')?.dueAt ?? null,
      };
    },

    async slots(campaignId) {
      // One statement: whoever is put back between two looks would be seen by neither, and the campaign end without them.
      const [slots] = await database.run((db) => {
        // Not an aggregate over all who wait: the first entry of the index.
        const next = db
          .select({ dueAt: contacts.dueAt })
          .from(contacts)
          .where(and(eq(contacts.campaignId, campaignId), eq(contacts.status, 'waiting')))
          .orderBy(asc(contacts.dueAt))
          .limit(1);
        return db
          .select({
            claimed: sql`count(*) filter (where ${contacts.status} = 'claimed')`.mapWith(Number),
            active: sql`count(*) filter (where ${contacts.status} = 'active')`.mapWith(Number),
            nextDueAt: sql<Date | null>`(${next})`.mapWith(contacts.dueAt),
          })
          .from(contacts)
          .where(and(eq(contacts.campaignId, campaignId), inArray(contacts.status, ['claimed', 'active'])));
      });
      return slots as CampaignSlots;
    },

    async lastDialAt(campaignId) {
      const [last] = await database.run((db) =>
        db
          .select({ createdAt: attempts.createdAt })
          .from(attempts)
          .where(eq(attempts.campaignId, campaignId))
          .orderBy(desc(attempts.createdAt))
          .limit(1),
      );
      return last?.createdAt ?? null;
    },
  };
}
