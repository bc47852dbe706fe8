import { callIdFor } from '../contracts/call-id';
import type { ContactRow } from './rows';

/** The id of the contact's latest call. */
export function callOf(contact: Pick<ContactRow, 'contactId' | 'sequence'> & { callId?: string | null }): string {
  return contact.callId ?? callIdFor(contact.contactId, contact.sequence);
}
