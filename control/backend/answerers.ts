import type { SdkServerMessage } from '../../contracts/sdk-protocol';

/** A connected program, as far as this process knows it. */
export interface Answerer {
  readonly clientId: string;
  readonly tenantId: string;
  readonly number: string;
  /** Which of its connections: a later one replaces those before. */
  readonly connection: number;
  /** It is connected to another control process. */
  readonly remote?: boolean;
  send(message: SdkServerMessage): void;
}

/** @param client as the program names itself: two tenants may choose the same name */
export function clientIdOf({ tenantId, number }: Pick<Answerer, 'tenantId' | 'number'>, client: string): string {
  return `${tenantId}/${number}/${client}`;
}

const MOST_CALLS = 10_000;
/** A message that waits weighs more than any number of calls. */
const MESSAGE_WEIGHT = 1_000;

/** The connected programs, and which of them has which call. */
export class Answerers {
  readonly #clients = new Set<Answerer>();
  /** Who answers a call's messages, so that a program may keep what it needs of a call in its memory. */
  readonly #ofCall = new Map<string, string>();

  /** @param waiting messages that a program has not answered yet */
  constructor(private readonly waiting: (clientId: string) => number) {}

  get all(): ReadonlySet<Answerer> {
    return this.#clients;
  }

  /** In the place of its earlier connections. @returns false: it has a later one already */
  add(client: Answerer): boolean {
    // The program is back before its old connection was known to be dead.
    for (const known of this.#clients) {
      if (known.clientId !== client.clientId) continue;
      if (known.connection > client.connection) return false;
      this.#clients.delete(known);
    }
    this.#clients.add(client);
    return true;
  }

  /** @returns false: it was not there any more */
  delete(client: Answerer): boolean {
    return this.#clients.delete(client);
  }

  find(clientId: string): Answerer | undefined {
    return [...this.#clients].find((client) => client.clientId === clientId);
  }

  /** Programs for calls of a number. */
  serving({ tenantId, number }: Pick<Answerer, 'tenantId' | 'number'>): Answerer[] {
    return [...this.#clients].filter((client) => client.tenantId === tenantId && client.number === number);
  }

  /** The one that has the call, else the one with the least to do. */
  choose(candidates: readonly Answerer[], callId: string): Answerer | undefined {
    const sticky = this.#ofCall.get(callId);
    return candidates.find(({ clientId }) => clientId === sticky) ?? this.#leastBusy(candidates);
  }

  /** It has the call from now on. */
  remember(callId: string, clientId: string): void {
    this.#ofCall.delete(callId);
    this.#ofCall.set(callId, clientId);
    const [oldest] = this.#ofCall.keys();
    if (this.#ofCall.size > MOST_CALLS && oldest !== undefined) this.#ofCall.delete(oldest);
  }

  clear(): void {
    this.#clients.clear();
  }

  #leastBusy(clients: readonly Answerer[]): Answerer | undefined {
    const calls = new Map<string, number>();
    for (const clientId of this.#ofCall.values()) calls.set(clientId, (calls.get(clientId) ?? 0) + 1);
    const load = ({ clientId }: Answerer) => this.waiting(clientId) * MESSAGE_WEIGHT + (calls.get(clientId) ?? 0);
    return [...clients].sort((a, b) => load(a) - load(b))[0];
  }
}
