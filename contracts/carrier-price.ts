/** What a carrier itself says that a call cost: asked for after the call, or told by a webhook. Until then its minutes are priced by `policy/cost.ts`. */
import { z } from 'zod';
import type { CarrierName } from './carrier';

export interface CarrierPrice {
  /** Integer millionths of the currency's unit: micro-dollars only where the currency is `USD`. */
  micros: number;
  /** ISO 4127, in capitals. */
  currency: string;
}

/** One leg of a call: the call itself, or a person's in a transfer, whose leg is billed beside it. */
export interface LegPrice extends CarrierPrice {
  carrierCallId: string;
}

export interface PriceQuestion {
  callId: string;
  carrierCallId: string;
  /** As the carrier knows them. */
  to: string;
  from: string;
  /** Epoch milliseconds: nothing of the call happened before. */
  since: number;
  /** Somebody was dialled for the call: there may be further legs. */
  transferred: boolean;
  /** Legs that we dialled for it, as far as they are known. */
  humanCallIds: readonly string[];
}

export interface CarrierPrices {
  /**
   * Which legs of an ended call have a price by now; none where the carrier does not know yet, or not of all. Reads only: harmless to repeat.
   * @throws UnknownOutcomeError; PatterError PATTER_CARRIER_REFUSED
   */
  ofCall(question: PriceQuestion): Promise<LegPrice[]>;
  /** Whether the account is set up to tell its prices, for the doctor. Absent where nothing has to be set up. @throws as `ofCall` */
  areTold?(): Promise<boolean>;
}

/** As a webhook told it. */
export interface ToldPrice {
  callId: string;
  leg: LegPrice;
}

/**
 * `none`: there is nothing to ask for (nobody answered). `waiting`: the carrier is asked, or will tell. `final`: its own price is in the call's cost. `foreign`:
 * it is known, in another currency than dollars, and the cost keeps the estimate. `unknown`: it was asked for in vain, and the cost keeps the estimate.
 */
export const PRICE_STATES = ['none', 'waiting', 'final', 'foreign', 'unknown'] as const;
export type PriceState = (typeof PRICE_STATES)[number];

/** Whether the cost of a call has a part that the carrier bills and that is priced by our own list. */
export function isEstimated(state: PriceState): boolean {
  return state !== 'none' && state !== 'final';
}

/** A call's price as reports and records show it. */
export const carrierPriceViewSchema = z.strictObject({
  state: z.enum(PRICE_STATES),
  /** In `currency`; null as long as nothing has been told. */
  amount: z.number().nullable(),
  /** Null also where the legs were billed in different currencies. */
  currency: z.string().nullable(),
  /** What our own list says of the same legs, US dollars: stays beside the carrier's price. */
  estimateUsd: z.number(),
  /** When the last leg's price came. */
  toldAt: z.iso.datetime().nullable(),
});
export type CarrierPriceView = z.infer<typeof carrierPriceViewSchema>;

export interface PriceActivities {
  /** Asks the carriers for prices of ended calls that are due to be asked for. Idempotent. */
  reconcilePrices(): Promise<ReconcilePricesResult>;
  /** Idempotent: a price that is told twice counts once. */
  recordPrice(told: ToldPrice): Promise<void>;
}

export interface ReconcilePricesResult {
  asked: number;
  /** Calls whose cost is the carrier's own from now on. */
  reconciled: number;
}

/** Once a minute. One schedule per task queue, for all tenants. */
export function priceScheduleId(taskQueue: string): string {
  return `prices/${taskQueue}`;
}

/** Of the workflow that writes down what a webhook told of one leg. */
export function priceWorkflowId({ callId, leg }: ToldPrice): string {
  return `price/${callId}/${leg.carrierCallId}`;
}

const CARRIER_NAMES: Readonly<Record<CarrierName, string>> = { twilio: 'Twilio', telnyx: 'Telnyx' };

/** Of the cost line that holds it. Begins with the carrier's name, as do the lines of our own list. */
export function priceLabel(carrier: CarrierName): string {
  return `${CARRIER_NAMES[carrier]} call, as billed`;
}
