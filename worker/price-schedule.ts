import type { Client } from '@temporalio/client';
import { priceScheduleId } from '../contracts/carrier-price';
import type { Logger } from '../runtime/log';
import { ensureMinuteSchedule } from '../runtime/minute-schedule';
import { again } from './again';

const MAKE_AGAIN_MS = 3_600_000;

/**
 * The Temporal Schedule that asks carriers for the prices of ended calls, for all tenants of a task queue. Harmless to repeat; where it is paused, it stays so. A
 * server that refuses schedules is warned of: costs stay estimated, where the carrier does not tell its price by itself.
 */
export async function ensurePriceSchedule(client: Client, taskQueue: string, log: Pick<Logger, 'warn'>): Promise<void> {
  const scheduleId = priceScheduleId(taskQueue);
  try {
    await ensureMinuteSchedule(client, { scheduleId, workflowType: 'reconcilePrices', taskQueue });
  } catch (error) {
    log.warn({ err: error, scheduleId }, 'the schedule that asks carriers for prices could not be made: costs stay estimated');
  }
}

/** A schedule may be lost with Temporal's data, and a worker may live for months. The first look is awaited. @returns stops looking */
export async function keepPriceSchedule(
  client: Client,
  taskQueue: string,
  log: Pick<Logger, 'warn'>,
  { makeAgainMs = MAKE_AGAIN_MS } = {},
): Promise<() => Promise<void>> {
  await ensurePriceSchedule(client, taskQueue, log);
  return again(makeAgainMs, () => ensurePriceSchedule(client, taskQueue, log));
}
