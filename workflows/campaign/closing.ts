/** The campaign's last part: nobody new is dialled, calls in progress end by themselves, every contact gets its outcome, once. */
import { sleep } from '@temporalio/workflow';
import { closeRemainingContacts, deliverContactOutcomes, finishCampaign, sweepCampaign } from './activities';
import type { CampaignState, Closing } from './campaign-state';

const FIRST_LOOK_MS = 1_000;
const LOOK_EVERY_MS = 15_000;

export async function closeDown(campaign: CampaignState, closing: Closing): Promise<void> {
  const { campaignId } = campaign.input;
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 2, LOOK_EVERY_MS)) {
    // Again each time: a call that was taken back puts its contact back too.
    const { stillActive } = await closeRemainingContacts({ campaignId, outcome: closing.outcome });
    if (stillActive === 0) break;
    await sleep(waitMs);
    if (waitMs === LOOK_EVERY_MS) await sweepCampaign({ campaignId });
  }
  await finish(campaign, closing.state);
}

export async function finish(campaign: CampaignState, state: 'completed' | 'canceled'): Promise<void> {
  const { campaignId } = campaign.input;
  try {
    await deliverContactOutcomes({ campaignId });
  } catch {
    // A receiver that is away for an hour does not keep a campaign open; what was not delivered stays marked so.
  }
  await finishCampaign({ campaignId, state });
  campaign.state = state;
}
