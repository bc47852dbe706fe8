import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { systemClock } from '../../../contracts/clock';
import type { ProviderCredentials } from '../../../contracts/provider-credentials';
import type { Config } from '../../../runtime/config';
import { CredentialVault } from '../../../runtime/credential-vault';
import { TenantAccounts } from '../../../runtime/tenant-accounts';
import type { Store } from '../../../store/store';

export const ENCRYPTION_KEY = randomBytes(32).toString('base64');

/** Accounts of tenants in the store, and whose is what. */
export async function tenants<Provider extends 'twilio' | 'telnyx'>(
  store: Store,
  provider: Provider,
  accounts: Record<string, ProviderCredentials[Provider]>,
  owners: { calls: Map<string, string>; numbers: Map<string, string> },
): Promise<(config: Config) => TenantAccounts> {
  const vaultOf = (config: Pick<Config, 'PATTER_ENCRYPTION_KEY'>) => new CredentialVault(store.credentials, config as Config, systemClock);
  for (const [tenantId, values] of Object.entries(accounts))
    await vaultOf({ PATTER_ENCRYPTION_KEY: ENCRYPTION_KEY }).set(tenantId, provider, values as never);
  return (config) =>
    new TenantAccounts({
      config,
      vault: vaultOf(config),
      owners: { ofCall: async (callId) => owners.calls.get(callId), ofNumber: async (number) => owners.numbers.get(number) },
      clock: systemClock,
      log: pino({ level: 'silent' }),
    });
}
