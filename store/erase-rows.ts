/** What is left of the rows of people who are forgotten. */
import { and, eq, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { Db } from './database';
import { forgetLegPrices } from './prices';
import { requestRecordingRemoval } from './recordings';
import type { ContactRow } from './rows';
import { attempts, campaigns, contacts, rejectedRows, verdicts } from './schema';

/** Instead of what was there, where a column must have something. */
export const ERASED = 'erased';

export async function eraseContacts(db: Db, own: readonly ContactRow[], now: Date): Promise<void> {
  if (own.length === 0) return;
  await db
    .update(contacts)
    .set({
      // Unique within its campaign.
      phone: sql`${`${ERASED}:`}::text || ${contacts.contactId}`,
      timezones: [],
      variables: {},
      waitReason: null,
      outcomeReason: ERASED,
      // Who waits is not called any more.
      status: 'done',
      outcome: sql`coalesce(${contacts.outcome}, 'canceled')`,
      endedAt: sql`coalesce(${contacts.endedAt}, ${now.toISOString()}::timestamptz)`,
      claimedAt: null,
      outcomeDelivered: true,
      erasedAt: now,
    })
    .where(
      inArray(
        contacts.contactId,
        own.map(({ contactId }) => contactId),
      ),
    );
  await eraseSingleSpecs(db, own);
}

/** The agent of a single call may have been written for this one person. */
async function eraseSingleSpecs(db: Db, own: readonly ContactRow[]): Promise<void> {
  await db
    .update(campaigns)
    .set({
      spec: sql`jsonb_set(${campaigns.spec}, '{agent}', (${campaigns.spec} -> 'agent') || ${JSON.stringify({ systemPrompt: ERASED, firstMessage: '', disclosure: '' })}::jsonb)
        || jsonb_build_object('dialing', ((${campaigns.spec} -> 'dialing') || '{"voicemailMessage": ""}'::jsonb) - 'answering')`,
      single: sql`${campaigns.single} || '{"metadata": {}}'::jsonb`,
    })
    .where(
      and(
        eq(campaigns.kind, 'single'),
        inArray(
          campaigns.campaignId,
          own.map(({ campaignId }) => campaignId),
        ),
      ),
    );
}

export async function eraseCalls(db: Db, callIds: readonly string[], own: readonly ContactRow[], now: Date): Promise<void> {
  const withoutReason = (verdict: typeof attempts.verdict | typeof verdicts.verdict) =>
    sql`case when ${verdict} ? 'reason' then jsonb_set(${verdict}, '{reason}', ${`"${ERASED}"`}::jsonb) else ${verdict} end`;
  await db
    .update(attempts)
    .set({
      toNumber: ERASED,
      variables: null,
      carrierCallId: null,
      // Nothing is left to ask the carrier with. What it has told stays.
      priceDueAt: null,
      priceState: sql`case when ${attempts.priceState} = 'waiting' then 'unknown' else ${attempts.priceState} end`,
      turns: [],
      toolCalls: [],
      summary: null,
      extraction: null,
      reason: null,
      verdict: withoutReason(attempts.verdict),
      // No step after the call is taken up again.
      postCallDone: true,
      erasedAt: now,
    })
    .where(anyOf(attempts.callId, callIds));
  await requestRecordingRemoval(db, callIds, now);
  await forgetLegPrices(db, callIds);
  await db
    .update(verdicts)
    .set({ verdict: withoutReason(verdicts.verdict) })
    .where(
      anyOf(
        verdicts.contactId,
        own.map(({ contactId }) => contactId),
      ),
    );
}

/** Rows that were never contacts have no end of their own: their campaign's counts. */
export async function eraseOldRejected(db: Db, tenantId: string, endedBefore: Date, limit: number): Promise<number> {
  const old = db
    .select({ campaignId: campaigns.campaignId })
    .from(campaigns)
    .where(and(eq(campaigns.tenantId, tenantId), lt(campaigns.endedAt, endedBefore)));
  const some = await db
    .select({ campaignId: rejectedRows.campaignId, line: rejectedRows.line })
    .from(rejectedRows)
    .where(and(sql`${rejectedRows.phone} <> ${ERASED}`, inArray(rejectedRows.campaignId, old)))
    .limit(limit);
  for (const { campaignId, line } of some) {
    await db
      .update(rejectedRows)
      .set({ phone: ERASED, reason: ERASED })
      .where(and(eq(rejectedRows.campaignId, campaignId), eq(rejectedRows.line, line)));
  }
  return some.length;
}

export function anyOf(
  column: typeof attempts.contactId | typeof attempts.callId | typeof verdicts.contactId,
  values: readonly string[],
): SQL {
  return values.length === 0 ? sql`false` : inArray(column, [...values]);
}
