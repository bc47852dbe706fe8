import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { systemClock } from '../contracts/clock';

const EVERY_MS = 60_000;
const REQUEST_DEADLINE_MS = 10_000;

/**
 * Makes the Temporal Schedule that runs a workflow without arguments once a minute, one run at a time. Harmless to repeat; one that is there stays as it is, paused
 * ones too. Rejects with Temporal's error where it cannot be made.
 */
export async function ensureMinuteSchedule(
  client: Client,
  { scheduleId, workflowType, taskQueue }: { scheduleId: string; workflowType: string; taskQueue: string },
): Promise<void> {
  try {
    await client.withDeadline(systemClock.now() + REQUEST_DEADLINE_MS, () =>
      client.schedule.create({
        scheduleId,
        spec: { intervals: [{ every: EVERY_MS, offset: Math.floor(Math.random() * EVERY_MS) }] },
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: EVERY_MS },
        action: { type: 'startWorkflow', workflowType, workflowId: scheduleId, taskQueue, args: [] },
      }),
    );
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
