/** The transaction of decision 1: facts, verdict, attempt, lease and intent, or nothing. */
import { randomUUID } from 'node:crypto';
import { and, asc, count, eq, gt, inArray, isNotNull, ne } from 'drizzle-orm';
import { appOf } from '../contracts/agent';
import { PatterError } from '../contracts/errors';
import type { GateVerdict } from '../contracts/gate';
import type { GatewayRegistration } from '../contracts/gateway';
import { DEFAULT_TENANT } from '../contracts/ids';
import type { Outcome } from '../contracts/outcomes';
import type { AttemptStore } from './attempts';
import { callOf } from './call-of';
import type { Database, Db } from './database';
import { liveGateways } from './gateways';
import { lockCampaign, lockContact, lockNumber, lockRoom } from './locks';
import type { AttemptRow, CampaignRow, ContactRow } from './rows';
import { type AttemptState, attempts, contacts, leases, lines, suppressions, verdicts } from './schema';
import { closeSingle } from './singles';

export interface DialIntent {
  tenantId: string;
  campaignId: string;
  contactId: string;
  callId: string;
  fromNumber: string;
  carrier: string;
  now: Date;
  /** No request may be sent after this. */
  dialBy: Date;
  deadline: Date;
}

/** What the gate judges, read under lock inside the dial's transaction. */
export interface GateFacts {
  campaign: CampaignRow;
  contact: ContactRow;
  /** Another tenant, who has the line of the number that the call would come from. The operator calls from any. */
  callerIdOf: string | undefined;
  suppression: { source: string; reason: string; createdAt: Date } | undefined;
  /** Counted calls to this number by the tenant, over all campaigns, that began in the last 24 hours: their starts, oldest first. */
  callsLastDay: Date[];
  /** Another call that holds the number. */
  numberLease: { callId: string } | undefined;
  spentMicros: number;
  /** Other open calls of this campaign, whose cost is not known yet. */
  openCalls: number;
  /** Live gateways with room, least loaded first; those that died or drain are not in it. */
  gateways: GatewayRegistration[];
  /** The row of this very attempt, when an earlier try of the activity wrote it. */
  existing: AttemptRow | undefined;
}

const DAY_MS = 86_400_000;
export const OPEN_STATES: AttemptState[] = ['intent', 'placed', 'unknown'];

type Judge = Parameters<AttemptStore['openIntent']>[1];
type Result = Awaited<ReturnType<AttemptStore['openIntent']>>;

export function openIntent(database: Database, intent: DialIntent, judge: Judge): Promise<Result> {
  // Marks the rows of this run, so that its own commit, repeated because the answer was lost, is not taken for another run's.
  const dialId = randomUUID();
  return database.transact(async (db) => {
    const contact = await lockContact(db, intent.contactId);
    await lockNumber(db, intent.tenantId, contact.phone);
    const campaign = await lockCampaign(db, intent.campaignId);
    await lockRoom(db);
    const facts = await readFacts(db, intent, contact, campaign);
    if (facts.existing) {
      const attempt = facts.existing;
      if (attempt.dialId === dialId) facts.existing = undefined;
      return { verdict: attempt.verdict, facts, attempt };
    }
    const dials = campaign.kind === 'outbound' || campaign.kind === 'single';
    if (!dials || callOf(contact) !== intent.callId || (contact.status !== 'claimed' && contact.status !== 'active')) {
      return { verdict: superseded(intent), facts };
    }
    const { verdict, gatewayId } = judge(facts);
    await db
      .insert(verdicts)
      .values({
        tenantId: intent.tenantId,
        campaignId: intent.campaignId,
        contactId: intent.contactId,
        callId: intent.callId,
        verdict,
        at: intent.now,
      })
      .onConflictDoNothing();
    const attempt = await writeAttempt(db, intent, facts, verdict, gatewayId ?? null, dialId);
    await moveContact(db, intent, facts, verdict);
    if (verdict.decision === 'allow') await takeLease(db, intent, facts, gatewayId ?? null);
    return { verdict, facts, attempt };
  });
}

function superseded(intent: DialIntent): GateVerdict {
  return {
    decision: 'defer',
    rule: 'campaign_state',
    reason: 'the contact has moved on: this call is superseded',
    until: intent.now.getTime(),
  };
}

