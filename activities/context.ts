/** What activities work with. One per worker process; nothing in it belongs to a call. */
import type { Client } from '@temporalio/client';
import { createCarriers } from '../carriers';
import { TenantCarriers } from '../carriers/tenant-carriers';
import type { Carrier, CarrierName } from '../contracts/carrier';
import type { Clock } from '../contracts/clock';
import type { PriceTable } from '../policy/cost';
import type { Config } from '../runtime/config';
import { CredentialVault } from '../runtime/credential-vault';
import type { Logger } from '../runtime/log';
import { TenantAccounts } from '../runtime/tenant-accounts';
import type { Store } from '../store/store';

export interface ActivityContext {
  readonly config: Config;
  readonly store: Store;
  /** Of the process's own configuration. Calls go through `carriersOf`. */
  readonly carriers: ReadonlyMap<CarrierName, Carrier>;
  /** Absent: all tenants use the accounts of the process. */
  readonly accounts?: Pick<TenantAccounts, 'configOf'>;
  readonly tenantCarriers?: TenantCarriers;
  readonly temporal: Client;
  /** Signs call tokens and gateway commands. */
  readonly secretKey: string;
  /** Laid over the price list. */
  readonly prices?: PriceTable;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the worker drains: what is renewed anyway (the dispatch) ends at once, for another worker to go on. */
  readonly draining?: AbortSignal;
}

/** Adds what is made from the configuration and the store: the carriers that have credentials, and the accounts of tenants. */
export function activityContext(parts: Omit<ActivityContext, 'carriers' | 'accounts' | 'tenantCarriers'>): ActivityContext {
  const { config, store, clock, log } = parts;
  const carriers = createCarriers(config);
  const vault = new CredentialVault(store.credentials, config, clock);
  const owners = { ofNumber: async () => undefined, ofCall: async () => undefined };
  const accounts = new TenantAccounts({ config, vault, owners, clock, log });
  return { ...parts, carriers, accounts, tenantCarriers: new TenantCarriers(config, carriers) };
}

/** As the calls of a tenant are to see it. @throws PatterError PATTER_POSTGRES_UNAVAILABLE, PATTER_CONFIG_INVALID */
export async function configOf(ctx: ActivityContext, tenantId: string): Promise<Config> {
  return ctx.accounts ? ctx.accounts.configOf(tenantId) : ctx.config;
}

/** With the tenant's own accounts. @throws PatterError PATTER_POSTGRES_UNAVAILABLE, PATTER_CONFIG_INVALID */
export async function carriersOf(ctx: ActivityContext, tenantId: string): Promise<ReadonlyMap<CarrierName, Carrier>> {
  return ctx.tenantCarriers?.of(await configOf(ctx, tenantId)) ?? ctx.carriers;
}
