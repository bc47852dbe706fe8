/** Loaded when a schedule is made or asked for. */
import { listSchedules } from '../../control/schedules/schedules';
import type { Agent } from '../agent/agent';
import type { WorkDesk } from '../backend';
import { resolveSchedule, type ScheduleOptions } from './options';
import { createSchedule, KnownSchedule, type ScheduleHandle, type ScheduleInfo } from './schedule';

/** @throws PatterValidationError, PatterTypeError */
export async function schedule(options: ScheduleOptions, desk: WorkDesk, served: Agent | undefined): Promise<ScheduleHandle> {
  return createSchedule(resolveSchedule(options), desk, served);
}

export function scheduleOf(desk: WorkDesk, id: string): ScheduleHandle {
  return new KnownSchedule(id, desk);
}

export async function schedulesOf(desk: WorkDesk): Promise<ScheduleInfo[]> {
  return (await listSchedules(await desk.context())).map(({ scheduleId: id, ...info }) => ({ id, ...info }));
}
