/** What workers do besides calls and campaigns themselves: it starts them. Given to the worker by whoever starts it. */
import type { ScheduleActivities } from '../../contracts/schedule';
import type { WorkflowCallActivities } from '../../contracts/workflow-call';
import type { ControlContext } from '../context';
import { createScheduleActivities } from '../schedules/fire-schedule';
import { createWorkflowCallActivities } from './workflow-calls';

/** @param app of the embedding process, where there is one */
export function createWorkActivities(ctx: ControlContext, app?: string): ScheduleActivities & WorkflowCallActivities {
  return { ...createScheduleActivities(ctx), ...createWorkflowCallActivities(ctx, app) };
}
