/** Loaded when a campaign is made in cloud mode. */
import type { RemoteDesk } from '../backend';
import { Campaign, type CampaignHandle, KnownCampaign } from './campaign';
import { cloudPlace, cloudStarter } from './cloud-place';
import { type CampaignOptions, resolveCloudCampaign } from './options';

/** @throws PatterValidationError, PatterTypeError */
export function createCloudCampaign(options: CampaignOptions, remote: RemoteDesk): Campaign {
  const resolved = resolveCloudCampaign(options);
  return new Campaign(resolved.name, cloudPlace(remote), cloudStarter(resolved, remote));
}

export function cloudCampaignOf(remote: RemoteDesk, name: string): CampaignHandle {
  return new KnownCampaign(name, cloudPlace(remote));
}

export { campaignsAt } from './cloud-place';
