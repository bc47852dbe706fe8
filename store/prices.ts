/** The carriers' own prices: each leg is told once, and its call's cost follows. */
import { and, asc, eq, inArray, isNotNull, lte } from 'drizzle-orm';
import type { CarrierName } from '../contracts/carrier';
import { type LegPrice, type PriceState, priceLabel } from '../contracts/carrier-price';
import type { Database, Db } from './database';
import { lockAttempt, lockCampaign } from './locks';
import type { AttemptRow } from './rows';
import { attempts, campaigns, legPrices, transfers } from './schema';

/** An ended call whose price is to be asked for, with the legs that we dialled for it. */
export interface UnpricedCall {
  attempt: AttemptRow;
  transferred: boolean;
  humanCallIds: string[];
}

/** What carriers themselves say that calls cost. */
export interface PriceStore {
  /**
   * Calls of all tenants that are due to be asked for, the longest due first. Each is put off at once to the moment that `next` gives, so that nobody else asks meanwhile,
   * and whoever dies before the answer is written only leaves a repetition of the question.
   */
  claimDue(now: Date, limit: number, next: (attempt: AttemptRow) => Date): Promise<UnpricedCall[]>;
  /**
   * Writes the legs down, each once, and lets them stand in the call's cost and in what its campaign has spent as soon as all legs that are known are told, in
   * dollars. A call that has not been settled yet gets its price with its settlement. Idempotent.
   * @returns undefined where the call is not known, or has been erased
   */
  record(callId: string, legs: readonly LegPrice[], now: Date): Promise<PriceState | undefined>;
  /** Nobody asks any more; what is told all the same still counts. */
  giveUp(callId: string): Promise<void>;
  /** What is known of a call's legs, in no order. */
  legs(callId: string): Promise<LegPrice[]>;
}

export function priceStore(database: Database): PriceStore {
  return {
    claimDue: (now, limit, next) =>
      database.transact(async (db) => {
        const due = await db
          .select()
          .from(attempts)
          .where(and(isNotNull(attempts.priceDueAt), lte(attempts.priceDueAt, now)))
          .orderBy(asc(attempts.priceDueAt))
          .limit(limit)
          .for('update', { skipLocked: true });
        if (due.length === 0) return [];
        for (const attempt of due) {
          await db
            .update(attempts)
            .set({ priceDueAt: next(attempt) })
            .where(eq(attempts.callId, attempt.callId));
        }
        const callIds = due.map(({ callId }) => callId);
        const dialled = await db
          .select({ callId: transfers.callId, humanCallId: transfers.humanCallId })
          .from(transfers)
          .where(inArray(transfers.callId, callIds));
        return due.map((attempt) => {
          const own = dialled.filter(({ callId }) => callId === attempt.callId);
          return { attempt, transferred: own.length > 0, humanCallIds: own.flatMap(({ humanCallId }) => humanCallId ?? []) };
        });
      }),

    record: (callId, legs, now) =>
      database.transact(async (db) => {
        const attempt = await lockAttempt(db, callId);
        if (!attempt || attempt.erasedAt) return undefined;
        if (legs.length > 0) {
          await db
            .insert(legPrices)
            .values(legs.map((leg) => ({ ...leg, tenantId: attempt.tenantId, callId, toldAt: now })))
            .onConflictDoNothing();
        }
        return reconcile(db, callId);
      }),

    async giveUp(callId) {
      await database.run((db) =>
        db
          .update(attempts)
          .set({ priceState: 'unknown', priceDueAt: null })
          .where(and(eq(attempts.callId, callId), eq(attempts.priceState, 'waiting'))),
      );
    },

    legs: (callId) =>
      database.run((db) =>
        db
          .select({ carrierCallId: legPrices.carrierCallId, micros: legPrices.micros, currency: legPrices.currency })
          .from(legPrices)
          .where(eq(legPrices.callId, callId)),
      ),
  };
}

/** Their ids are the carrier's, which an erasure forgets; the sum stays in the call's record. */
export async function forgetLegPrices(db: Db, callIds: readonly string[]): Promise<void> {
  if (callIds.length > 0) await db.delete(legPrices).where(inArray(legPrices.callId, [...callIds]));
}

/**
 * Lets what is told of a settled call's legs stand in its cost, and in what its campaign has spent. Reckoned anew from all legs each time, so that it may be repeated, and
 * so that a leg which is told late is added.
 */
export async function reconcile(db: Db, callId: string): Promise<PriceState | undefined> {
  const told = await db.select().from(legPrices).where(eq(legPrices.callId, callId));
  if (told.length === 0) return undefined;
  const attempt = await lockAttempt(db, callId);
  if (attempt?.state !== 'ended' || !isComplete(attempt, told)) return attempt?.priceState;
  const currencies = new Set(told.map(({ currency }) => currency));
  const [currency] = currencies;
  const common = currencies.size === 1;
  const price = {
    priceMicros: common ? told.reduce((sum, { micros }) => sum + micros, 0) : null,
    priceCurrency: common ? (currency as string) : null,
    priceToldAt: new Date(Math.max(...told.map(({ toldAt }) => toldAt.getTime()))),
    priceDueAt: null,
  };
  const before = attempt.priceState === 'final' ? [priceLine(attempt, attempt.priceMicros ?? 0)] : attempt.carrierEstimate;
  const billed = price.priceMicros !== null && price.priceCurrency === 'USD';
  const after = billed ? [priceLine(attempt, price.priceMicros as number)] : attempt.carrierEstimate;
  const costLines = [...after, ...without(attempt.costLines, before)];
  const costMicros = costLines.reduce((sum, { micros }) => sum + micros, 0);
  const priceState: PriceState = billed ? 'final' : 'foreign';
  await db
    .update(attempts)
    .set({ ...price, priceState, costLines, costMicros })
    .where(eq(attempts.callId, callId));
  if (costMicros !== attempt.costMicros) {
    const campaign = await lockCampaign(db, attempt.campaignId);
    await db
      .update(campaigns)
      .set({ spentMicros: campaign.spentMicros + costMicros - attempt.costMicros })
      .where(eq(campaigns.campaignId, attempt.campaignId));
  }
  return priceState;
}

/** The call's own leg, and as many people's as the estimate counts: a price that lacks one would be mistaken for the whole. */
function isComplete(attempt: AttemptRow, told: readonly LegPrice[]): boolean {
  const others = told.filter(({ carrierCallId }) => carrierCallId !== attempt.carrierCallId);
  const people = attempt.usage.filter(({ service, item }) => service === 'voice' && item === 'transfer');
  return others.length < told.length && others.length >= people.length;
}

function priceLine({ carrier }: AttemptRow, micros: number): { label: string; micros: number } {
  return { label: priceLabel(carrier as CarrierName), micros };
}

type Line = { label: string; micros: number };

/** Each of `taken` away once. */
function without(lines: readonly Line[], taken: readonly Line[]): Line[] {
  const left = [...lines];
  for (const { label, micros } of taken) {
    const at = left.findIndex((line) => line.label === label && line.micros === micros);
    if (at !== -1) left.splice(at, 1);
  }
  return left;
}
