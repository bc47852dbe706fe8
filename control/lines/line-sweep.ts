import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { lineSweepScheduleId } from '../../contracts/line-sweep';
import type { ControlContext } from '../context';

const EVERY_MS = 60_000;
const REQUEST_DEADLINE_MS = 10_000;

/** Makes sure that somebody looks after the calls of the lines. Harmless to repeat; where it is paused, it stays so. */
export async function ensureLineSweep(ctx: ControlContext): Promise<void> {
  const taskQueue = ctx.config.PATTER_TASK_QUEUE;
  const scheduleId = lineSweepScheduleId(taskQueue);
  try {
    await ctx.temporal.withDeadline(ctx.clock.now() + REQUEST_DEADLINE_MS, () =>
      ctx.temporal.schedule.create({
        scheduleId,
        spec: { intervals: [{ every: EVERY_MS, offset: Math.floor(Math.random() * EVERY_MS) }] },
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: EVERY_MS },
        action: { type: 'startWorkflow', workflowType: 'sweepLines', workflowId: scheduleId, taskQueue, args: [] },
      }),
    );
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return;
    // Lines work without it; a call whose workflow is terminated by hand stays open in the report until there is one.
    ctx.log.warn({ err: error, scheduleId }, 'the schedule that looks after the calls of lines could not be made; it is tried again');
  }
}
