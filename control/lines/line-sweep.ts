import { lineSweepScheduleId } from '../../contracts/line-sweep';
import { ensureMinuteSchedule } from '../../runtime/minute-schedule';
import type { ControlContext } from '../context';

/** Makes sure that somebody looks after the calls of the lines. Harmless to repeat; where it is paused, it stays so. */
export async function ensureLineSweep(ctx: ControlContext): Promise<void> {
  const taskQueue = ctx.config.PATTER_TASK_QUEUE;
  const scheduleId = lineSweepScheduleId(taskQueue);
  try {
    await ensureMinuteSchedule(ctx.temporal, { scheduleId, workflowType: 'sweepLines', taskQueue });
  } catch (error) {
    // Lines work without it; a call whose workflow is terminated by hand stays open in the report until there is one.
    ctx.log.warn({ err: error, scheduleId }, 'the schedule that looks after the calls of lines could not be made; it is tried again');
  }
}
