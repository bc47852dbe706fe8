/**
 * Tells connected programs of their calls: start, who answered, turns, end. What they have taken is written down, and what they have not is told again from the calls'
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
import { Slots } from './slots';

export interface EventPumpOptions {
  /** How often calls are looked for. */
  lookEveryMs: number;
  /** A callback that takes longer is asked again; the program knows that it is at it. */
  ackWithinMs: number;
  /** Calls that one process follows; the rest are followed by others, or when some have ended. */
  mostCalls: number;
  /** At all calls together: with more of them each is looked at less often. A look is some queries to Postgres and one to Temporal. */
  looksPerSecond: number;
  /** Events that one program has and has not answered; the next wait here, and not in its socket, which is cut where it fills up. */
  mostWaiting: number;
}

export const DEFAULT_EVENT_PUMP_OPTIONS = {
  lookEveryMs: 500,
  ackWithinMs: 15_000,
  mostCalls: 2_000,
  looksPerSecond: 400,
  mostWaiting: 200,
} as const satisfies EventPumpOptions;

const HOLD_MS = 30_000;
const RENEW_MS = 10_000;
const SHORTEST_LOOK_MS = 500;
/** In one transaction. */
const CLAIMED_AT_ONCE = 200;
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
  readonly #slots: Slots;
  #loop: Promise<void> | undefined;

  constructor(
    private readonly ctx: ControlContext,
    private readonly relay: MessageRelay,
    private readonly options: EventPumpOptions = DEFAULT_EVENT_PUMP_OPTIONS,
  ) {
    this.#slots = new Slots(options.mostWaiting);
  }

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
        const limit = Math.min(CLAIMED_AT_ONCE, this.options.mostCalls - this.#running.size);
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
    let { acknowledged, machineTold } = call;
    const intervalMs = () => Math.max(SHORTEST_LOOK_MS, (this.#running.size * 1_000) / this.options.looksPerSecond);
    try {
      for await (const { snapshot } of watchCall(this.ctx, callId, { tenantId, signal, intervalMs })) {
        for (const [number, event] of eventsOf(snapshot)) {
          if (number === 'machine' ? machineTold : number <= acknowledged) continue;
          if (!(await this.#deliver(call, event, signal))) return;
          if (number === 'machine') {
            machineTold = true;
            await store.sdk.acknowledgeMachine(callId);
            continue;
          }
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
      const release = await this.#slots.take(client.clientId, signal).catch(() => undefined);
      if (!release) return false;
      // Gone while this waited for its turn: somebody else is asked.
      const answer = this.relay.clients.has(client) ? await this.#ask(client, callId, event, signal) : 'nothing';
      release();
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
  machineTold: boolean;
}

function keyOf(callId: string, event: string): string {
  return `${callId} ${event}`;
}

/**
 * Numbered from 1, the same in every look at the call: turns that are known stay where they are. Who answered is known at any moment, so that it has a
 * place of its own beside the numbers; it goes without turns, of which a client of an earlier version would tell the last one again.
 */
function* eventsOf(snapshot: CallSnapshot): Generator<[number | 'machine', Event]> {
  const { turns } = snapshot;
  const call = (upTo: number) => ({ ...snapshot, turns: turns.slice(0, upTo) });
  const started = snapshot.answeredAt !== null || turns.length > 0;
  if (started) yield [1, { type: 'event', event: 'start', call: call(0) }];
  if (started && isDetected(snapshot)) yield ['machine', { type: 'event', event: 'machine', call: call(0) }];
  for (const index of turns.keys()) yield [index + 2, { type: 'event', event: `turn/${index + 1}`, call: call(index + 1) }];
  if (snapshot.status === 'ended') yield [1_000_000, { type: 'event', event: 'end', machineApart: true, call: call(turns.length) }];
}

/** The first word counts; silence is none while somebody may still speak. */
function isDetected({ answeredBy, machineDetection, status }: CallSnapshot): boolean {
  if (!machineDetection || answeredBy === null || answeredBy === 'unknown') return false;
  return answeredBy !== 'silence' || status === 'ended';
}
