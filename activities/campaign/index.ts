import type { CallActivities, CampaignActivities } from '../../contracts/activities';
import type { ActivityContext } from '../context';
import { createDeliverContactOutcomes } from './deliver-outcomes';
import { createDispatch } from './dispatch';
import { cancelQueued } from './queued-calls';
import { createSweep } from './sweep';

/** @param calls what settles a call: the sweeper settles in the same way as the call's own workflow. */
export function createCampaignActivities(ctx: ActivityContext, calls: Pick<CallActivities, 'settleCall'>): CampaignActivities {
  const { store, clock, log } = ctx;
  return {
    dispatch: createDispatch(ctx),
    sweepCampaign: createSweep(ctx, calls.settleCall),
    deliverContactOutcomes: createDeliverContactOutcomes(ctx),

    async setCampaignState({ campaignId, state, reason }) {
      await store.campaigns.setState(campaignId, state, reason ?? null);
      log.info({ campaignId, state, reason }, 'campaign state');
      switch (state) {
        case 'paused':
        case 'canceled':
          await cancelQueued(ctx, campaignId, reason ?? `the campaign is ${state}`);
          return;
        case 'running':
        case 'completed':
          return;
      }
    },

    async editCampaign({ campaignId, edit }) {
      await store.campaigns.edit(campaignId, edit);
    },

    async cancelQueuedCalls({ campaignId }) {
      return { canceled: await cancelQueued(ctx, campaignId, 'queued calls are canceled') };
    },

    closeRemainingContacts({ campaignId, outcome }) {
      return store.contacts.closeRemaining(campaignId, outcome, new Date(clock.now()));
    },

    async finishCampaign({ campaignId, state }) {
      await store.campaigns.finish(campaignId, state, new Date(clock.now()));
    },
  };
}
