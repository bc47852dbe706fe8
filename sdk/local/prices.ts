import { DEFAULT_PRICES, type PriceTable } from '../../policy/cost';
import type { Pricing } from '../options/constructor';

const MILLION = 1_000_000;

/** Dollars as the developer writes them become the product's integers. */
export function priceTableOf(pricing: Pricing): PriceTable {
  return Object.fromEntries(
    Object.entries(pricing).map(([key, entry]) => {
      const { usd, per = 1, perStarted } = typeof entry === 'number' ? { usd: entry, per: 1, perStarted: undefined } : entry;
      const micros = usd * MILLION;
      const price = {
        label: DEFAULT_PRICES[key]?.label ?? key.split('/').slice(0, 3).join(' '),
        microsPerMillion: Math.round((micros * MILLION) / (perStarted === undefined ? per : 1)),
      };
      return [key, perStarted === undefined ? price : { ...price, perStarted }];
    }),
  );
}
