/** Campaigns of local mode: in the Temporal and Postgres of this program. */
import type { CountryCode } from 'libphonenumber-js/max';
import { systemClock } from '../../contracts/clock';
import { microsToUsd } from '../../contracts/money';
import { buildReport } from '../../control/campaigns/campaign-report';
import { controlCampaign } from '../../control/campaigns/control-campaign';
import { findCampaign } from '../../control/campaigns/find-campaign';
import { type CampaignSnapshot, followCampaign } from '../../control/campaigns/follow';
import { startCampaign } from '../../control/campaigns/start-campaign';
import type { WorkDesk } from '../backend';
import type { CampaignProgress, CampaignStart } from './campaign';
import { type ResolvedCampaign, sourceOf, withOptOut } from './options';
import type { CampaignPlace } from './place';
import { placeOf } from './work-place';

export function localPlace(desk: WorkDesk): CampaignPlace {
  const rowOf = async (key: string) => {
    const ctx = await desk.context();
    return { ctx, row: await findCampaign(ctx.store, key) };
  };
  return {
    clock: systemClock,
    async progress(key) {
      const { ctx, row } = await rowOf(key);
      const progress = await ctx.store.campaigns.progress(row.campaignId);
      return progressOf({ campaign: row, progress, final: row.endedAt !== null && progress.postCallOpen === 0 && progress.active === 0 });
    },
    async *follow(key, options) {
      const { ctx, row } = await rowOf(key);
      for await (const snapshot of followCampaign(ctx, row.campaignId, options)) yield progressOf(snapshot);
    },
    async command(key, command) {
      await controlCampaign(await desk.context(), key, command);
    },
    async report(key) {
      const { ctx, row } = await rowOf(key);
      return buildReport(ctx.store, row);
    },
    signal: () => desk.signal(),
  };
}

export async function startLocally(options: ResolvedCampaign, desk: WorkDesk): Promise<CampaignStart> {
  const { agent, callbacks, contacts, idempotencyKey, name, region, runBy, spec } = options;
  const place = await placeOf(desk, runBy, { agent, callbacks, key: `campaign/${name}` });
  const { campaign, how, imported, notes } = await startCampaign(place.ctx, {
    spec: { ...spec, agent: withOptOut(place.agent) },
    contacts: sourceOf(contacts),
    region: region as CountryCode | undefined,
    importKey: idempotencyKey,
  });
  const counts = imported && {
    total: imported.total,
    imported: imported.imported,
    rejected: imported.rejected,
    duplicates: imported.duplicates,
  };
  return { campaignId: campaign.campaignId, how, imported: counts, runBy: place.by, notes };
}

function progressOf({ campaign, final, progress }: CampaignSnapshot): CampaignProgress {
  const iso = (date: Date | null) => date?.toISOString();
  const { active, attempts, contacts: total, costMicros, done, outcomes, waiting } = progress;
  return {
    ...{ campaignId: campaign.campaignId, name: campaign.name, state: campaign.state, reason: campaign.stateReason ?? undefined },
    ...{ startedAt: iso(campaign.startedAt), endedAt: iso(campaign.endedAt) },
    contacts: { ...{ total, waiting, active, done }, rejected: campaign.rowsRejected, duplicates: campaign.rowsDuplicate },
    ...{ outcomes, attempts, costUsd: microsToUsd(costMicros), nextDueAt: iso(progress.nextDueAt), final },
  };
}
