import { DEFAULT_TENANT } from '../../contracts/ids';
import type { CampaignRow } from '../../store/store';
import type { ControlContext } from '../context';
import { controlCampaign } from './control-campaign';
import { isEnded } from './find-campaign';

export interface StopResult {
  campaign: CampaignRow;
  /** Why the workflow could not be told; the row says stop in every case, and no dial passes it. */
  problem?: string;
}

/**
 * The emergency stop. First every row says so, which the gate and the last check before a request read: it holds even where Temporal or the
 * workers are down. Then every workflow pauses its campaign and takes back what the carrier still queues. Calls in progress go on to their end.
 *
 * It pauses and does not cancel, so that a stop in error costs nothing: resume, or cancel, each campaign afterwards.
 */
export async function stopAll(ctx: ControlContext, reason: string, tenantId: string = DEFAULT_TENANT): Promise<StopResult[]> {
  const running = (await ctx.store.campaigns.list(tenantId)).filter((campaign) => !isEnded(campaign) && campaign.state !== 'canceled');
  await Promise.all(running.map((campaign) => ctx.store.campaigns.setState(campaign.campaignId, 'paused', reason)));
  return Promise.all(
    running.map(async (campaign) => {
      try {
        return { campaign: await controlCampaign(ctx, campaign.campaignId, { kind: 'pause', reason }, tenantId) };
      } catch (error) {
        return { campaign, problem: (error as Error).message };
      }
    }),
  );
}