async function readFacts(db: Db, intent: DialIntent, contact: ContactRow, campaign: CampaignRow): Promise<GateFacts> {
  const { tenantId, callId, now } = intent;
  const { phone } = contact;
  const [existing] = await db.select().from(attempts).where(eq(attempts.callId, callId));
  const [line] = await db.select({ tenantId: lines.tenantId }).from(lines).where(eq(lines.number, intent.fromNumber));
  const [suppression] = await db
    .select({ source: suppressions.source, reason: suppressions.reason, createdAt: suppressions.createdAt })
    .from(suppressions)
    .where(and(eq(suppressions.tenantId, tenantId), eq(suppressions.phone, phone)));
  const lastDay = await db
    .select({ createdAt: attempts.createdAt })
    .from(attempts)
    .where(
      and(
        eq(attempts.tenantId, tenantId),
        eq(attempts.toNumber, phone),
        eq(attempts.direction, 'outbound'),
        gt(attempts.createdAt, new Date(now.getTime() - DAY_MS)),
        isNotNull(attempts.attempt),
        ne(attempts.callId, callId),
      ),
    )
    .orderBy(asc(attempts.createdAt));
  const [open] = await db
    .select({ n: count() })
    .from(attempts)
    .where(and(eq(attempts.campaignId, intent.campaignId), inArray(attempts.state, OPEN_STATES), ne(attempts.callId, callId)));
  return {
    campaign,
    contact,
    callerIdOf: tenantId === DEFAULT_TENANT || line?.tenantId === tenantId ? undefined : line?.tenantId,
    suppression,
    callsLastDay: lastDay.map((row) => row.createdAt),
    numberLease: await leaseOfAnother(db, intent, phone),
    spentMicros: campaign.spentMicros,
    openCalls: open?.n ?? 0,
    gateways: await liveGateways(db, now, appOf(campaign.spec.agent)),
    existing,
  };
}

/** A lease holds until its call is settled. One past its deadline whose call is not open (any more) is a leftover and holds nothing. */
async function leaseOfAnother(db: Db, intent: DialIntent, phone: string): Promise<{ callId: string } | undefined> {
  const [lease] = await db
    .select({ callId: leases.callId, deadline: leases.deadline, state: attempts.state })
    .from(leases)
    .leftJoin(attempts, eq(attempts.callId, leases.callId))
    .where(and(eq(leases.tenantId, intent.tenantId), eq(leases.phone, phone), ne(leases.callId, intent.callId)));
  if (!lease) return undefined;
  const open = lease.state !== null && OPEN_STATES.includes(lease.state);
  return open || lease.deadline > intent.now ? { callId: lease.callId } : undefined;
}

async function writeAttempt(
  db: Db,
  intent: DialIntent,
  facts: GateFacts,
  verdict: GateVerdict,
  gatewayId: string | null,
  dialId: string,
): Promise<AttemptRow> {
  const allowed = verdict.decision === 'allow';
  // Nobody else tells of a single call that is not made: its record does.
  const over = facts.campaign.kind === 'single' && verdict.decision === 'skip' ? outcomeOfSkip(facts.campaign, verdict.rule) : undefined;
  const [row] = await db
    .insert(attempts)
    .values({
      callId: intent.callId,
      tenantId: intent.tenantId,
      campaignId: intent.campaignId,
      contactId: intent.contactId,
      attempt: allowed ? facts.contact.attempts + 1 : null,
      toNumber: facts.contact.phone,
      fromNumber: intent.fromNumber,
      state: allowed ? 'intent' : over ? 'ended' : 'not_placed',
      ...(over && { outcome: over, contactOutcome: over }),
      verdict,
      gatewayId,
      carrier: intent.carrier,
      createdAt: intent.now,
      endedAt: allowed ? null : intent.now,
      reason: verdict.decision === 'allow' ? null : `${verdict.rule}: ${verdict.reason}`,
      dialId,
    })
    .returning();
  return row!;
}

async function moveContact(db: Db, intent: DialIntent, { campaign, contact }: GateFacts, verdict: GateVerdict): Promise<void> {
  const set = (values: Partial<typeof contacts.$inferInsert>) =>
    db.update(contacts).set(values).where(eq(contacts.contactId, contact.contactId));
  switch (verdict.decision) {
    case 'allow':
      await set({ status: 'active', attempts: contact.attempts + 1, waitReason: null });
      return;
    case 'defer':
      await set({ status: 'waiting', dueAt: new Date(verdict.until), waitReason: `${verdict.rule}: ${verdict.reason}`, claimedAt: null });
      return;
    case 'skip':
      await set({
        status: 'done',
        outcome: outcomeOfSkip(campaign, verdict.rule),
        outcomeReason: verdict.rule === 'campaign_state' ? verdict.reason : verdict.rule,
        endedAt: intent.now,
        claimedAt: null,
        outcomeDelivered: campaign.kind === 'single',
      });
      if (campaign.kind === 'single') await closeSingle(db, campaign.campaignId, intent.now);
      return;
  }
}

/** A campaign that is over is no verdict on the contact. */
function outcomeOfSkip(campaign: CampaignRow, rule: string): Outcome {
  // No verdict either: it is we who cannot.
  if (rule === 'capacity') return 'failed';
  if (rule !== 'campaign_state') return 'skipped';
  return campaign.state === 'canceled' ? 'canceled' : 'expired';
}

async function takeLease(db: Db, intent: DialIntent, { contact, numberLease }: GateFacts, gatewayId: string | null): Promise<void> {
  if (numberLease) {
    throw new PatterError('PATTER_CALL_DUPLICATE', `The number is in use by ${numberLease.callId}; the gate must not allow this call.`);
  }
  const { tenantId, callId, campaignId, dialBy, deadline } = intent;
  const lease = { callId, campaignId, gatewayId, dialBy, deadline };
  await db
    .insert(leases)
    .values({ tenantId, phone: contact.phone, ...lease })
    // Only a leftover can be there: the number is locked and no other call holds it.
    .onConflictDoUpdate({ target: [leases.tenantId, leases.phone], set: lease });
}
