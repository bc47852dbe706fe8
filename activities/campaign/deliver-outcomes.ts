import { heartbeat } from '@temporalio/activity';
import type { CampaignActivities } from '../../contracts/activities';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import type { CampaignRow, ContactRow } from '../../store/store';
import type { ActivityContext } from '../context';
import { sendWebhook, WebhookRefused } from '../webhook/send-webhook';

const BATCH = 20;

/** `contact.ended`: a contact that got its outcome without a call that could tell (expired, canceled, skipped). At least once, with a stable id. */
export function createDeliverContactOutcomes(ctx: ActivityContext): CampaignActivities['deliverContactOutcomes'] {
  const fetch = new GuardedFetch({ allowPrivate: mayReachPrivate(ctx.config) });
  return async ({ campaignId }) => {
    const { store } = ctx;
    const campaign = await store.campaigns.get(campaignId);
    if (!campaign || campaign.spec.postCall.webhooks.length === 0) return { delivered: 0 };
    let delivered = 0;
    for (;;) {
      const batch = await store.contacts.undelivered(campaignId, BATCH);
      if (batch.length === 0) return { delivered };
      const results = await Promise.allSettled(
        batch.map(async (contact) => {
          await tell(ctx, fetch, campaign, contact);
          await store.contacts.markDelivered(contact.contactId);
        }),
      );
      delivered += results.filter((result) => result.status === 'fulfilled').length;
      heartbeat(delivered);
      const failed = results.find((result) => result.status === 'rejected');
      // What got through is marked; the next try goes on with the rest.
      if (failed) throw failed.reason;
    }
  };
}

async function tell(ctx: ActivityContext, fetch: GuardedFetch, campaign: CampaignRow, contact: ContactRow): Promise<void> {
  const event = {
    type: 'contact.ended',
    timestamp: (contact.endedAt ?? new Date(ctx.clock.now())).toISOString(),
    data: {
      campaignId: campaign.campaignId,
      campaign: campaign.name,
      contactId: contact.contactId,
      phone: contact.phone,
      variables: contact.variables,
      outcome: contact.outcome,
      attempts: contact.attempts,
      ...(contact.outcomeReason !== null && { reason: contact.outcomeReason }),
    },
  };
  for (const [index, webhook] of campaign.spec.postCall.webhooks.entries()) {
    try {
      await sendWebhook({ ...webhook, id: `${contact.contactId}-${index}`, event, clock: ctx.clock, fetch });
    } catch (error) {
      if (!(error instanceof WebhookRefused)) throw error;
      // It said no for good: asking again would change nothing and hold up the others.
      ctx.log.warn({ campaignId: campaign.campaignId, contactId: contact.contactId, status: error.status }, 'a webhook refused an outcome');
    }
  }
}
