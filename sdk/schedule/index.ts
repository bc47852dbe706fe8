/** Loaded when a schedule is made or asked for. */
import { listSchedules } from '../../control/schedules/schedules';
import type { WorkDesk } from '../backend';
import { resolveSchedule, type ScheduleOptions } from './options';
import { createSchedule, type KnownAgents, KnownSchedule, type ScheduleHandle, type ScheduleInfo } from './schedule';

/** @throws PatterValidationError, PatterTypeError */
export async function schedule(options: ScheduleOptions, desk: WorkDesk, known: KnownAgents): Promise<ScheduleHandle> {
  return createSchedule(resolveSchedule(options), desk, known);
}

export function scheduleOf(desk: WorkDesk, id: string): ScheduleHandle {
  return new KnownSchedule(id, desk);
}

export async function schedulesOf(desk: WorkDesk): Promise<ScheduleInfo[]> {
  return (await listSchedules(await desk.context())).map(({ scheduleId: id, ...info }) => ({ id, ...info }));
}
