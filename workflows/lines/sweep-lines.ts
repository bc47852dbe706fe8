/** Once a minute: calls that came in, and whose workflow was lost, are settled. The schedule is made with the first line. */
import { proxyActivities } from '@temporalio/workflow';
import type { LineActivities, LineSweepResult } from '../../contracts/line-sweep';

const activities = proxyActivities<LineActivities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '1m',
  scheduleToCloseTimeout: '30m',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '2m' },
});

export async function sweepLines(): Promise<LineSweepResult> {
  return activities.sweepLines();
}
