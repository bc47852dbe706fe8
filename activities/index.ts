import type { Activities } from '../contracts/activities';
import { createCallActivities } from './call';
import { createCallMediaActivities } from './call/media';
import { createCallbackActivities } from './callbacks/give-up';
import { createCampaignActivities } from './campaign';
import type { ActivityContext } from './context';
import { createLineActivities } from './lines';
import { createPostCallActivities } from './post-call';
import { createPriceActivities } from './prices';
import { createPrivacyActivities } from './privacy';
import { createRecordingActivities } from './recording';
import { createToolActivities } from './tools';
import { createTransferActivities } from './transfer';

/** All that workflows may ask for, bound to one process's connections. */
export function createActivities(ctx: ActivityContext): Activities {
  const calls = createCallActivities(ctx);
  return {
    ...calls,
    ...createCallMediaActivities(ctx),
    ...createToolActivities(ctx),
    ...createRecordingActivities(ctx),
    ...createTransferActivities(ctx),
    ...createCallbackActivities(ctx),
    ...createCampaignActivities(ctx, calls),
    ...createLineActivities(ctx, calls),
    ...createPostCallActivities(ctx),
    ...createPriceActivities(ctx),
    ...createPrivacyActivities(ctx),
  };
}
