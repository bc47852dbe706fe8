import { callIdFor } from '../contracts/call-id';
import type { ContactRow } from './store';

/** The id of the contact's latest call. */
export function callOf(contact: Pick<ContactRow, 'contactId' | 'sequence'>): string {
  return callIdFor(contact.contactId, contact.sequence);
}
