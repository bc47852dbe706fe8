/** The name of a tunnel, which may become another at any moment, and the telling of it to whoever has to know. */
import { type Clock, sleep } from '../../contracts/clock';
import type { OpenTunnel } from '../options/tunnel';

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

export interface TunnelFollower {
  /** The name that everybody knows already. */
  known: string;
  /** Never called before the one before it has settled. What it throws is told to `failed`. */
  tell(host: string): Promise<void>;
  /** @returns whether it is told once more, after a while */
  failed(error: unknown, host: string): boolean;
  clock: Clock;
  /** Aborted when nobody needs to know any more. */
  signal: AbortSignal;
}

/** Made as soon as the tunnel is open: between that and a gateway that could be told lie many seconds. */
export class TunnelName {
  #host: string;
  #renamed = new AbortController();

  constructor(open: OpenTunnel) {
    this.#host = open.host;
    open.onChange?.((host) => {
      const last = this.#renamed;
      this.#host = host;
      this.#renamed = new AbortController();
      last.abort();
    });
  }

  /** As of now. */
  get host(): string {
    return this.#host;
  }

  /** Tells each new name until it was taken, there is a newer one, or `signal`. Resolves then; never rejects. */
  async follow({ known, tell, failed, clock, signal }: TunnelFollower): Promise<void> {
    let told: string | undefined = known;
    let backoffMs = FIRST_BACKOFF_MS;
    while (!signal.aborted) {
      const changed = AbortSignal.any([this.#renamed.signal, signal]);
      const host = this.#host;
      if (host === told) {
        await aborted(changed);
        continue;
      }
      // Of a half-told name nobody knows who has it.
      told = undefined;
      try {
        await tell(host);
        told = host;
        backoffMs = FIRST_BACKOFF_MS;
      } catch (error) {
        if (failed(error, host)) {
          await sleep(clock, backoffMs, changed).catch(() => undefined);
          backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS);
        } else told = host;
      }
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
