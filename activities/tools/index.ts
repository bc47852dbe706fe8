import type { DurableToolActivities } from '../../contracts/durable-tool';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import type { ActivityContext } from '../context';
import { createRunWebhookTool } from './run-webhook-tool';

export function createToolActivities(ctx: ActivityContext): DurableToolActivities {
  const fetch = new GuardedFetch({ allowPrivate: mayReachPrivate(ctx.config) });
  return { runWebhookTool: createRunWebhookTool(ctx, fetch) };
}
