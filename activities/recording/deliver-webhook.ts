import { ApplicationFailure, cancellationSignal } from '@temporalio/activity';
import type { RecordingActivities } from '../../contracts/recording';
import { recordingView } from '../../policy/recording-view';
import type { GuardedFetch } from '../../runtime/guarded-fetch';
import type { ActivityContext } from '../context';
import { sendWebhook, WebhookRefused } from '../webhook/send-webhook';

/** `recording.ready`: after `call.ended`, when the file is where it stays, or it is known that there is none. At least once, under the same id. */
export function createDeliverRecordingWebhook(
  ctx: ActivityContext,
  fetch: Pick<GuardedFetch, 'send'>,
): RecordingActivities['deliverRecordingWebhook'] {
  return async ({ callId, webhook: index }) => {
    const [row, call] = await Promise.all([ctx.store.recordings.get(callId), ctx.store.attempts.get(callId)]);
    const campaign = call && (await ctx.store.campaigns.get(call.campaignId));
    const webhook = campaign?.spec.postCall.webhooks[index];
    if (!row || !call || !campaign || !webhook || row.removalRequestedAt !== null) return;
    const storedAt = Math.max(0, ...row.files.map((file) => file.storedAt ?? 0));
    try {
      await sendWebhook({
        ...webhook,
        id: `${callId}-recording-${index}`,
        event: {
          type: 'recording.ready',
          timestamp: (storedAt > 0 ? new Date(storedAt) : (call.endedAt ?? call.createdAt)).toISOString(),
          data: {
            campaignId: campaign.campaignId,
            campaign: campaign.name,
            contactId: call.contactId,
            callId,
            carrierCallId: call.carrierCallId,
            recording: recordingView(row, true),
          },
        },
        clock: ctx.clock,
        fetch,
        signal: cancellationSignal(),
      });
    } catch (error) {
      if (error instanceof WebhookRefused) throw ApplicationFailure.nonRetryable(error.message, error.code, error.details);
      throw error;
    }
  };
}
