/**
 * What the carriers themselves say that calls cost, after the calls. Which ones are to be asked for, and when, stands in Postgres: ten thousand calls are ten thousand
 * rows, and no timer.
 */
import { heartbeat } from '@temporalio/activity';
import { type CarrierName, UnknownOutcomeError } from '../../contracts/carrier';
import type { LegPrice, PriceActivities } from '../../contracts/carrier-price';
import { isPatterError, type PatterError } from '../../contracts/errors';
import { isPriceGivenUp, nextPriceCheck } from '../../policy/price-checks';
import { priceWaitMs } from '../../runtime/price-wait';
import type { AttemptRow, UnpricedCall } from '../../store/store';
import { type ActivityContext, carriersOf } from '../context';
import { inParallel } from '../in-parallel';

/** Rows of one claim, and how many of them are asked for at once: about 80 requests a second. */
const BATCH = 80;
const AT_ONCE = 8;
/** The next run comes within a minute of this one's start, or right after it. */
const RUN_MS = 45_000;
/** A call is looked for from a little before we began to dial it. */
const CLOCK_SKEW_MS = 30_000;

export function createPriceActivities(ctx: ActivityContext): PriceActivities {
  return {
    async reconcilePrices() {
      const { clock, store } = ctx;
      const until = clock.monotonic() + RUN_MS;
      const round = new Round(ctx);
      while (clock.monotonic() < until && !ctx.draining?.aborted) {
        const due = await store.prices.claimDue(
          new Date(clock.now()),
          BATCH,
          (attempt) => new Date(nextPriceCheck(endOf(attempt), clock.now())),
        );
        await inParallel(due, AT_ONCE, (call) => round.ask(call));
        heartbeat(round.result);
        if (due.length < BATCH) break;
      }
      if (round.result.asked > 0) ctx.log.info(round.result, 'prices of the carriers');
      return round.result;
    },

    async recordPrice({ callId, leg }) {
      const state = await ctx.store.prices.record(callId, [leg], new Date(ctx.clock.now()));
      if (state === undefined) ctx.log.debug({ callId }, 'a price of a call that is not known, or not any more');
      else noteForeign(ctx, callId, state, leg.currency);
    },
  };
}

class Round {
  readonly result = { asked: 0, reconciled: 0 };
  /** Accounts that did not answer, or have none of it: the others' calls are asked for all the same. */
  readonly #silent = new Set<string>();

  constructor(private readonly ctx: ActivityContext) {}

  /** Never rejects for one call's sake: it is asked for again when it is due again. */
  async ask(call: UnpricedCall): Promise<void> {
    const { attempt } = call;
    const legs = await this.#legsOf(call);
    heartbeat(this.result);
    const state = legs.length > 0 ? await this.ctx.store.prices.record(attempt.callId, legs, this.#now) : attempt.priceState;
    if (state === 'final') this.result.reconciled++;
    if (legs.length > 0 && state) noteForeign(this.ctx, attempt.callId, state, legs[0]?.currency);
    const checks = { ...endOf(attempt), waitMs: priceWaitMs(this.ctx.config) };
    if (state === 'waiting' && isPriceGivenUp(checks, this.#now.getTime())) {
      this.ctx.log.info({ callId: attempt.callId, carrier: attempt.carrier }, 'the carrier has told no price in time: the estimate stays');
      await this.ctx.store.prices.giveUp(attempt.callId);
    }
  }

  get #now(): Date {
    return new Date(this.ctx.clock.now());
  }

  async #legsOf({ attempt, transferred, humanCallIds }: UnpricedCall): Promise<LegPrice[]> {
    const { carrierCallId, callId, tenantId, direction, toNumber, fromNumber } = attempt;
    const account = `${tenantId}/${attempt.carrier}`;
    if (carrierCallId === null || this.#silent.has(account)) return [];
    try {
      const carrier = (await carriersOf(this.ctx, tenantId)).get(attempt.carrier as CarrierName);
      if (!carrier) {
        this.#silent.add(account);
        return [];
      }
      this.result.asked++;
      return await carrier.prices.ofCall({
        ...{ callId, carrierCallId, transferred, humanCallIds },
        // Of a call that came in, the row's `to` is the caller.
        to: direction === 'inbound' ? fromNumber : toNumber,
        from: direction === 'inbound' ? toNumber : fromNumber,
        since: attempt.createdAt.getTime() - CLOCK_SKEW_MS,
      });
    } catch (error) {
      if (!(error instanceof UnknownOutcomeError) && !isPatterError(error)) throw error;
      if (concernsAccount(error)) this.#silent.add(account);
      this.ctx.log.warn({ callId, carrier: attempt.carrier, err: error }, 'the carrier did not say what a call cost; it is asked again');
      return [];
    }
  }
}

/** No answer, no access, or too many questions: the next one would fare no better. */
function concernsAccount(error: UnknownOutcomeError | PatterError): boolean {
  const status = isPatterError(error) ? error.details?.httpStatus : undefined;
  return status === undefined || status === 401 || status === 403 || status === 429;
}

function endOf({ carrier, endedAt, createdAt }: AttemptRow): { carrier: CarrierName; endedAt: number } {
  return { carrier: carrier as CarrierName, endedAt: (endedAt ?? createdAt).getTime() };
}

function noteForeign(ctx: ActivityContext, callId: string, state: string, currency: string | undefined): void {
  if (state === 'foreign')
    ctx.log.warn(
      { callId, currency },
      'the carrier bills in another currency than dollars: its price is kept, and the cost stays our estimate',
    );
}
