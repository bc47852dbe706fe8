/** Calls and campaigns that are made at a time, or again and again. */
import type { CampaignSpec } from './campaign';
import type { SingleCallSpec } from './single-call';

/** What a firing does. Kept in Postgres: Temporal knows the id alone. */
export type ScheduledWork =
  | { kind: 'call'; request: Omit<SingleCallSpec, 'idempotencyKey'> }
  | {
      kind: 'campaign';
      /** Each firing is a campaign of its own: this name and the time. */
      spec: CampaignSpec;
      /** As they came, numbers in E.164 where they are any. */
      contacts: Record<string, string>[];
      /** Country of numbers written without one. */
      region?: string;
    };

/** Of a scheduled campaign's name, before the time of its firing. */
export const SCHEDULED_NAME_LIMIT = 63 - '-20261121t173000z'.length;
/** Of a scheduled campaign: they are kept with the schedule. */
export const MOST_SCHEDULED_CONTACTS = 10_000;

/** When. One of the three. */
export type ScheduleTimes =
  | { kind: 'at'; at: string /** ISO 8601 in UTC. */ }
  | { kind: 'cron'; cron: string; timezone: string }
  | { kind: 'every'; everyMs: number };

export interface ScheduleDefinition {
  times: ScheduleTimes;
  work: ScheduledWork;
  /** Milliseconds: a firing that nobody could carry out for longer is left out. */
  graceMs: number;
}

/** Workflow type `scheduled`, started by the Temporal Schedule. */
export interface ScheduledInput {
  tenantId: string;
  scheduleId: string;
}

export type Firing =
  | { kind: 'call'; callId: string }
  | { kind: 'campaign'; campaignId: string }
  /** The schedule is deleted, the firing comes too late, or its call cannot be placed as it was scheduled. */
  | { kind: 'left_out'; reason: string };

export interface ScheduleActivities {
  /** @param input.scheduledAt ISO 8601: with the schedule's id the key of the firing, of which there is one call or campaign however often this runs */
  fireSchedule(input: ScheduledInput & { scheduledAt: string }): Promise<Firing>;
}

/** Of the Temporal Schedule, and the beginning of its workflows' ids. */
export function temporalScheduleId(tenantId: string, scheduleId: string): string {
  return `schedule/${tenantId}/${scheduleId}`;
}
