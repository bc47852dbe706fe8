import { type Clock, sleep } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import type { CampaignProgress, CampaignRow, Store } from '../../store/store';

export interface CampaignSnapshot {
  campaign: CampaignRow;
  progress: CampaignProgress;
  /** Over, and everything after the last call is done too, or was waited for long enough. */
  final: boolean;
}

const INTERVAL_MS = 500;
/** Summaries and webhooks of the last calls are worth waiting for, a webhook that is down for an hour is not. */
const POST_CALL_PATIENCE_MS = 60_000;

/**
 * Where a campaign stands, again and again until it is over. Read from Postgres alone: it goes on whatever becomes of the workers, and asks nothing of
 * the workflow. Ends early when `signal` is aborted.
 */
export async function* followCampaign(
  ctx: { store: Pick<Store, 'campaigns'>; clock: Clock },
  campaignId: string,
  options: { signal?: AbortSignal; intervalMs?: number; postCallPatienceMs?: number } = {},
): AsyncGenerator<CampaignSnapshot> {
  let endSeenAt: number | undefined;
  while (!options.signal?.aborted) {
    const campaign = await ctx.store.campaigns.get(campaignId);
    if (!campaign) throw new PatterError('PATTER_CAMPAIGN_NOT_FOUND', `The campaign ${campaignId} is gone.`);
    const progress = await ctx.store.campaigns.progress(campaignId);
    const now = ctx.clock.monotonic();
    if (campaign.endedAt !== null) endSeenAt ??= now;
    const final =
      endSeenAt !== undefined &&
      ((progress.postCallOpen === 0 && progress.active === 0) || now - endSeenAt >= (options.postCallPatienceMs ?? POST_CALL_PATIENCE_MS));
    yield { campaign, progress, final };
    if (final) return;
    try {
      await sleep(ctx.clock, options.intervalMs ?? INTERVAL_MS, options.signal);
    } catch {
      return;
    }
  }
}
