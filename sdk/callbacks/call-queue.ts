/**
 * The events of one call, one after the other. While the call goes on they are delivered as they happen; one that fails is tried again, and the
 * others wait for it. When the stream is over, what is left is left: `settle`, with the call's record, delivers it.
 *
 *   open ──► closing ──► closed       (the stream is over: one more try, then others may go on)
 *     └──────► settling ──► closed    (the record is here)
 */
import type { DeliveryCursor } from '../../contracts/callbacks';
import type { Clock } from '../../contracts/clock';
import type { Logger } from '../../runtime/log';
import type { CallbackEvent } from './events';
import type { CallFacts } from './facts';

/** An event that is not `end` is left out when the record could not be told so often: hours have gone, and the end of the call is to be told. */
export const MOST_TRIES = 50;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** Until the process that delivers the call's events now is gone. */
const BUSY_RETRY_MS = 500;

/** Another process that lives is delivering. */
export class CallbacksBusy extends Error {}

export interface QueueDeps {
  /** Takes the call for this process. @throws CallbacksBusy */
  claim(): Promise<DeliveryCursor>;
  /** False: somebody else has taken over. */
  record(cursor: DeliveryCursor): Promise<boolean>;
  release(completed: boolean): Promise<void>;
  /** In order; only those that somebody wants. */
  events(facts: CallFacts): Iterable<CallbackEvent>;
  /** @throws when it was not delivered */
  deliver(event: CallbackEvent): Promise<void>;
  /** No other try can help. */
  isRefusal(error: unknown): boolean;
  closed(): void;
  clock: Clock;
  log: Logger;
}

export class CallQueue {
  #state: 'open' | 'closing' | 'settling' | 'closed' = 'open';
  #cursor: DeliveryCursor | undefined;
  readonly #done = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  #kicked = false;
  #cancelRetry: () => void = () => undefined;
  #dirty = false;
  #writing: Promise<void> | undefined;
  #lost = false;
  /** Failures in a row while the call goes on. */
  #failures = 0;

  constructor(
    public facts: CallFacts,
    private readonly deps: QueueDeps,
  ) {}

  /** More is known of the call. */
  update(facts: CallFacts): void {
    this.facts = facts;
    this.#kick();
  }

  /** The talk goes on after all: after a transfer that nobody answered, for instance. */
  reopen(): void {
    if (this.#state === 'closing') this.#state = 'open';
  }

  /** The stream is over. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#kick();
  }

  /**
   * Everything that the record holds. @throws what keeps the next event from being delivered; it may be called again
   * @param facts with `ended`
   */
  settle(facts: CallFacts): Promise<void> {
    this.#state = 'settling';
    this.facts = facts;
    return this.#then(async () => {
      try {
        await this.#deliverAll(true);
        await this.#flush();
        if (this.#cursor) await this.deps.release(true);
        this.#end();
      } catch (error) {
        await this.#leave();
        throw error;
      }
    });
  }

  /** Whatever is being delivered is finished; the rest is left. */
  async stop(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    await this.#then(() => this.#leave());
  }

  #kick(): void {
    if (this.#kicked || this.#state === 'closed' || this.#state === 'settling') return;
    this.#kicked = true;
    void this.#then(async () => {
      this.#kicked = false;
      if (this.#state !== 'open' && this.#state !== 'closing') return;
      let retryMs: number | undefined;
      try {
        await this.#deliverAll(false);
        this.#failures = 0;
      } catch (error) {
        retryMs = error instanceof CallbacksBusy ? BUSY_RETRY_MS : this.#backOff();
      }
      // Both may have changed meanwhile.
      if ((this.#state as string) === 'closing') await this.#leave();
      else if (retryMs !== undefined && !this.#lost) this.#cancelRetry = this.deps.clock.after(retryMs, () => this.#kick());
    }).catch((error: unknown) => this.deps.log.error({ err: error, callId: this.facts.parties.callId }, 'callbacks are left for later'));
  }

  #then(work: () => Promise<void>): Promise<void> {
    this.#cancelRetry();
    const run = this.#work.then(work);
    this.#work = run.catch(() => undefined);
    return run;
  }

  #backOff(): number {
    return Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LONGEST_RETRY_MS);
  }

  async #deliverAll(fromRecord: boolean): Promise<void> {
    for (let event = this.#next(); event; event = this.#next()) {
      if (!this.#cursor) {
        this.#cursor = await this.deps.claim();
        for (const id of this.#cursor.done) this.#done.add(id);
        continue;
      }
      if (this.#lost) throw new CallbacksBusy('another process has taken the call over');
      await this.#deliver(event, this.#cursor, fromRecord);
    }
  }

  async #deliver(event: CallbackEvent, cursor: DeliveryCursor, fromRecord: boolean): Promise<void> {
    const { deps } = this;
    const { callId } = this.facts.parties;
    try {
      await deps.deliver(event);
    } catch (error) {
      const before = cursor.failing?.event === event.id ? cursor.failing.tries : 0;
      // A receiver that is away for the length of a call is no reason to leave anything out.
      const tries = fromRecord ? before + 1 : before;
      const givenUp = tries >= MOST_TRIES && (event.kind !== 'end' || deps.isRefusal(error));
      const what = { err: error, callId, deliveryId: `${callId}:${event.id}`, tries };
      if (!givenUp) {
        if (fromRecord) {
          cursor.failing = { event: event.id, tries };
          this.#save();
        }
        deps.log.warn(what, 'a callback failed; it is told again');
        throw error;
      }
      deps.log.error(what, 'a callback failed too often; the event is left out');
    }
    delete cursor.failing;
    cursor.done.push(event.id);
    this.#done.add(event.id);
    this.#save();
  }

  #next(): CallbackEvent | undefined {
    for (const event of this.deps.events(this.facts)) if (!this.#done.has(event.id)) return event;
    return undefined;
  }

  /** One write at a time, of the newest: whoever dies in between tells an event twice, under the same id. */
  #save(): void {
    this.#dirty = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    while (this.#dirty && this.#cursor) {
      this.#dirty = false;
      const { done, failing } = this.#cursor;
      try {
        if (await this.deps.record({ done: [...done], ...(failing && { failing: { ...failing } }) })) continue;
        this.#lost = true;
      } catch (error) {
        this.deps.log.warn({ err: error, callId: this.facts.parties.callId }, 'what callbacks were told is not recorded');
      }
    }
  }

  async #flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Others may go on. */
  async #leave(): Promise<void> {
    await this.#flush();
    const claimed = this.#cursor !== undefined;
    this.#cursor = undefined;
    try {
      if (claimed) await this.deps.release(false);
    } finally {
      // The talk may have gone on meanwhile.
      if (this.#state === 'open') this.#kick();
      else this.#end();
    }
  }

  #end(): void {
    this.#state = 'closed';
    this.#cursor = undefined;
    this.#cancelRetry();
    this.deps.closed();
  }
}
