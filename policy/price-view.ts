/** What the world is told of a call's cost: by the carrier's own word, or by our list. */
import { type CarrierPriceView, isEstimated, type PriceState } from '../contracts/carrier-price';
import { type Micros, microsToUsd } from '../contracts/money';

/** A call's record, as far as its cost goes. */
export interface PricedCall {
  costMicros: Micros;
  carrierEstimate: readonly { micros: Micros }[];
  priceState: PriceState;
  priceMicros: Micros | null;
  priceCurrency: string | null;
  priceToldAt: Date | null;
}

export function priceView({ carrierEstimate, priceState, priceMicros, priceCurrency, priceToldAt }: PricedCall): CarrierPriceView {
  return {
    state: priceState,
    amount: priceMicros === null ? null : microsToUsd(priceMicros),
    currency: priceCurrency,
    estimateUsd: microsToUsd(sum(carrierEstimate)),
    toldAt: priceToldAt?.toISOString() ?? null,
  };
}

/** What the carrier has billed in dollars for the legs; undefined where our list stands for it. */
export function billedMicros({ priceState, priceMicros }: Pick<PricedCall, 'priceState' | 'priceMicros'>): Micros | undefined {
  return priceState === 'final' ? (priceMicros ?? undefined) : undefined;
}

/** The cost as it was before the carrier told its price: what has been said of the call's end stays the same when it is said again. */
export function estimatedCostMicros(call: PricedCall): Micros {
  const billed = billedMicros(call);
  return billed === undefined ? call.costMicros : call.costMicros - billed + sum(call.carrierEstimate);
}

/** For reports: whether the cost is by our list, and what the carrier has told, where there is something to tell. */
export function reportedPrice(call: PricedCall): { costEstimated?: true; carrierPrice?: CarrierPriceView } {
  if (call.priceState === 'none') return {};
  return { ...(isEstimated(call.priceState) && { costEstimated: true }), carrierPrice: priceView(call) };
}

function sum(lines: readonly { micros: Micros }[]): Micros {
  return lines.reduce((total, { micros }) => total + micros, 0);
}
