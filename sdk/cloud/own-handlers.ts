/** The functions that belong to one call alone. They live in the program that has placed it; the backend brings its messages and events there. */
import { type Clock, within } from '../../contracts/clock';
import type { Callbacks, MessageFunction } from '../options/callbacks';

export interface OwnHandlers {
  /** Over those of `connect()`. */
  readonly callbacks: Readonly<Callbacks>;
  /** Instead of that of `connect()`. */
  readonly onMessage: MessageFunction | undefined;
}

/** Who is meant: of a call that has just been placed the backend may tell before its answer, with the id, is here. */
export interface NamedCall {
  readonly callId: string;
  readonly direction: 'inbound' | 'outbound';
  /** E.164. */
  readonly person: string;
}

const MOST_CALLS = 5_000;
/** Whoever waits for longer is answered by what `connect()` has. */
const ID_WITHIN_MS = 2_000;

export class OwnHandlersOfCalls {
  readonly #ofCall = new Map<string, OwnHandlers>();
  /** Calls on their way to the backend, by the number that they go to. */
  readonly #placing = new Set<{ to: string; placed: Promise<unknown> }>();

  constructor(private readonly clock: Clock) {}

  /** @param place asks the backend for the call */
  async placed<Placed extends { callId: string }>(to: string, own: OwnHandlers, place: () => Promise<Placed>): Promise<Placed> {
    if (own.onMessage === undefined && Object.keys(own.callbacks).length === 0) return place();
    const placing = { to, placed: place().then((placed) => this.#remember(placed, own)) };
    this.#placing.add(placing);
    try {
      return (await placing.placed) as Placed;
    } finally {
      this.#placing.delete(placing);
    }
  }

  /** A promise only where it has to be waited for. */
  of({ callId, direction, person }: NamedCall): OwnHandlers | undefined | Promise<OwnHandlers | undefined> {
    const known = this.#ofCall.get(callId);
    const placing = [...this.#placing].filter(({ to }) => to === person);
    if (known || direction === 'inbound' || placing.length === 0) return known;
    return within(this.clock, ID_WITHIN_MS, Promise.allSettled(placing.map(({ placed }) => placed))).then(() => this.#ofCall.get(callId));
  }

  #remember<Placed extends { callId: string }>(placed: Placed, own: OwnHandlers): Placed {
    this.#ofCall.set(placed.callId, own);
    const [oldest] = this.#ofCall.keys();
    if (this.#ofCall.size > MOST_CALLS && oldest !== undefined) this.#ofCall.delete(oldest);
    return placed;
  }
}
