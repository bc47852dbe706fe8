/** The handle of a call: everything is asked of the store and of Temporal, so that it works in any process and after any restart. */

import type { CallOrder } from '../../contracts/call';
import { isPatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import { commandCall } from '../../control/calls/command-call';
import { rowsOfCall } from '../../control/calls/get-call';
import type { CallSnapshot } from '../../control/calls/snapshot';
import { updatesOf } from '../../control/calls/updates';
import { callResult, watchCall } from '../../control/calls/watch-call';
import type { ControlContext } from '../../control/context';
import type { PriceTable } from '../../policy/cost';
import { callResultOf } from '../call-result';
import { historyOf } from '../callbacks/events';
import { factsOfRecord } from '../callbacks/facts';
import { costOf } from '../callbacks/metrics';
import { PatterConnectionError } from '../errors';
import { checkE164, checkText } from '../options/check';
import type { CallHandle, CallResult, CallStatus, CallUpdate } from '../options/handle';
import type { CostBreakdown } from '../options/metrics';

export interface LocalCallParts {
  /** Opens what is asked, when it is asked. */
  context: () => Promise<ControlContext>;
  prices: PriceTable;
  /** Aborted by the next `disconnect()`: who waits for a result waits no longer. */
  signal: () => AbortSignal;
}

export class LocalCall implements CallHandle {
  #status: CallStatus = 'queued';

  constructor(
    readonly id: string,
    private readonly parts: LocalCallParts,
  ) {}

  get status(): CallStatus {
    return this.#status;
  }

  get events(): AsyncIterable<CallUpdate> {
    return { [Symbol.asyncIterator]: () => this.#watch() };
  }

  async result(options: { timeoutMs?: number } = {}): Promise<CallResult> {
    const signal = this.parts.signal();
    try {
      const ctx = await this.parts.context();
      const snapshot = await callResult(ctx, this.id, { ...options, signal });
      this.#status = snapshot.status;
      return await this.#resultOf(ctx, snapshot);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new PatterConnectionError(
        `disconnect() was called before the call ${this.id} had ended. It is known to phone.calls.get() after a restart too.`,
        {
          cause: error,
        },
      );
    }
  }

  async transfer(number: string): Promise<void> {
    await this.#order({ kind: 'transfer', number: checkE164('number', number) });
  }

  async hangup(): Promise<void> {
    try {
      await this.#order({ kind: 'hangup' });
    } catch (error) {
      if (!isPatterError(error, 'PATTER_CALL_ENDED')) throw error;
    }
  }

  async say(text: string): Promise<void> {
    await this.#order({ kind: 'say', text: checkText('text', text, 1) });
  }

  async #order(order: CallOrder): Promise<void> {
    await commandCall(await this.parts.context(), this.id, order);
  }

  async *#watch(): AsyncGenerator<CallUpdate> {
    const signal = this.parts.signal();
    const ctx = await this.parts.context();
    let told = 0;
    for await (const change of watchCall(ctx, this.id, { signal })) {
      this.#status = change.snapshot.status;
      for (const update of updatesOf(change, ctx.clock.now())) {
        if (update.type === 'ended') {
          yield { type: 'ended', result: await this.#resultOf(ctx, update.call), at: update.at };
          return;
        }
        if (update.type === 'status') yield update;
        // One that is known better than before has been told.
        else if (update.index >= told) {
          told = update.index + 1;
          const [turn] = historyOf([update.turn]);
          if (turn) yield { type: 'turn', turn, at: update.at };
        }
      }
    }
  }

  async #resultOf(ctx: ControlContext, call: CallSnapshot): Promise<CallResult> {
    return callResultOf(call, await this.#costOf(ctx));
  }

  async #costOf(ctx: ControlContext): Promise<CostBreakdown | undefined> {
    const rows = await rowsOfCall(ctx, this.id, DEFAULT_TENANT);
    if (!rows?.attempt) return undefined;
    const { prices } = this.parts;
    const facts = factsOfRecord(rows.attempt, rows.campaign, rows.contact, ctx.clock.now());
    return Object.keys(prices).length > 0 ? costOf(facts, prices) : costOf(facts);
  }
}
