/** After a call: understand it, then tell. A step that fails is recorded and holds nobody up. */
import { log, proxyActivities } from '@temporalio/workflow';
import type { PostCallActivities, PostCallInput } from '../../contracts/activities';

const { planPostCall, finishPostCall } = proxyActivities<PostCallActivities>({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** The webhooks wait for these, so they give up in minutes. */
const { summarizeCall } = proxyActivities<PostCallActivities>({
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '5m',
  retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '30s', maximumAttempts: 5 },
});
const { extractFromCall } = proxyActivities<PostCallActivities>({
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '5m',
  retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '30s', maximumAttempts: 5 },
});

/** A receiver may be down for a night. What it refuses (4xx) is not sent again: the activity says so. */
const { deliverCallWebhook } = proxyActivities<PostCallActivities>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '12h',
  retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '1h' },
});

export async function postCall(input: PostCallInput): Promise<{ failedSteps: string[] }> {
  const failedSteps: string[] = [];
  const attempt = async (step: string, run: () => Promise<void>) => {
    try {
      await run();
    } catch (error) {
      log.warn('a post-call step failed', { callId: input.callId, step, error: String(error) });
      failedSteps.push(step);
    }
  };
  const plan = await planPostCall(input);
  await Promise.all([
    plan.summary ? attempt('summary', () => summarizeCall(input)) : undefined,
    plan.extract ? attempt('extract', () => extractFromCall(input)) : undefined,
  ]);
  await Promise.all(plan.webhooks.map((webhook) => attempt(`webhook-${webhook}`, () => deliverCallWebhook({ ...input, webhook }))));
  failedSteps.sort();
  await finishPostCall({ ...input, failedSteps });
  return { failedSteps };
}
