/** Tells a developer's callbacks of the calls of this process: live, and from the record what could not be told live. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { appOf } from '../../contracts/agent';
import type { CallbacksInput } from '../../contracts/callbacks';
import { type Clock, systemClock, within } from '../../contracts/clock';
import type { AnsweredBy } from '../../contracts/outcomes';
import type { CallTaps, TappedCall } from '../../media-gateway/call-taps';
import type { PriceTable } from '../../policy/cost';
import { GuardedFetch } from '../../runtime/guarded-fetch';
import type { Logger } from '../../runtime/log';
import type { Store } from '../../store/store';
import type { Callback, Callbacks } from '../options/callbacks';
import type { CallEndEvent } from '../options/events';
import { CallbacksBusy, CallQueue } from './call-queue';
import { deliver, isRefusal } from './deliver';
import { CALLBACK_OF, type CallbackEvent, eventsOf } from './events';
import { type CallFacts, factsOfRecord, factsOfSetup } from './facts';
import { writeCallFile } from './persist';

export interface DispatcherOptions {
  /** The part of `AgentSpec.code` before the slash. */
  app: string;
  store: Pick<Store, 'deliveries' | 'presence' | 'attempts' | 'campaigns' | 'contacts'>;
  /**
   * Those of the call, of its agent, or of `serve()`. Asked before every event: a process that has restarted knows of none that belong to a call alone.
   * Undefined: it is not known yet who is to be told; an ended call waits. `{}`: nobody is.
   */
  callbacksOf(call: { callId: string; code: string | undefined }): Callbacks | undefined;
  /** Whether callbacks that are URLs may be on this machine or in this network. */
  allowPrivate: boolean;
  /** `whsec_…`: signs the POSTs of callbacks that are URLs. */
  webhookSecret?: string;
  /** Laid over the price list. */
  prices?: PriceTable;
  /** Folder of the on-disk call history; null: none. */
  persistRoot?: string | null;
  /** Milliseconds for one callback. @default 30000 */
  deadlineMs?: number;
  clock?: Clock;
  log: Logger;
}

/** This process has nobody to tell: neither the call's own functions, nor those of its agent, nor of `serve()`. */
export class CallbacksUnknown extends Error {
  override readonly name = 'CallbacksUnknown';
  constructor(code: string) {
    super(`this program has not made the agent ${code}, and serves none that would take its place: make it, or serve() one`);
  }
}

export const DEFAULT_CALLBACK_DEADLINE_MS = 30_000;
const STOP_WITHIN_MS = 5_000;
/** Verdicts of carriers on calls whose stream has not begun here. */
const MOST_EARLY = 1_000;

export class CallbackDispatcher {
  readonly #queues = new Map<string, CallQueue>();
  readonly #early = new Map<string, AnsweredBy>();
  readonly #owner = `${hostname()}-${process.pid}-${randomBytes(6).toString('hex')}`;
  readonly #fetch: GuardedFetch;
  readonly #clock: Clock;
  readonly #unknownTold = new Set<string>();
  #presence: Promise<{ release(): Promise<void> }> | undefined;
  #stopped = false;

  constructor(private readonly options: DispatcherOptions) {
    this.#fetch = new GuardedFetch({ allowPrivate: options.allowPrivate });
    this.#clock = options.clock ?? systemClock;
  }

