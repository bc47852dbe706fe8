import type { WebhookPayloads } from './webhooks';

/** Dollars, of the price of a minute. */
const PLATFORM_PER_MINUTE = 0.002;

type Cost = Pick<WebhookPayloads['call.cost'], 'billed_duration_secs' | 'billing_group_id' | 'status' | 'total_cost' | 'cost_parts'>;

/** What a leg costs, as `call.cost` tells it: whole minutes, in two parts. @param pricePerMinute of both together, in `currency` */
export function legCost(durationS: number, pricePerMinute: number, currency: 'EUR' | 'USD'): Cost {
  const billed = Math.ceil(durationS / 60) * 60;
  const part = (name: string, perMinute: number) => ({
    call_part: name,
    billed_duration_secs: billed,
    cost: ((billed / 60) * perMinute).toFixed(4),
    currency,
    rate: perMinute.toFixed(4),
  });
  const platform = Math.min(PLATFORM_PER_MINUTE, pricePerMinute);
  return {
    billed_duration_secs: billed,
    billing_group_id: null,
    status: 'success',
    total_cost: ((billed / 60) * pricePerMinute).toFixed(4),
    cost_parts: [part('sip-trunking', pricePerMinute - platform), part('call-control', platform)],
  };
}
