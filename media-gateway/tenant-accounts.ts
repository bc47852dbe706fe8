import { systemClock } from '../contracts/clock';
import type { Config } from '../runtime/config';
import { CredentialVault } from '../runtime/credential-vault';
import type { Logger } from '../runtime/log';
import { TenantAccounts } from '../runtime/tenant-accounts';
import type { Store } from '../store/store';

/**
 * Accounts of tenants, as a gateway needs them: whose is a call, whose is a number, and what keys have they. The one thing besides its registration that it
 * reads of the store: secrets do not travel through workflows.
 */
export function tenantAccounts(config: Config, store: Pick<Store, 'credentials' | 'attempts' | 'lines'>, log: Logger): TenantAccounts {
  return new TenantAccounts({
    ...{ config, log, clock: systemClock },
    vault: new CredentialVault(store.credentials, config, systemClock),
    owners: {
      ofNumber: (number) => store.lines.tenantOf(number),
      ofCall: async (callId) => (await store.attempts.get(callId))?.tenantId,
    },
  });
}
