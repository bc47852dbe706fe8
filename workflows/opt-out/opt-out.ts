/** An opt-out that its gateway could tell only when the call's workflow was over: it counts all the same. */
import { proxyActivities } from '@temporalio/workflow';
import type { CallActivities } from '../../contracts/activities';

const writing = proxyActivities<CallActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
});

export async function recordOptOut(told: Parameters<CallActivities['recordOptOut']>[0]): Promise<void> {
  await writing.recordOptOut(told);
}
