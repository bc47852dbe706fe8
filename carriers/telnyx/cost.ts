/** Telnyx' `call.cost`, as a webhook or in its log of events. */
import type { LegPrice } from '../../contracts/carrier-price';
import { MICROS_PER_USD } from '../../contracts/money';

/**
 * Of its payload. Undefined where Telnyx could not reckon it, or does not say in which currency: the estimate stays. Its parts (`sip-trunking`, `call-control`,
 * `call-recording`, … no closed list) add up to the total; the currency stands only with them.
 */
export function priceOfLeg(payload: Readonly<Record<string, unknown>>): LegPrice | undefined {
  const { call_control_id: carrierCallId, status, total_cost: total, cost_parts: parts } = payload;
  if (typeof carrierCallId !== 'string' || carrierCallId === '' || status === 'error') return undefined;
  const amount = typeof total === 'string' && total !== '' ? Number(total) : Number.NaN;
  if (!Number.isFinite(amount) || amount < 0) return undefined;
  const currencies = new Set((Array.isArray(parts) ? parts : []).map(currencyOf));
  const [currency] = currencies;
  // Nothing is nothing in any currency.
  if (amount === 0 && currency === undefined) return { carrierCallId, micros: 0, currency: 'USD' };
  if (currencies.size !== 1 || currency === undefined) return undefined;
  return { carrierCallId, micros: Math.round(amount * MICROS_PER_USD), currency };
}

function currencyOf(part: unknown): string | undefined {
  const currency = typeof part === 'object' && part !== null ? (part as { currency?: unknown }).currency : undefined;
  return typeof currency === 'string' && currency !== '' ? currency.toUpperCase() : undefined;
}
