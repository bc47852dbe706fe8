/**
 * What Telnyx charged for a call's legs. It tells by the webhook `call.cost`, one for each leg, where the application asks for it; its REST has no price of a call. One
 * that was lost is looked for in Telnyx' log of events, which keeps the webhooks.
 */
import type Telnyx from 'telnyx';
import type { CallEventListParams } from 'telnyx/resources/call-events';
import type { CarrierPrices, LegPrice, PriceQuestion } from '../../contracts/carrier-price';
import { payloadOf } from './calls';
import { priceOfLeg } from './cost';
import { readError } from './outcome';

/** A call has some tens of events. */
const EVENTS_LIMIT = 2_000;
const PAGE_SIZE = 100;

export class TelnyxPrices implements CarrierPrices {
  constructor(
    private readonly client: Telnyx,
    private readonly connectionId: string,
  ) {}

  /** Two requests: the log is asked by number for the call's session, which only 24 hours allow, and by that for all its legs. */
  async ofCall({ carrierCallId, to, from, since }: PriceQuestion): Promise<LegPrice[]> {
    try {
      const session = await this.sessionOf(carrierCallId, { to, from, occurred_at: { gte: new Date(since).toISOString() } });
      if (session === undefined) return [];
      const prices = new Map<string, LegPrice>();
      for await (const { name, payload } of this.logged({ application_session_id: session })) {
        const price = name === 'call.cost' ? priceOfLeg(payload) : undefined;
        if (price) prices.set(price.carrierCallId, price);
      }
      return [...prices.values()];
    } catch (error) {
      throw readError(error);
    }
  }

  /** `call.cost` is off until somebody switches it on. */
  async areTold(): Promise<boolean> {
    try {
      return (await this.client.callControlApplications.retrieve(this.connectionId)).data?.call_cost_in_webhooks === true;
    } catch (error) {
      throw readError(error);
    }
  }

  private async sessionOf(carrierCallId: string, filter: NonNullable<CallEventListParams['filter']>): Promise<string | undefined> {
    for await (const { payload, session } of this.logged(filter)) {
      if (payload.call_control_id === carrierCallId && session !== '') return session;
    }
    return undefined;
  }

  private async *logged(
    filter: NonNullable<CallEventListParams['filter']>,
  ): AsyncGenerator<{ name: string; session: string; payload: Readonly<Record<string, unknown>> }> {
    let seen = 0;
    for await (const entry of this.client.callEvents.list({
      filter: { ...filter, type: 'webhook', product: 'call_control' },
      'page[size]': PAGE_SIZE,
    })) {
      if (++seen > EVENTS_LIMIT) return;
      const payload = payloadOf(entry.metadata);
      if (payload) yield { name: entry.name, session: entry.call_session_id, payload };
    }
  }
}
