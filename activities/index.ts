import type { Activities } from '../contracts/activities';
import { createCallActivities } from './call';
import { createCampaignActivities } from './campaign';
import type { ActivityContext } from './context';
import { createPostCallActivities } from './post-call';
import { createPrivacyActivities } from './privacy';

/** All that workflows may ask for, bound to one process's connections. */
export function createActivities(ctx: ActivityContext): Activities {
  const calls = createCallActivities(ctx);
  return { ...calls, ...createCampaignActivities(ctx, calls), ...createPostCallActivities(ctx), ...createPrivacyActivities(ctx) };
}
