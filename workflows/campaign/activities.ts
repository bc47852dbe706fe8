import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { CampaignActivities } from '../../contracts/activities';

/** Renewed by the workflow. Two never run side by side: the workflow waits until a cancelled one has let go. */
export const { dispatch } = proxyActivities<CampaignActivities>({
  startToCloseTimeout: '90s',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' },
});

export const { setCampaignState, editCampaign, closeRemainingContacts, sweepCampaign, finishCampaign } =
  proxyActivities<CampaignActivities>({
    startToCloseTimeout: '30s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '30s' },
  });

/** Thousands of webhooks may be due; each try goes on where the last one stopped. */
export const { deliverContactOutcomes } = proxyActivities<CampaignActivities>({
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '60s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});
