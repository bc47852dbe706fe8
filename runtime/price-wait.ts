import { parseDurationMs } from '../contracts/duration';
import type { Config } from './config';

/** For how long after a call its carrier is asked for the price, in milliseconds; 0: never. */
export function priceWaitMs({ PATTER_PRICE_WAIT: text }: Pick<Config, 'PATTER_PRICE_WAIT'>): number {
  return parseDurationMs(text) ?? 0;
}
