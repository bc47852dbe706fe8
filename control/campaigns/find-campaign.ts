import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { CampaignRow, Store } from '../../store/store';

/**
 * The campaign of that id, or the newest of that name.
 * @throws PatterError PATTER_CAMPAIGN_NOT_FOUND
 */
export async function findCampaign(
  store: Pick<Store, 'campaigns'>,
  nameOrId: string,
  tenantId: string = DEFAULT_TENANT,
): Promise<CampaignRow> {
  const byId = /^cmp_[0-9a-f]{32}$/.test(nameOrId) ? await store.campaigns.get(nameOrId) : undefined;
  const campaign = byId?.tenantId === tenantId ? byId : await store.campaigns.latestByName(tenantId, nameOrId);
  if (campaign) return campaign;
  const names = [...new Set((await store.campaigns.list(tenantId)).map((row) => row.name))].slice(0, 5);
  const known = names.length > 0 ? ` The latest are: ${names.join(', ')}.` : ' There is none yet.';
  throw new PatterError('PATTER_CAMPAIGN_NOT_FOUND', `No campaign is called "${nameOrId}".${known}`, { details: { nameOrId } });
}

/** Over: it will not dial again. */
export function isEnded(campaign: Pick<CampaignRow, 'state' | 'endedAt'>): boolean {
  return campaign.endedAt !== null || campaign.state === 'completed';
}
