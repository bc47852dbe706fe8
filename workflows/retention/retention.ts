/** Once an hour: whose time is over is forgotten. The schedule is made by the worker. */
import { proxyActivities } from '@temporalio/workflow';
import type { PrivacyActivities, RetentionInput, RetentionResult } from '../../contracts/privacy';

const { applyRetention } = proxyActivities<PrivacyActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '1m',
  scheduleToCloseTimeout: '6h',
  retry: { initialInterval: '5s', backoffCoefficient: 3, maximumInterval: '10m' },
});

export async function retention(input: RetentionInput): Promise<RetentionResult> {
  return applyRetention(input);
}
