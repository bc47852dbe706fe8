/**
 * Identifiers. None holds personal data: they appear in workflow ids, URLs, logs and search attributes.
 *
 * - campaignId  `cmp_<32 hex>`   one campaign
 * - contactId   `ct_<32 hex>`    one contact of one campaign
 * - callId      `call_<32 hex>_<sequence>`  one attempt to reach a contact: the attempt id, the workflow id and the tag in callback URLs
 */
import { randomBytes } from 'node:crypto';

export const DEFAULT_TENANT = 'default';

export function newCampaignId(): string {
  return `cmp_${randomBytes(16).toString('hex')}`;
}

export function newContactId(): string {
  return `ct_${randomBytes(16).toString('hex')}`;
}
