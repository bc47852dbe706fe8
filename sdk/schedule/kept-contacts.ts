/** The contacts of a scheduled campaign: read when the schedule is made, and kept with it. */
import type { CountryCode } from 'libphonenumber-js/max';
import { MOST_SCHEDULED_CONTACTS, SCHEDULED_NAME_LIMIT } from '../../contracts/schedule';
import { normalizePhone } from '../../control/campaigns/judge-contact';
import { sourceOf } from '../campaign/options';
import { PatterValidationError } from '../errors';
import type { ScheduledCampaign } from './options';

/** @throws PatterValidationError */
export function checkName(name: string): void {
  if (name.length <= SCHEDULED_NAME_LIMIT) return;
  throw new PatterValidationError(
    'campaign.name',
    `The name of a scheduled campaign has ${SCHEDULED_NAME_LIMIT} characters at most: each firing's has its time behind it.`,
  );
}

/** As they will be imported: with the reasons, then, of those that cannot be used. @throws PatterValidationError, whatever an iterable throws */
export async function keptContacts(
  contacts: ScheduledCampaign['contacts'],
  region: CountryCode | undefined,
): Promise<Record<string, string>[]> {
  const kept: Record<string, string>[] = [];
  for await (const row of (await sourceOf(contacts).open()).rows) {
    if (kept.length === MOST_SCHEDULED_CONTACTS) {
      throw new PatterValidationError(
        'campaign.contacts',
        `A scheduled campaign has ${MOST_SCHEDULED_CONTACTS} contacts at most. Start larger ones from a program of yours.`,
      );
    }
    if (row.kind === 'reject') {
      kept.push({ phone: row.phone });
      continue;
    }
    const number = normalizePhone(row.phone, region);
    kept.push({ ...row.variables, phone: 'phone' in number ? number.phone : row.phone, ...(row.timezone && { timezone: row.timezone }) });
  }
  return kept;
}
