/** When a carrier is asked what a call cost: soon, then ever less often, and not for ever. */
import type { CarrierName } from '../contracts/carrier';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LONGEST_MS = 6 * HOUR_MS;

/**
 * Twilio has a price some minutes after most calls, and has to be asked. Telnyx tells by itself: it is asked for what was lost on the way, and finds a call by its number
 * for 24 hours.
 */
const RHYTHM = {
  twilio: { firstMs: 2 * MINUTE_MS, withinMs: Number.POSITIVE_INFINITY },
  telnyx: { firstMs: 15 * MINUTE_MS, withinMs: 23 * HOUR_MS },
} as const satisfies Record<CarrierName, { firstMs: number; withinMs: number }>;

export interface PriceChecks {
  carrier: CarrierName;
  /** Epoch milliseconds. */
  endedAt: number;
  /** For how long after its end a call's price is asked for at all; 0: never. */
  waitMs: number;
}

/** When to ask for the first time. Undefined: never. */
export function firstPriceCheck({ carrier, endedAt, waitMs }: PriceChecks, now: number): number | undefined {
  return waitMs <= 0 ? undefined : Math.max(now, endedAt) + RHYTHM[carrier].firstMs;
}

/** When to ask again, if this time there is no answer: after as long again as the call has been over, six hours at most. */
export function nextPriceCheck({ carrier, endedAt }: Pick<PriceChecks, 'carrier' | 'endedAt'>, now: number): number {
  return now + Math.min(LONGEST_MS, Math.max(RHYTHM[carrier].firstMs, now - endedAt));
}

/** Whether an answer that has not come by now is not waited for any more. */
export function isPriceGivenUp({ carrier, endedAt, waitMs }: PriceChecks, now: number): boolean {
  return now - endedAt >= Math.min(waitMs, RHYTHM[carrier].withinMs);
}
