import { type Client, ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { systemClock } from '../contracts/clock';
import { DEFAULT_TENANT } from '../contracts/ids';
import { type RetentionInput, retentionScheduleId } from '../contracts/privacy';
import type { Logger } from '../runtime/log';
import { again } from './again';

const EVERY_MS = 3_600_000;
/** What was missed while Temporal was away is made up for by one run. */
const CATCH_UP_MS = 2 * EVERY_MS;
const REQUEST_DEADLINE_MS = 10_000;

/**
 * The Temporal Schedule of the `retention` workflow. It runs without PATTER_RETENTION_DAYS too: an erasure whose process died is finished by it. A server
 * that refuses schedules is warned of: nothing else depends on it.
 * @returns whether it is there
 */
export async function ensureRetentionSchedule(
  client: Client,
  taskQueue: string,
  log: Pick<Logger, 'warn'>,
  tenantId: string = DEFAULT_TENANT,
): Promise<boolean> {
  const scheduleId = retentionScheduleId(taskQueue, tenantId);
  const definition = {
    spec: { intervals: [{ every: EVERY_MS, offset: Math.floor(Math.random() * EVERY_MS) }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS },
    action: {
      type: 'startWorkflow',
      workflowType: 'retention',
      workflowId: scheduleId,
      taskQueue,
      args: [{ tenantId } satisfies RetentionInput],
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
  try {
    await client.withDeadline(systemClock.now() + REQUEST_DEADLINE_MS, async () => {
      try {
        await client.schedule.create({ scheduleId, ...definition });
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
        // Written anew: its argument may be encrypted with a key that is going. When it fires, and whether it is paused, stays.
        await client.schedule.getHandle(scheduleId).update(({ spec, state }) => ({ ...definition, spec, state }));
      }
    });
    return true;
  } catch (error) {
    log.warn({ err: error, scheduleId }, 'the retention schedule could not be made: nothing is erased by age');
    return false;
  }
}

const LOOK_FOR_TENANTS_MS = 60_000;
/** A schedule may be lost with Temporal's data, or could not be made: a worker may live for months. */
const MAKE_AGAIN_MS = EVERY_MS;

/** One schedule for each tenant, also for those that come later. The first look is awaited. @returns stops looking */
export async function keepRetentionSchedules(
  client: Client,
  store: { tenants: { list(): Promise<{ tenantId: string }[]> } },
  taskQueue: string,
  log: Pick<Logger, 'warn'>,
  { lookEveryMs = LOOK_FOR_TENANTS_MS, makeAgainMs = MAKE_AGAIN_MS } = {},
): Promise<() => Promise<void>> {
  const looked = new Map<string, number>();
  const look = async () => {
    const tenants = await store.tenants.list();
    for (const tenantId of [DEFAULT_TENANT, ...tenants.map((tenant) => tenant.tenantId)]) {
      const now = systemClock.monotonic();
      if (now - (looked.get(tenantId) ?? Number.NEGATIVE_INFINITY) < makeAgainMs) continue;
      if (await ensureRetentionSchedule(client, taskQueue, log, tenantId)) looked.set(tenantId, now);
    }
  };
  await look();
  return again(lookEveryMs, () => look().catch((error: unknown) => log.warn({ err: error }, 'new tenants could not be looked for')));
}
