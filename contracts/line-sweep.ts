/** Workflow type `sweepLines`, started by a Temporal Schedule: a line or a single call has no workflow of a campaign that would look after it. */

export interface LineSweepResult {
  /** Calls whose workflow was gone. */
  settled: number;
}

export interface LineActivities {
  /** Settles calls that came in, and single ones, whose workflow is gone, and takes up post-call work that was left. Idempotent. */
  sweepLines(): Promise<LineSweepResult>;
}

/** One schedule per task queue, for the lines of all tenants. */
export function lineSweepScheduleId(taskQueue: string): string {
  return `sweep-lines/${taskQueue}`;
}
