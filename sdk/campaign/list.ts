import type { CampaignState } from '../../contracts/campaign';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { WorkDesk } from '../backend';

/** A campaign in a list; `phone.campaigns.get()` tells more. */
export interface CampaignEntry {
  /** `cmp_…` */
  readonly campaignId: string;
  /** As in its options. */
  readonly name: string;
  /** Whether it dials. */
  readonly state: CampaignState;
  /** ISO 8601 in UTC. */
  readonly startedAt: string | undefined;
  /** ISO 8601 in UTC. */
  readonly endedAt: string | undefined;
}

/** The newest first. */
export async function campaignsOf(desk: WorkDesk): Promise<CampaignEntry[]> {
  const { store } = await desk.context();
  return (await store.campaigns.list(DEFAULT_TENANT)).map(({ campaignId, name, state, startedAt, endedAt }) => ({
    ...{ campaignId, name, state, startedAt: startedAt?.toISOString(), endedAt: endedAt?.toISOString() },
  }));
}