  /** For the gateway of this process. */
  readonly taps: CallTaps = {
    started: (call, history) => {
      if (!this.#mine(call)) return;
      const { callId } = call.setup;
      const early = this.#early.get(callId);
      this.#early.delete(callId);
      const facts = factsOfSetup(call.setup, history, this.#clock.now());
      const known = this.#queues.get(callId);
      known?.reopen();
      const answeredBy = known?.facts.answeredBy ?? early;
      const queue = known ?? this.#open(call.setup.tenantId, facts);
      queue.update({ ...facts, ...(answeredBy && { answeredBy }) });
    },
    turn: (call, _, history) => this.#change(call, (facts) => ({ ...facts, turns: history })),
    metrics: (call, _, usage) => this.#change(call, (facts) => ({ ...facts, usage })),
    machine: (callId, answeredBy) => {
      const queue = this.#queues.get(callId);
      // The first word counts: an event is told once. What it came to is in `onCallEnd`.
      if (queue) queue.update({ ...queue.facts, answeredBy: queue.facts.answeredBy ?? answeredBy });
      else this.#noteEarly(callId, answeredBy);
    },
    ended: ({ setup }) => this.#queues.get(setup.callId)?.close(),
  };

  /** What is known of a call whose stream is here; for `onMessage` and tools. */
  live(callId: string): CallFacts | undefined {
    return this.#queues.get(callId)?.facts;
  }

  /**
   * Delivers what the record of an ended call holds and was not delivered. Safe to repeat, from any process.
   * @throws what keeps the next event from being delivered
   */
  async finish({ tenantId, callId }: CallbacksInput): Promise<void> {
    const { store, log } = this.options;
    if (this.#stopped) throw new Error('this process is about to end');
    const standing = await store.deliveries.get(callId);
    if (standing?.completedAt || standing?.givenUpAt) return;
    const call = await store.attempts.get(callId);
    const campaign = call && (await store.campaigns.get(call.campaignId));
    if (!call || !campaign) {
      log.error({ callId }, 'there is no record of a call whose callbacks are to be told');
      return;
    }
    if (call.state !== 'ended' && call.verdict.decision === 'allow') throw new Error(`the record of ${callId} is not complete yet`);
    const facts = factsOfRecord(call, campaign, await store.contacts.get(call.contactId), this.#clock.now());
    if (!this.#callbacks(facts)) throw this.#unknown(facts.agent.code ?? 'an agent without code');
    const queue = this.#queues.get(callId) ?? this.#open(tenantId, facts);
    await queue.settle(facts);
  }

  /** Gives callbacks that run some seconds to come to an end; what is left is told by the next process of the app. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const stopping = Promise.allSettled([...this.#queues.values()].map((queue) => queue.stop()));
    await within(this.#clock, STOP_WITHIN_MS, stopping);
    this.#fetch.close();
    const presence = await this.#presence?.catch(() => undefined);
    await presence?.release();
  }

  /** Told once for each agent: it is asked again and again. */
  #unknown(code: string): CallbacksUnknown {
    const error = new CallbacksUnknown(code);
    if (!this.#unknownTold.has(code)) {
      this.#unknownTold.add(code);
      this.options.log.warn({ code }, `calls that have ended wait for their callbacks: ${error.message}`);
    }
    return error;
  }

  #noteEarly(callId: string, answeredBy: AnsweredBy): void {
    if (this.#early.has(callId)) return;
    this.#early.set(callId, answeredBy);
    const [oldest] = this.#early.keys();
    if (this.#early.size > MOST_EARLY && oldest !== undefined) this.#early.delete(oldest);
  }

  #mine({ setup }: TappedCall): boolean {
    return !this.#stopped && appOf(setup.agent) === this.options.app;
  }

  #change({ setup }: TappedCall, change: (facts: CallFacts) => CallFacts): void {
    const queue = this.#queues.get(setup.callId);
    // The record knows better than what comes late from the stream.
    if (queue && !queue.facts.ended) queue.update(change(queue.facts));
  }

  #open(tenantId: string, facts: CallFacts): CallQueue {
    const { store, log } = this.options;
    const { deliveries } = store;
    const { callId } = facts.parties;
    const owner = this.#owner;
    const clock = this.#clock;
    const queue: CallQueue = new CallQueue(facts, {
      claim: () => this.#claim(tenantId, callId),
      record: (cursor) => deliveries.record({ callId, owner, cursor, now: new Date(clock.now()) }),
      release: (completed) => deliveries.release({ callId, owner, completed, now: new Date(clock.now()) }),
      events: (known) => this.#wanted(known),
      deliver: (event) => this.#deliver(event, queue.facts),
      isRefusal,
      closed: () => {
        if (this.#queues.get(callId) === queue) this.#queues.delete(callId);
      },
      clock,
      log,
    });
    this.#queues.set(callId, queue);
    return queue;
  }

  async #claim(tenantId: string, callId: string) {
    const { app, store } = this.options;
    const { deliveries, presence } = store;
    // Held before the first claim, so that nobody takes this process for gone.
    this.#presence ??= presence.hold(presenceOf(this.#owner));
    try {
      await this.#presence;
    } catch (error) {
      this.#presence = undefined;
      throw error;
    }
    const row = { tenantId, callId, app, owner: this.#owner, now: new Date(this.#clock.now()) };
    let standing = await deliveries.claim(row);
    const other = standing.owner;
    if (other !== null && other !== this.#owner && !(await presence.isHeld(presenceOf(other))))
      standing = await deliveries.claim(row, other);
    if (standing.owner !== this.#owner) throw new CallbacksBusy('another process tells the callbacks of this call');
    return standing.cursor;
  }

  *#wanted(facts: CallFacts): Generator<CallbackEvent> {
    const callbacks = this.#callbacks(facts);
    if (!callbacks) return;
    for (const event of eventsOf(facts, this.options.prices)) {
      const wanted = event.kind === 'persist' ? this.options.persistRoot : callbacks[CALLBACK_OF[event.kind]];
      if (wanted) yield event;
    }
  }

  async #deliver(event: CallbackEvent, facts: CallFacts): Promise<void> {
    const { deadlineMs = DEFAULT_CALLBACK_DEADLINE_MS, webhookSecret, persistRoot } = this.options;
    if (event.kind === 'persist') {
      if (persistRoot) await this.#persist(persistRoot, event.payload(), facts);
      return;
    }
    const callback = this.#callbacks(facts)?.[CALLBACK_OF[event.kind]] as Callback<never> | undefined;
    if (callback) await deliver(event, callback, { deadlineMs, secret: webhookSecret, fetch: this.#fetch, clock: this.#clock });
  }

  /** Who is erased while it is written is not left on the disk. */
  async #persist(root: string, event: CallEndEvent, facts: CallFacts): Promise<void> {
    const isErased = async () => ((await this.options.store.attempts.get(facts.parties.callId))?.erasedAt ?? null) !== null;
    if (await isErased()) return;
    const file = await writeCallFile(root, event, facts);
    if (await isErased()) await rm(file, { force: true });
  }

  #callbacks(facts: CallFacts): Callbacks | undefined {
    return this.options.callbacksOf({ callId: facts.parties.callId, code: facts.agent.code });
  }
}

function presenceOf(owner: string): string {
  return `callbacks ${owner}`;
}
