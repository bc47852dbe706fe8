/** Calls the developer's callbacks with what the backend tells of calls, and tells it what was taken. */
import type { AgentSpec } from '../../contracts/agent';
import type { Clock } from '../../contracts/clock';
import type { SdkClientMessage, SdkServerMessage } from '../../contracts/sdk-protocol';
import type { CallSnapshot } from '../../control/calls/snapshot';
import { GuardedFetch } from '../../runtime/guarded-fetch';
import { deliver } from '../callbacks/deliver';
import { CALLBACK_OF, type CallbackEvent, eventsOf } from '../callbacks/events';
import type { Callbacks } from '../options/callbacks';
import { warn } from '../options/warn';
import { factsOfSnapshot } from './snapshot-facts';

export interface EventDeskParts {
  /** Of a call. */
  callbacks(call: CallSnapshot): Promise<Readonly<Callbacks>>;
  agent(): AgentSpec;
  send(message: SdkClientMessage): boolean;
  /** `whsec_…`, signs the POSTs of callbacks that are URLs; '': none. */
  webhookSecret: string;
  /** Whether these may be on this machine or in this network. */
  allowPrivate: boolean;
  clock: Clock;
}

const DEADLINE_MS = 30_000;
const MOST_REMEMBERED = 5_000;

export class EventDesk {
  /** By call and event: under way, or taken. */
  readonly #known = new Map<string, 'under way' | 'taken'>();
  readonly #fetch: GuardedFetch;

  constructor(private readonly parts: EventDeskParts) {
    this.#fetch = new GuardedFetch({ allowPrivate: parts.allowPrivate });
  }

  event({ event, call, machineApart = false }: Extract<SdkServerMessage, { type: 'event' }>): void {
    const { callId } = call;
    const key = `${callId} ${event}`;
    const state = this.#known.get(key);
    // Asked again because a callback takes long: it says so when it is done.
    if (state === 'under way') return;
    if (state === 'taken') return void this.parts.send({ type: 'ack', callId, event });
    this.#note(key, 'under way');
    // Of an earlier version of the backend only the end tells who answered; this program may know it all the same, from a newer process of it.
    const tellsMachine = event === 'machine' || (event === 'end' && !machineApart && !this.#known.has(`${callId} machine`));
    this.#run(event, call as unknown as CallSnapshot, tellsMachine).then(
      () => {
        this.#note(key, 'taken');
        this.parts.send({ type: 'ack', callId, event });
      },
      (error: unknown) => {
        this.#known.delete(key);
        warn(
          'PATTER_CALLBACK_FAILED',
          `A callback of call ${callId} failed, and is called again: ${error instanceof Error ? error.message : error}`,
        );
        this.parts.send({ type: 'nack', callId, event });
      },
    );
  }

  close(): void {
    this.#fetch.close();
  }

  /** @param name `start`, `machine`, `turn/<n>` or `end` */
  async #run(name: string, call: CallSnapshot, tellsMachine: boolean): Promise<void> {
    const callbacks = await this.parts.callbacks(call);
    const { clock, webhookSecret } = this.parts;
    const secret = webhookSecret === '' ? undefined : webhookSecret;
    for (const event of eventsFor(name, call, this.parts.agent(), tellsMachine)) {
      if (event.kind === 'persist') continue;
      const callback = callbacks[CALLBACK_OF[event.kind]];
      if (callback === undefined) continue;
      await deliver(event, callback as never, { deadlineMs: DEADLINE_MS, secret, fetch: this.#fetch, clock });
    }
  }

  #note(key: string, state: 'under way' | 'taken'): void {
    this.#known.delete(key);
    this.#known.set(key, state);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** The backend tells a call in few steps; a turn is also what its metrics are. Of a step that is not known here there is nothing to tell. */
function eventsFor(name: string, call: CallSnapshot, agent: AgentSpec, tellsMachine: boolean): CallbackEvent[] {
  const all = [...eventsOf(factsOfSnapshot(call, agent))];
  if (name === 'start') return all.filter(({ kind }) => kind === 'start');
  if (name === 'machine') return all.filter(({ kind }) => kind === 'machine');
  if (name === 'end') return all.filter(({ kind }) => kind === 'end' || (tellsMachine && kind === 'machine'));
  if (!name.startsWith('turn/')) return [];
  const last = all.findLastIndex(({ kind }) => kind === 'transcript');
  return last === -1 ? [] : all.slice(last).filter(({ kind }) => kind === 'transcript' || kind === 'metrics');
}
