/**
 * Locks, always taken in this order, so that two transactions never wait for each other in a circle:
 * contact row → number → attempt row → campaign row → gateways' room.
 */
import { eq, sql } from 'drizzle-orm';
import { PatterError } from '../contracts/errors';
import type { Db } from './database';
import type { AttemptRow, CampaignRow, ContactRow } from './rows';
import { attempts, campaigns, contacts } from './schema';

export async function lockContact(db: Db, contactId: string): Promise<ContactRow> {
  const [row] = await db.select().from(contacts).where(eq(contacts.contactId, contactId)).for('update');
  if (!row) throw new PatterError('PATTER_CALL_NOT_FOUND', `There is no contact ${contactId}.`);
  return row;
}

/** A number has no row of its own: an advisory lock that ends with the transaction. */
export async function lockNumber(db: Db, tenantId: string, phone: string): Promise<void> {
  await db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`number ${tenantId} ${phone}`}, 0))`);
}

export async function lockAttempt(db: Db, callId: string): Promise<AttemptRow | undefined> {
  const [row] = await db.select().from(attempts).where(eq(attempts.callId, callId)).for('update');
  return row;
}

/** Budget, open calls and state do not change while it is held: a pause waits for intents that are being written. */
export async function lockCampaign(db: Db, campaignId: string): Promise<CampaignRow> {
  const [row] = await db.select().from(campaigns).where(eq(campaigns.campaignId, campaignId)).for('no key update');
  if (!row) throw new PatterError('PATTER_CAMPAIGN_NOT_FOUND', `There is no campaign ${campaignId}.`);
  return row;
}

/** One reservation at a time, over all campaigns: the last place of a gateway is given once. */
export async function lockRoom(db: Db): Promise<void> {
  await db.execute(sql`select pg_advisory_xact_lock(hashtextextended('gateway room', 0))`);
}
