/** A call that came in: who called, the record and the lease, in one transaction, or nothing. */
import { and, eq, ne, sql } from 'drizzle-orm';
import { appOf, type Variables } from '../contracts/agent';
import type { CarrierName } from '../contracts/carrier';
import { newContactId } from '../contracts/ids';
import { ANONYMOUS_CALLER } from '../contracts/line';
import type { Database, Db } from './database';
import { liveGateways } from './gateways';
import { lockCampaign, lockContact, lockNumber, lockRoom } from './locks';
import type { AttemptRow, CampaignRow, ContactRow } from './rows';
import { attempts, contacts, leases, lines, suppressions } from './schema';

/** A call that came in, as its webhook told of it. */
export interface Admission {
  callId: string;
  carrier: CarrierName;
  carrierCallId: string;
  /** E.164; undefined where it is withheld. */
  from: string | undefined;
  /** Our number. */
  to: string;
  variables: Variables;
  /** Who holds the call. */
  gatewayId: string;
  now: Date;
  /** When the sweeper looks after it. */
  deadline(campaign: CampaignRow): Date;
}

export type AdmissionResult =
  | { kind: 'admitted'; attempt: AttemptRow; campaign: CampaignRow }
  | { kind: 'no_line' }
  /** No gateway lives that has room. */
  | { kind: 'no_room' };

export function admitInbound(database: Database, admission: Admission): Promise<AdmissionResult> {
  // Drawn once: the transaction may be repeated.
  const contactId = newContactId();
  return database.transact(async (db) => {
    const { callId, carrier, to, now } = admission;
    const existing = await admitted(db, callId);
    if (existing) return existing;
    const [line] = await db.select().from(lines).where(eq(lines.number, to));
    if (line?.carrier !== carrier) return { kind: 'no_line' };

    const contact = await callerOf(db, { ...admission, ...line, contactId });
    const { tenantId, campaignId } = line;
    await lockNumber(db, tenantId, contact.phone);
    // Another process may have admitted the call while this one waited for the caller's row.
    const meanwhile = await admitted(db, callId);
    if (meanwhile) return meanwhile;
    const campaign = await lockCampaign(db, campaignId);
    await lockRoom(db);
    const live = await liveGateways(db, now, appOf(campaign.spec.agent));
    const gateway = live.find(({ gatewayId }) => gatewayId === admission.gatewayId) ?? live[0];
    if (!gateway) return { kind: 'no_room' };

    const attempt = contact.attempts + 1;
    const suppressed = await isSuppressed(db, tenantId, contact.phone);
    const [row] = await db
      .insert(attempts)
      .values({
        ...{ callId, tenantId, campaignId, contactId: contact.contactId, attempt, carrier },
        direction: 'inbound',
        toNumber: admission.from ?? ANONYMOUS_CALLER,
        fromNumber: to,
        variables: admission.variables,
        state: 'placed',
        verdict: { decision: 'allow', ...(suppressed && { note: 'suppressed' }) },
        gatewayId: gateway.gatewayId,
        carrierCallId: admission.carrierCallId,
        createdAt: now,
      })
      .returning();
    await db
      .update(contacts)
      .set({
        ...{ status: 'active', callId, attempts: attempt, sequence: contact.sequence + 1, claimedAt: now },
        ...{ outcome: null, outcomeReason: null, endedAt: null, outcomeDelivered: false },
      })
      .where(eq(contacts.contactId, contact.contactId));
    await db.insert(leases).values({
      ...{ tenantId, callId, campaignId, gatewayId: gateway.gatewayId, deadline: admission.deadline(campaign) },
      // Who talks to us is not dialled meanwhile. A second call from one number (a switchboard) holds nothing but its place.
      phone: (await isLeased(db, tenantId, contact.phone, callId)) ? callId : contact.phone,
      dialBy: now,
    });
    return { kind: 'admitted', attempt: row!, campaign };
  });
}

/** By an earlier run: its answer was lost, or the webhook came twice. */
async function admitted(db: Db, callId: string): Promise<Extract<AdmissionResult, { kind: 'admitted' }> | undefined> {
  const [attempt] = await db.select().from(attempts).where(eq(attempts.callId, callId));
  if (!attempt) return undefined;
  const campaign = await lockCampaign(db, attempt.campaignId);
  return { kind: 'admitted', attempt, campaign };
}

interface Caller extends Admission {
  tenantId: string;
  campaignId: string;
  contactId: string;
}

/**
 * The line's contact of that number, made at the first call. Whoever withholds the number is a contact of that one call: two of them
 * are hardly the same person, and each is forgotten in its own time.
 */
async function callerOf(db: Db, caller: Caller): Promise<ContactRow> {
  const { campaignId, callId, from, now, tenantId } = caller;
  const phone = from ?? `${ANONYMOUS_CALLER}:${callId}`;
  const nextLine = sql<number>`(select coalesce(max(${contacts.line}), 0) + 1 from ${contacts} where ${contacts.campaignId} = ${campaignId})`;
  await db
    .insert(contacts)
    .values({
      ...{ contactId: caller.contactId, tenantId, campaignId, phone, timezones: [], variables: {} },
      ...{ line: nextLine as unknown as number, status: 'active', dueAt: now, claimedAt: now, callId },
    })
    .onConflictDoNothing({ target: [contacts.campaignId, contacts.phone] });
  const [found] = await db
    .select({ contactId: contacts.contactId })
    .from(contacts)
    .where(and(eq(contacts.campaignId, campaignId), eq(contacts.phone, phone)));
  return lockContact(db, found?.contactId ?? caller.contactId);
}

async function isLeased(db: Db, tenantId: string, phone: string, callId: string): Promise<boolean> {
  const rows = await db
    .select({ callId: leases.callId })
    .from(leases)
    .where(and(eq(leases.tenantId, tenantId), eq(leases.phone, phone), ne(leases.callId, callId)));
  return rows.length > 0;
}

async function isSuppressed(db: Db, tenantId: string, phone: string): Promise<boolean> {
  const rows = await db
    .select({ phone: suppressions.phone })
    .from(suppressions)
    .where(and(eq(suppressions.tenantId, tenantId), eq(suppressions.phone, phone)));
  return rows.length > 0;
}
