/**
 * Identifiers. None holds personal data: they appear in workflow ids, URLs, logs and search attributes.
 *
 * - campaignId  `cmp_<32 hex>`   one campaign
 * - contactId   `ct_<32 hex>`    one contact of one campaign
 * - callId      `call_<32 hex>_<sequence>`  one attempt to reach a contact: the attempt id, the workflow id and the tag in callback URLs
 *               `call_<32 hex>_in`          a call that came in
 */
import { createHash, randomBytes } from 'node:crypto';
import type { CarrierName } from './carrier';

export const DEFAULT_TENANT = 'default';

export function newCampaignId(): string {
  return `cmp_${randomBytes(16).toString('hex')}`;
}

/** Of the carrier's id of a call, which may hold any characters and be of any length. */
export function inboundDigest(carrier: CarrierName, carrierCallId: string): string {
  return createHash('sha256').update(`${carrier} ${carrierCallId}`).digest('hex').slice(0, 32);
}

export function newContactId(): string {
  return `ct_${randomBytes(16).toString('hex')}`;
}
