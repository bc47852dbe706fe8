import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { priceScheduleId } from '../contracts/carrier-price';
import { sleep, systemClock } from '../contracts/clock';
import type { Logger } from '../runtime/log';

const EVERY_MS = 60_000;
const REQUEST_DEADLINE_MS = 10_000;
const MAKE_AGAIN_MS = 3_600_000;

/**
 * The Temporal Schedule that asks carriers for the prices of ended calls, for all tenants of a task queue. Harmless to repeat; where it is paused, it stays so. A
 * server that refuses schedules is warned of: costs stay estimated, where the carrier does not tell its price by itself.
 */
export async function ensurePriceSchedule(client: Client, taskQueue: string, log: Pick<Logger, 'warn'>): Promise<void> {
  const scheduleId = priceScheduleId(taskQueue);
  try {
    await client.withDeadline(systemClock.now() + REQUEST_DEADLINE_MS, () =>
      client.schedule.create({
        scheduleId,
        spec: { intervals: [{ every: EVERY_MS, offset: Math.floor(Math.random() * EVERY_MS) }] },
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: EVERY_MS },
        action: { type: 'startWorkflow', workflowType: 'reconcilePrices', workflowId: scheduleId, taskQueue, args: [] },
      }),
    );
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return;
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
  const stopped = new AbortController();
  const keeping = (async () => {
    while (!stopped.signal.aborted) {
      await sleep(systemClock, makeAgainMs, stopped.signal).catch(() => undefined);
      if (!stopped.signal.aborted) await ensurePriceSchedule(client, taskQueue, log);
    }
  })();
  return async () => {
    stopped.abort();
    await keeping;
  };
}
