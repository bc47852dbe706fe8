/** One firing of a schedule: places the call or starts the campaign, and does not wait for their end. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Firing, ScheduleActivities, ScheduledInput } from '../../contracts/schedule';

/** Set by Temporal: when the firing was due, whenever it came to run. */
const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

const { fireSchedule } = proxyActivities<ScheduleActivities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '1m',
  // How long it is worth while is the schedule's own to say.
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});

export async function scheduled(input: ScheduledInput): Promise<Firing> {
  const info = workflowInfo();
  const at = info.typedSearchAttributes.get(SCHEDULED_AT) ?? info.startTime;
  return fireSchedule({ ...input, scheduledAt: at.toISOString() });
}
