import type { Command } from 'commander';
import { PatterError } from '../contracts/errors';
import { DEFAULT_TENANT } from '../contracts/ids';
import type { ControlContext } from '../control/context';
import { checkedTenantId } from '../control/tenants/tenant-id';

export interface TenantOptions {
  tenant?: string;
}

export function withTenant(command: Command): Command {
  return command.option('--tenant <id>', 'whose data it is about (default: default)');
}

/**
 * One that is not there is an error: with a mistyped name a campaign would run without its tenant's do-not-call list.
 * @throws PatterError PATTER_CONFIG_INVALID
 */
export async function tenantNamed(ctx: Pick<ControlContext, 'store'>, { tenant }: TenantOptions): Promise<string> {
  const tenantId = checkedTenantId(tenant ?? DEFAULT_TENANT);
  if (tenantId === DEFAULT_TENANT || (await ctx.store.tenants.list()).some((known) => known.tenantId === tenantId)) return tenantId;
  throw new PatterError('PATTER_CONFIG_INVALID', `There is no tenant ${tenantId}: \`patter keys create --tenant ${tenantId}\` makes it.`);
}
