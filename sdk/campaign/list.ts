import type { CampaignState } from '../../contracts/campaign';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { WorkDesk } from '../backend';

export interface CampaignEntry {
  readonly campaignId: string;
  readonly name: string;
  readonly state: CampaignState;
  /** ISO 8601 in UTC. */
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
}

/** The newest first. */
export async function campaignsOf(desk: WorkDesk): Promise<CampaignEntry[]> {
  const { store } = await desk.context();
  return (await store.campaigns.list(DEFAULT_TENANT)).map(({ campaignId, name, state, startedAt, endedAt }) => ({
    ...{ campaignId, name, state, startedAt: startedAt?.toISOString(), endedAt: endedAt?.toISOString() },
  }));
}
