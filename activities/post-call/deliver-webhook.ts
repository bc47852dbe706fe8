import { ApplicationFailure, cancellationSignal } from '@temporalio/activity';
import type { PostCallActivities } from '../../contracts/activities';
import type { ErrorCode } from '../../contracts/errors';
import type { GuardedFetch } from '../../runtime/guarded-fetch';
import type { ActivityContext } from '../context';
import { sendWebhook, WebhookRefused } from '../webhook/send-webhook';
import { callEndedEvent } from './call-ended-event';
import { loadCall } from './load-call';

/** At least once; the id is the same at every try, so that a receiver can tell. */
export function createDeliverCallWebhook(
  ctx: ActivityContext,
  fetch: Pick<GuardedFetch, 'send'>,
  patienceMs?: number,
): PostCallActivities['deliverCallWebhook'] {
  return async (input) => {
    const ended = await loadCall(ctx, input, patienceMs);
    const webhook = ended.campaign.spec.postCall.webhooks[input.webhook];
    if (!webhook) {
      throw ApplicationFailure.nonRetryable(`the campaign has no webhook ${input.webhook}`, 'PATTER_WEBHOOK_FAILED' satisfies ErrorCode);
    }
    try {
      await sendWebhook({
        ...webhook,
        id: `${input.callId}-${input.webhook}`,
        event: callEndedEvent(ended),
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
