/** What calls cost by the carriers' own word: asked for once a minute by a schedule that the worker makes, or told by a webhook. */
import { proxyActivities } from '@temporalio/workflow';
import type { PriceActivities, ReconcilePricesResult, ToldPrice } from '../../contracts/carrier-price';

const asking = proxyActivities<PriceActivities>({
  startToCloseTimeout: '5m',
  heartbeatTimeout: '1m',
  scheduleToCloseTimeout: '15m',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '2m' },
});

const writing = proxyActivities<PriceActivities>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '3d',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
});

/** The next run asks for whatever this one leaves. */
export async function reconcilePrices(): Promise<ReconcilePricesResult> {
  return asking.reconcilePrices();
}

/** One leg of one call. */
export async function recordPrice(told: ToldPrice): Promise<void> {
  await writing.recordPrice(told);
}
