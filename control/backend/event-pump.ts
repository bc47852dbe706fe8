/**
 * Tells connected programs of their calls: start, turns, end. What they have taken is written down, and what they have not is told again from the calls'
 * records, however long they were away: at least once, in order, with the same name.
 */
import { randomUUID } from 'node:crypto';
import { sleep } from '../../contracts/clock';
import type { SdkServerMessage } from '../../contracts/sdk-protocol';
import type { CallSnapshot } from '../calls/snapshot';
import { watchCall } from '../calls/watch-call';
import type { ControlContext } from '../context';
import type { Answerer } from './answerers';
import type { MessageRelay } from './relay';

export interface EventPumpOptions {
  /** How often calls are looked for. */
  lookEveryMs: number;
  /** A callback that takes longer is asked again; the program knows that it is at it. */
  ackWithinMs: number;
}

export const DEFAULT_EVENT_PUMP_OPTIONS = { lookEveryMs: 500, ackWithinMs: 15_000 } as const satisfies EventPumpOptions;

const HOLD_MS = 30_000;
const RENEW_MS = 10_000;
/** At once; the others are told afterwards. */
const MOST_CALLS = 200;
/** A callback that fails so often is left behind: the events after it count too. */
const MOST_NACKS = 5;
const NACK_PAUSE_MS = 1_000;

type Event = Extract<SdkServerMessage, { type: 'event' }>;

export class EventPump {
  readonly #holder = randomUUID();
  readonly #running = new Map<string, Promise<void>>();
  readonly #stopped = new AbortController();
  /** Who waits for a program's word on an event, by call and event. */
  readonly #answers = new Map<string, { clientId: string; heard(answer: 'taken' | 'failed' | 'nothing'): void }>();
  #loop: Promise<void> | undefined;

  constructor(
    private readonly ctx: ControlContext,
    private readonly relay: MessageRelay,
    private readonly options: EventPumpOptions = DEFAULT_EVENT_PUMP_OPTIONS,
  ) {}

  start(): void {
    this.#loop ??= this.#look();
  }

  /** @param taken false: the program's callback failed */
  answered(callId: string, event: string, taken: boolean): void {
    this.#answers.get(keyOf(callId, event))?.heard(taken ? 'taken' : 'failed');
  }

  /** What was on its way to it is told to another, or to itself when it is back. */
  clientGone(clientId: string): void {
    for (const answer of [...this.#answers.values()]) if (answer.clientId === clientId) answer.heard('nothing');
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    await Promise.allSettled(this.#running.values());
  }

  async #look(): Promise<void> {
    const { clock, log, store } = this.ctx;
    while (!this.#stopped.signal.aborted) {
      try {
        const limit = MOST_CALLS - this.#running.size;
        const numbers = [...this.relay.clients].map(({ tenantId, number }) => ({ tenantId, number }));
        if (numbers.length > 0 && limit > 0) {
          const now = clock.now();
          const claimed = await store.sdk.claim({
            holder: this.#holder,
            numbers,
            now: new Date(now),
            until: new Date(now + HOLD_MS),
            limit,
          });
          for (const call of claimed) this.#run(call);
        }
      } catch (error) {
        log.warn({ err: error }, 'the calls of connected programs could not be looked for; it is tried again');
      }
      await sleep(clock, this.options.lookEveryMs, this.#stopped.signal).catch(() => undefined);
    }
  }

  #run(call: Claimed): void {
    if (this.#running.has(call.callId)) return;
    const running = this.#tell(call)
      .catch((error: unknown) =>
        this.ctx.log.warn({ callId: call.callId, err: error }, 'the events of a call were not all delivered; they are tried again'),
      )
      .finally(() => this.#running.delete(call.callId));
    this.#running.set(call.callId, running);
  }

  async #tell(call: Claimed): Promise<void> {
    const { clock, store } = this.ctx;
    const { callId, tenantId } = call;
    const lost = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, lost.signal]);
    let cancel = () => {};
    const renew = () => {
      cancel = clock.after(RENEW_MS, () => {
        store.sdk.renew(callId, this.#holder, new Date(clock.now() + HOLD_MS)).then(
          (held) => (held ? renew() : lost.abort()),
          () => renew(),
        );
      });
    };
    renew();
    let acknowledged = call.acknowledged;
    try {
      for await (const { snapshot } of watchCall(this.ctx, callId, { tenantId, signal })) {
        for (const [number, event] of eventsOf(snapshot)) {
          if (number <= acknowledged) continue;
          if (!(await this.#deliver(call, event, signal))) return;
          acknowledged = number;
          await store.sdk.acknowledge(callId, number, event.event === 'end');
        }
      }
    } finally {
      cancel();
      await store.sdk.release(callId, this.#holder).catch(() => undefined);
    }
  }

  /** @returns false: nobody is there who could take it */
  async #deliver({ tenantId, number, callId }: Claimed, event: Event, signal: AbortSignal): Promise<boolean> {
    for (let nacks = 0; nacks < MOST_NACKS && !signal.aborted; ) {
      // Whoever answers the call hears of it, also where another control process was asked for its messages.
      const program = await this.ctx.store.sdk.lastMessage(callId);
      if (program) this.relay.remember(callId, program.clientId);
      const client = this.relay.answererOf(tenantId, number, callId);
      if (!client) return false;
      const answer = await this.#ask(client, callId, event, signal);
      if (answer === 'taken') return true;
      if (answer === 'failed') {
        nacks++;
        await sleep(this.ctx.clock, NACK_PAUSE_MS, signal).catch(() => undefined);
      }
    }
    if (!signal.aborted) this.ctx.log.warn({ callId, event: event.event }, 'a callback failed too often: its event is left behind');
    return !signal.aborted;
  }

  #ask(client: Answerer, callId: string, event: Event, signal: AbortSignal): Promise<'taken' | 'failed' | 'nothing'> {
    return new Promise((resolve) => {
      const key = keyOf(callId, event.event);
      const done = (answer: 'taken' | 'failed' | 'nothing') => {
        cancel();
        signal.removeEventListener('abort', onAbort);
        this.#answers.delete(key);
        resolve(answer);
      };
      const onAbort = () => done('nothing');
      const cancel = this.ctx.clock.after(this.options.ackWithinMs, () => done('nothing'));
      this.#answers.set(key, { clientId: client.clientId, heard: done });
      signal.addEventListener('abort', onAbort, { once: true });
      client.send(event);
    });
  }
}

interface Claimed {
  callId: string;
  tenantId: string;
  number: string;
  acknowledged: number;
}

function keyOf(callId: string, event: string): string {
  return `${callId} ${event}`;
}

/** Numbered from 1, the same in every look at the call: turns that are known stay where they are. */
function* eventsOf(snapshot: CallSnapshot): Generator<[number, Event]> {
  const { turns } = snapshot;
  const call = (upTo: number) => ({ ...snapshot, turns: turns.slice(0, upTo) });
  const started = snapshot.answeredAt !== null || turns.length > 0;
  if (started) yield [1, { type: 'event', event: 'start', call: call(0) }];
  for (const index of turns.keys()) yield [index + 2, { type: 'event', event: `turn/${index + 1}`, call: call(index + 1) }];
  if (snapshot.status === 'ended') yield [1_000_000, { type: 'event', event: 'end', call: call(turns.length) }];
}
