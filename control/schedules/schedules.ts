/** Schedules: what they do is kept in Postgres, when they do it in Temporal, and no process of ours has to live for it. */
import {
  type CalendarSpecDescription,
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  type ScheduleHandle,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import { type ScheduleDefinition, type ScheduledInput, type ScheduleTimes, temporalScheduleId } from '../../contracts/schedule';
import type { ScheduleRow } from '../../store/store';
import type { ControlContext } from '../context';

const REQUEST_DEADLINE_MS = 10_000;
/** gRPC. */
const INVALID_ARGUMENT = 3;

export interface ScheduleInfo {
  scheduleId: string;
  times: ScheduleTimes;
  kind: 'call' | 'campaign';
  paused: boolean;
  /** Why it is paused. */
  note: string | undefined;
  /** The next times, ISO 8601 in UTC; empty when there are none any more. */
  next: string[];
  /** When it last fired. */
  last: string | undefined;
}

export interface MakeSchedule {
  scheduleId: string;
  definition: ScheduleDefinition;
  tenantId?: string;
  /** Whose workers carry the firings out. */
  taskQueue: string;
}

/**
 * Makes the schedule, or changes the one of that id: its firings are as the new definition says, and whether it is paused stays. The same again changes
 * nothing.
 * @throws PatterError PATTER_REQUEST_INVALID for times that Temporal does not understand, or a time that is over
 */
export async function makeSchedule(ctx: ControlContext, make: MakeSchedule): Promise<{ existing: boolean }> {
  const { definition, scheduleId, taskQueue, tenantId = DEFAULT_TENANT } = make;
  const { times } = definition;
  const now = new Date(ctx.clock.now());
  const before = await ctx.store.schedules.get(tenantId, scheduleId);
  if (times.kind === 'at' && Date.parse(times.at) <= now.getTime() && !isSameTime(before, times.at)) {
    throw new PatterError('PATTER_REQUEST_INVALID', `The time ${times.at} is over.`, { details: { option: 'at' } });
  }
  await ctx.store.schedules.put({ tenantId, scheduleId, definition, now });
  // One that is changed keeps the time at which it was first made.
  const since = before?.createdAt ?? now;
  try {
    return { existing: await put(ctx, { tenantId, scheduleId, definition, taskQueue, since }) };
  } catch (error) {
    // Nothing is left of one that could not be made.
    if (before) await ctx.store.schedules.put({ tenantId, scheduleId, definition: before.definition, now });
    else await ctx.store.schedules.remove(tenantId, scheduleId);
    // The client makes a TypeError of what the server finds wrong.
    const wrong =
      error instanceof TypeError ? error.message : isGrpcServiceError(error) && error.code === INVALID_ARGUMENT && error.details;
    if (!wrong) throw error;
    throw new PatterError('PATTER_REQUEST_INVALID', `Temporal does not understand these times: ${wrong}`, {
      cause: error,
      details: { option: times.kind },
    });
  }
}

function isSameTime(row: ScheduleRow | undefined, at: string): boolean {
  return row?.definition.times.kind === 'at' && row.definition.times.at === at;
}

/** @returns whether it was there */
async function put(
  ctx: ControlContext,
  { definition: { graceMs, times }, scheduleId, since, taskQueue, tenantId }: Required<MakeSchedule> & { since: Date },
): Promise<boolean> {
  const id = temporalScheduleId(tenantId, scheduleId);
  const definition = {
    spec: specOf(times, since.getTime()),
    // One that takes long is finished before the next begins; those in between are left out.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: Math.max(graceMs, 10_000) },
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduled',
      // Temporal adds the time.
      workflowId: id,
      taskQueue,
      args: [{ tenantId, scheduleId } satisfies ScheduledInput],
      typedSearchAttributes: new TypedSearchAttributes([
        { key: defineSearchAttributeKey('PatterTenantId', SearchAttributeType.KEYWORD), value: tenantId },
      ]),
    },
    ...(times.kind === 'at' && { state: { remainingActions: 1 } }),
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
  return ctx.temporal.withDeadline(ctx.clock.now() + REQUEST_DEADLINE_MS, async () => {
    try {
      await ctx.temporal.schedule.create({ scheduleId: id, ...definition });
      return false;
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
    await ctx.temporal.schedule.getHandle(id).update(({ spec, state }) => {
      const { paused, note } = state;
      // One that has fired does not fire again because the program was started again. Temporal knows at which time it was to fire: a row may be of a change
      // that its process did not live to finish.
      const standing = times.kind === 'at' && isCalendarOf(spec.calendars?.[0], times.at);
      const remaining = standing ? { remainingActions: state.remainingActions } : times.kind === 'at' ? { remainingActions: 1 } : {};
      // Its own phase too: an earlier version counted from 1970, and what was moved would fire once at the old time of the day and once at the new.
      const [interval] = spec.intervals ?? [];
      const kept = times.kind === 'every' &&
        interval?.every === times.everyMs && { spec: { intervals: [interval], startAt: spec.startAt } };
      return { ...definition, ...kept, state: { paused, note, ...remaining } };
    });
    return true;
  });
}

/** @param sinceMs when the schedule was first made, epoch milliseconds */
function specOf(times: ScheduleTimes, sinceMs: number): ScheduleOptions['spec'] {
  switch (times.kind) {
    case 'at':
      return { calendars: [calendarOf(times.at)] };
    case 'cron':
      return { cronExpressions: [times.cron], timezone: times.timezone };
    case 'every':
      return {
        // Without an offset Temporal counts from 1970: a day would begin at midnight in Greenwich, and ring people at night.
        intervals: [{ every: times.everyMs, offset: sinceMs % times.everyMs }],
        // Not at once either, where our clock is ahead of Temporal's.
        startAt: new Date(sinceMs + times.everyMs / 2),
      };
    default:
      return times satisfies never;
  }
}

function calendarOf(time: string) {
  const at = new Date(time);
  return {
    ...{ year: at.getUTCFullYear(), month: MONTHS[at.getUTCMonth()], dayOfMonth: at.getUTCDate() },
    ...{ hour: at.getUTCHours(), minute: at.getUTCMinutes(), second: at.getUTCSeconds() },
  };
}

function isCalendarOf(calendar: CalendarSpecDescription | undefined, time: string): boolean {
  const { year, month, dayOfMonth, hour, minute, second } = calendarOf(time);
  const of = (ranges: readonly { start: unknown }[] | undefined) => ranges?.[0]?.start;
  if (!calendar || of(calendar.year) !== year || of(calendar.month) !== month || of(calendar.dayOfMonth) !== dayOfMonth) return false;
  return of(calendar.hour) === hour && of(calendar.minute) === minute && of(calendar.second) === second;
}

const MONTHS = [
  ...(['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE'] as const),
  ...(['JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const),
];

/** @throws PatterError PATTER_SCHEDULE_NOT_FOUND */
export async function scheduleInfo(ctx: ControlContext, scheduleId: string, tenantId: string = DEFAULT_TENANT): Promise<ScheduleInfo> {
  const row = await ctx.store.schedules.get(tenantId, scheduleId);
  const description = await describe(ctx, tenantId, scheduleId);
  if (!row || !description) throw noSuchSchedule(scheduleId);
  return infoOf(row, description);
}

/** Those whose creation was cut short are left out: made again, they are there. */
export async function listSchedules(ctx: ControlContext, tenantId: string = DEFAULT_TENANT): Promise<ScheduleInfo[]> {
  const infos: ScheduleInfo[] = [];
  for (const row of await ctx.store.schedules.list(tenantId)) {
    const description = await describe(ctx, tenantId, row.scheduleId);
    if (description) infos.push(infoOf(row, description));
  }
  return infos;
}

/** Doing it twice is success. @throws PatterError PATTER_SCHEDULE_NOT_FOUND */
export async function setSchedulePaused(
  ctx: ControlContext,
  scheduleId: string,
  paused: boolean,
  { note, tenantId = DEFAULT_TENANT }: { note?: string; tenantId?: string } = {},
): Promise<void> {
  await asked(ctx, tenantId, scheduleId, (handle) => (paused ? handle.pause(note) : handle.unpause(note)));
}

/** What it has started goes on. Deleting what is not there is success. */
export async function deleteSchedule(ctx: ControlContext, scheduleId: string, tenantId: string = DEFAULT_TENANT): Promise<void> {
  await asked(ctx, tenantId, scheduleId, (handle) => handle.delete()).catch((error: unknown) => {
    if (!(error instanceof PatterError) || error.code !== 'PATTER_SCHEDULE_NOT_FOUND') throw error;
  });
  await ctx.store.schedules.remove(tenantId, scheduleId);
}

async function describe(ctx: ControlContext, tenantId: string, scheduleId: string): Promise<ScheduleDescription | undefined> {
  return asked(ctx, tenantId, scheduleId, (handle) => handle.describe()).catch((error: unknown) => {
    if (error instanceof PatterError && error.code === 'PATTER_SCHEDULE_NOT_FOUND') return undefined;
    throw error;
  });
}

async function asked<T>(
  ctx: ControlContext,
  tenantId: string,
  scheduleId: string,
  ask: (handle: ScheduleHandle) => Promise<T>,
): Promise<T> {
  try {
    return await ctx.temporal.withDeadline(ctx.clock.now() + REQUEST_DEADLINE_MS, () =>
      ask(ctx.temporal.schedule.getHandle(temporalScheduleId(tenantId, scheduleId))),
    );
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) throw noSuchSchedule(scheduleId);
    throw error;
  }
}

function infoOf({ definition, scheduleId }: ScheduleRow, { info, state }: ScheduleDescription): ScheduleInfo {
  const over = state.remainingActions === 0;
  return {
    scheduleId,
    times: definition.times,
    kind: definition.work.kind,
    paused: state.paused,
    note: state.note || undefined,
    next: over ? [] : info.nextActionTimes.map((at) => at.toISOString()),
    last: info.recentActions.at(-1)?.scheduledAt.toISOString(),
  };
}

export function noSuchSchedule(scheduleId: string): PatterError {
  return new PatterError('PATTER_SCHEDULE_NOT_FOUND', `There is no schedule "${scheduleId}".`, { details: { scheduleId } });
}
