/** What Twilio charged for a call's legs: `price` of the call resource, null until minutes (up to hours) after the end. */
import type { Twilio } from 'twilio';
import type { CallInstance } from 'twilio/lib/rest/api/v2010/account/call';
import { isTerminalCarrierStatus } from '../../contracts/carrier';
import type { CarrierPrices, LegPrice, PriceQuestion } from '../../contracts/carrier-price';
import { MICROS_PER_USD } from '../../contracts/money';
import { NOT_FOUND, readError } from './errors';
import { vendorCodeOf } from './outcome';
import { statusFromTwilio } from './status';

/** More than any call has people asked for it. */
const CHILDREN_LIMIT = 100;

export class TwilioPrices implements CarrierPrices {
  constructor(private readonly client: Twilio) {}

  /** One request for a call without transfers. The legs of `<Dial>` are children of the call; a person who is asked first has a call of their own. */
  async ofCall({ carrierCallId, transferred, humanCallIds }: PriceQuestion): Promise<LegPrice[]> {
    try {
      const call = await this.client.calls(carrierCallId).fetch();
      const legs = [call];
      if (transferred && priceOf(call)) {
        legs.push(...(await this.client.calls.list({ parentCallSid: carrierCallId, limit: CHILDREN_LIMIT })));
        for (const sid of humanCallIds) {
          if (!legs.some((leg) => leg.sid === sid)) legs.push(await this.client.calls(sid).fetch());
        }
      }
      const prices = legs.map(priceOf);
      return prices.every((price) => price !== undefined) ? prices : [];
    } catch (error) {
      if (vendorCodeOf(error) === NOT_FOUND) return [];
      throw readError(error);
    }
  }
}

/** A decimal string, negative, for Twilio writes what the customer pays; undefined while Twilio does not know. A leg that nobody took is not billed, and stays null. */
function priceOf({ sid, price, priceUnit, status }: CallInstance): LegPrice | undefined {
  const currency = priceUnit ? priceUnit.toUpperCase() : 'USD';
  const state = statusFromTwilio(status) ?? 'in_progress';
  const amount = price === null || price === undefined || price === '' ? Number.NaN : Number(price);
  if (Number.isFinite(amount)) return { carrierCallId: sid, micros: Math.round(Math.abs(amount) * MICROS_PER_USD), currency };
  return isTerminalCarrierStatus(state) && state !== 'completed' ? { carrierCallId: sid, micros: 0, currency } : undefined;
}
