import { PatterError } from '../../contracts/errors';

/** It stands in workflow ids and search attributes: nothing personal, nothing that has to be escaped. */
const TENANT_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** @throws PatterError PATTER_CONFIG_INVALID */
export function checkedTenantId(text: string): string {
  if (TENANT_ID.test(text)) return text;
  throw new PatterError(
    'PATTER_CONFIG_INVALID',
    `"${text}" is no tenant: 1 to 63 lower-case letters, digits, _ or -, not beginning with _ or -.`,
  );
}
