/** Loaded when a campaign is made: an import of the package loads nothing of it. */
import type { WorkDesk } from '../backend';
import { Campaign, type CampaignHandle, KnownCampaign } from './campaign';
import { type CampaignOptions, resolveCampaign } from './options';

/** @throws PatterValidationError, PatterTypeError */
export function createCampaign(options: CampaignOptions, desk: WorkDesk): Campaign {
  return new Campaign(resolveCampaign(options, desk), desk);
}

export function campaignOf(desk: WorkDesk, name: string): CampaignHandle {
  return new KnownCampaign(name, desk);
}

export { campaignsOf } from './list';
