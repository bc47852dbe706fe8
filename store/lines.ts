import { and, asc, desc, eq, inArray, lt } from 'drizzle-orm';
import type { CampaignSpec } from '../contracts/campaign';
import type { CarrierName } from '../contracts/carrier';
import { PatterError } from '../contracts/errors';
import { newCampaignId } from '../contracts/ids';
import { campaignOfLine, type LineSpec } from '../contracts/line';
import { type Admission, type AdmissionResult, admitInbound } from './admit-inbound';
import { type Database, violatedConstraint } from './database';
import { OPEN_STATES } from './open-intent';
import type { AttemptRow, ContactRow } from './rows';
import { attempts, campaigns, contacts, lines } from './schema';

export interface LineRow {
  number: string;
  tenantId: string;
  carrier: CarrierName;
  /** Under which its calls are kept. */
  campaignId: string;
  name: string;
  spec: CampaignSpec;
  updatedAt: Date;
}

export interface LineStore {
  /** Makes the number's line, or puts another spec in the place of its own: calls of both are kept under one campaign. @throws PatterError PATTER_NUMBER_TAKEN, PATTER_CAMPAIGN_STATE (name) */
  set(request: { tenantId: string; line: LineSpec; now: Date }): Promise<{ line: LineRow; how: 'made' | 'changed' }>;
  get(tenantId: string, number: string): Promise<LineRow | undefined>;
  list(tenantId: string): Promise<LineRow[]>;
  /** Whose the number is. */
  tenantOf(number: string): Promise<string | undefined>;
  /** Whether any tenant has any. */
  any(): Promise<boolean>;
  /** Its calls stay. Calls under way go on. */
  remove(tenantId: string, number: string, now: Date): Promise<boolean>;
  /** In one transaction: line, contact, attempt, lease. Idempotent by `callId`. */
  admit(admission: Admission): Promise<AdmissionResult>;
  /** Newest first. */
  calls(campaignId: string, limit: number): Promise<AttemptRow[]>;
  /** Of all tenants and lines: calls that came in before a moment and have not been settled, oldest first. */
  openCalls(before: Date, limit: number): Promise<{ attempt: AttemptRow; contact: ContactRow }[]>;
  /** Of all lines there ever were: their calls may have post-call work left. */
  campaignIds(): Promise<string[]>;
}

export function lineStore(database: Database): LineStore {
  return {
    async set({ tenantId, line, now }) {
      const campaignId = newCampaignId();
      const spec = campaignOfLine(line);
      try {
        return await database.transact(async (db) => {
          const [found] = await db.select().from(lines).where(eq(lines.number, line.number)).for('update');
          if (found && found.tenantId !== tenantId) {
            throw new PatterError('PATTER_NUMBER_TAKEN', `${line.number} is a line of another tenant.`);
          }
          const values = {
            number: line.number,
            tenantId,
            carrier: line.carrier,
            campaignId: found?.campaignId ?? campaignId,
            updatedAt: now,
          };
          if (found) {
            await db.update(lines).set(values).where(eq(lines.number, line.number));
            await db.update(campaigns).set({ spec, name: line.name }).where(eq(campaigns.campaignId, found.campaignId));
            return { line: { ...values, name: line.name, spec }, how: 'changed' };
          }
          await db.insert(campaigns).values({
            ...{ campaignId, tenantId, kind: 'inbound', name: line.name, spec, state: 'running', createdAt: now },
            ...{ cps: String(spec.dialing.cps), maxConcurrent: spec.dialing.maxConcurrent },
          });
          await db.insert(lines).values(values);
          return { line: { ...values, name: line.name, spec }, how: 'made' };
        });
      } catch (error) {
        if (violatedConstraint(error) !== 'campaigns_live_name') throw error;
        throw new PatterError('PATTER_CAMPAIGN_STATE', `Another line is called "${line.name}": give each its own name.`, { cause: error });
      }
    },

    async get(tenantId, number) {
      const [row] = await select(database, and(eq(lines.tenantId, tenantId), eq(lines.number, number)));
      return row;
    },

    list: (tenantId) => select(database, eq(lines.tenantId, tenantId)),

    tenantOf: (number) =>
      database.run(async (db) => {
        const [row] = await db.select({ tenantId: lines.tenantId }).from(lines).where(eq(lines.number, number));
        return row?.tenantId;
      }),

    any: () => database.run(async (db) => (await db.select({ number: lines.number }).from(lines).limit(1)).length > 0),

    remove: (tenantId, number, now) =>
      database.transact(async (db) => {
        const [gone] = await db
          .delete(lines)
          .where(and(eq(lines.tenantId, tenantId), eq(lines.number, number)))
          .returning();
        if (!gone) return false;
        await db.update(campaigns).set({ state: 'completed', endedAt: now }).where(eq(campaigns.campaignId, gone.campaignId));
        return true;
      }),

    admit: (admission) => admitInbound(database, admission),

    calls: (campaignId, limit) =>
      database.run((db) =>
        db.select().from(attempts).where(eq(attempts.campaignId, campaignId)).orderBy(desc(attempts.createdAt)).limit(limit),
      ),

    openCalls: (before, limit) =>
      database.run(async (db) => {
        const rows = await db
          .select({ attempt: attempts, contact: contacts })
          .from(attempts)
          .innerJoin(contacts, eq(contacts.contactId, attempts.contactId))
          .where(and(eq(attempts.direction, 'inbound'), inArray(attempts.state, OPEN_STATES), lt(attempts.createdAt, before)))
          .orderBy(asc(attempts.createdAt))
          .limit(limit);
        return rows;
      }),

    campaignIds: () =>
      database.run(async (db) => {
        const rows = await db.select({ campaignId: campaigns.campaignId }).from(campaigns).where(eq(campaigns.kind, 'inbound'));
        return rows.map(({ campaignId }) => campaignId);
      }),
  };
}

function select(database: Database, where: ReturnType<typeof and>) {
  return database.run((db) =>
    db
      .select({
        ...{ number: lines.number, tenantId: lines.tenantId, carrier: lines.carrier, campaignId: lines.campaignId },
        ...{ updatedAt: lines.updatedAt, name: campaigns.name, spec: campaigns.spec },
      })
      .from(lines)
      .innerJoin(campaigns, eq(campaigns.campaignId, lines.campaignId))
      .where(where)
      .orderBy(asc(lines.number)),
  );
}
