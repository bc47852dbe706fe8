/** Loaded when a campaign is made: an import of the package loads nothing of it. */
import type { WorkDesk } from '../backend';
import { Campaign, type CampaignHandle, KnownCampaign } from './campaign';
import { localPlace, startLocally } from './local-place';
import { type CampaignOptions, resolveCampaign } from './options';

/** @throws PatterValidationError, PatterTypeError */
export function createCampaign(options: CampaignOptions, desk: WorkDesk): Campaign {
  const resolved = resolveCampaign(options, desk);
  return new Campaign(resolved.name, localPlace(desk), () => startLocally(resolved, desk));
}

export function campaignOf(desk: WorkDesk, name: string): CampaignHandle {
  return new KnownCampaign(name, localPlace(desk));
}

export { campaignsOf } from './list';
