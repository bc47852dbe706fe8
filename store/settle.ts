/** The end of a call: record, lease, opt-out, cost and the contact's next state in one transaction, once. */
import { and, asc, eq, isNotNull, ne } from 'drizzle-orm';
import type { CallSettlement } from '../contracts/activities';
import type { PriceState } from '../contracts/carrier-price';
import type { AttemptStore } from './attempts';
import { callOf } from './call-of';
import type { Database, Db } from './database';
import { lockAttempt, lockCampaign, lockContact } from './locks';
import { reconcile } from './prices';
import type { AttemptRow, CampaignRow, ContactRow } from './rows';
import { attempts, campaigns, contacts, leases, transfers } from './schema';
import { closeSingle } from './singles';
import { insertSuppression } from './suppressions';

type Decide = Parameters<AttemptStore['settle']>[1];
type Decision = ReturnType<Decide>;
type Result = Awaited<ReturnType<AttemptStore['settle']>>;

export function settle(database: Database, settlement: CallSettlement, decide: Decide, now: Date): Promise<Result> {
  return database.transact(async (db) => {
    const contact = await lockContact(db, settlement.contactId);
    const row = await lockAttempt(db, settlement.callId);
    const campaign = await lockCampaign(db, settlement.campaignId);
    if (row && isSettled(row)) return firstResult(row);

    const current = callOf(contact) === settlement.callId && (contact.status === 'claimed' || contact.status === 'active');
    const count = countOf(settlement, row, contact);
    const after = { ...contact, attempts: contact.attempts + count.change };
    const decision = decide({ campaign, contact: after, history: await historyBefore(db, settlement) });
    const next = current ? nextOf(settlement, decision, now) : undefined;

    await writeRecord(db, settlement, { row, contact, campaign, attempt: count.attempt, decision, next, now });
    await db.delete(leases).where(eq(leases.callId, settlement.callId));
    for (const { transferNumber, result } of settlement.transfers ?? []) {
      await db
        .update(transfers)
        .set({ result })
        .where(and(eq(transfers.callId, settlement.callId), eq(transfers.transferNumber, transferNumber)));
    }
    if (settlement.optOut) {
      await insertSuppression(db, {
        tenantId: settlement.tenantId,
        phone: contact.phone,
        source: settlement.optOut.by,
        reason: settlement.optOut.text ?? 'asked not to be called again',
        callId: settlement.callId,
        now,
      });
    }
    await db
      .update(contacts)
      .set({ attempts: after.attempts, ...(next && contactAfter(next, now)) })
      .where(eq(contacts.contactId, contact.contactId));
    await db
      .update(campaigns)
      .set({ spentMicros: campaign.spentMicros + decision.costMicros - (row?.costMicros ?? 0) })
      .where(eq(campaigns.campaignId, campaign.campaignId));
    // What was told before this, by a webhook that was faster.
    await reconcile(db, settlement.callId);
    if (campaign.kind === 'single' && next?.kind === 'done') await closeSingle(db, campaign.campaignId, now);
    return { ...resultOf(next), alreadySettled: false };
  });
}

/** The gate's refusals are settled where they are written. */
function isSettled(row: AttemptRow): boolean {
  return row.state === 'ended' || row.verdict.decision !== 'allow';
}

function firstResult(row: AttemptRow): Result {
  return {
    contactOutcome: row.contactOutcome ?? undefined,
    nextAttemptAt: row.nextAttemptAt ?? undefined,
    alreadySettled: true,
  };
}

type Next = Decision['next'];

function nextOf(settlement: CallSettlement, { next }: Decision, now: Date): Next {
  if (next.kind === 'done' || settlement.retryAfterMs === undefined) return next;
  return { ...next, at: new Date(Math.max(next.at.getTime(), now.getTime() + settlement.retryAfterMs)) };
}

function resultOf(next: Next | undefined): Omit<Result, 'alreadySettled'> {
  if (!next) return {};
  return next.kind === 'done' ? { contactOutcome: next.outcome } : { nextAttemptAt: next.at };
}

/** Which counted attempt the call is in the end, and what that changes for its contact. Only the last one can be given back. */
function countOf(settlement: CallSettlement, row: AttemptRow | undefined, contact: ContactRow): { attempt: number | null; change: number } {
  const counted = row?.attempt ?? null;
  if (settlement.consumed) {
    return counted === null ? { attempt: contact.attempts + 1, change: 1 } : { attempt: counted, change: 0 };
  }
  return counted !== null && counted === contact.attempts ? { attempt: null, change: -1 } : { attempt: counted, change: 0 };
}

function historyBefore(db: Db, { contactId, callId }: CallSettlement): Promise<AttemptRow[]> {
  return db
    .select()
    .from(attempts)
    .where(and(eq(attempts.contactId, contactId), isNotNull(attempts.attempt), ne(attempts.callId, callId)))
    .orderBy(asc(attempts.attempt));
}

interface Record {
  row: AttemptRow | undefined;
  contact: ContactRow;
  campaign: CampaignRow;
  attempt: number | null;
  decision: Decision;
  next: Next | undefined;
  now: Date;
}

async function writeRecord(db: Db, settlement: CallSettlement, record: Record): Promise<void> {
  const { row, contact, campaign, attempt, decision, next, now } = record;
  const instant = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));
  const values = {
    attempt,
    state: 'ended' as const,
    carrierCallId: row?.carrierCallId ?? settlement.carrierCallId ?? null,
    ringingAt: instant(settlement.ringingAt),
    answeredAt: instant(settlement.answeredAt),
    endedAt: new Date(settlement.endedAt),
    outcome: settlement.outcome,
    reason: settlement.reason ?? null,
    answeredBy: settlement.answeredBy,
    transferredTo: settlement.transferredTo ?? null,
    voicemailLeft: settlement.voicemailLeft,
    turns: settlement.turns,
    toolCalls: settlement.toolCalls,
    usage: settlement.usage,
    costMicros: decision.costMicros,
    costLines: decision.costLines,
    carrierEstimate: decision.carrierEstimate ?? [],
    priceState: priceStateOf(decision),
    priceDueAt: decision.priceDueAt ?? null,
    errorCode: settlement.errorCode ?? null,
    contactOutcome: next?.kind === 'done' ? next.outcome : null,
    nextAttemptAt: next?.kind === 'retry' ? next.at : null,
  };
  if (row) {
    await db.update(attempts).set(values).where(eq(attempts.callId, row.callId));
    return;
  }
  // The dial broke before its transaction: the call is recorded all the same, so that its contact's story has no hole.
  const { tenantId, campaignId, contactId, callId } = settlement;
  await db.insert(attempts).values({
    ...values,
    tenantId,
    campaignId,
    contactId,
    callId,
    toNumber: contact.phone,
    fromNumber: campaign.spec.from[0] ?? '',
    carrier: campaign.spec.carrier,
    verdict: { decision: 'allow' },
    createdAt: now,
  });
}

function priceStateOf({ carrierEstimate, priceDueAt }: Decision): PriceState {
  if (priceDueAt) return 'waiting';
  return carrierEstimate && carrierEstimate.length > 0 ? 'unknown' : 'none';
}

function contactAfter(next: Next, now: Date): Partial<typeof contacts.$inferInsert> {
  return next.kind === 'done'
    ? {
        status: 'done',
        outcome: next.outcome,
        outcomeReason: next.reason ?? null,
        endedAt: now,
        claimedAt: null,
        // The call's own post-call workflow tells the webhooks.
        outcomeDelivered: true,
      }
    : { status: 'waiting', dueAt: next.at, waitReason: next.waitReason, claimedAt: null };
}
