/** Server-Sent Events to one client, which may be slow, or gone. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../contracts/clock';

/** Proxies close what is silent for longer. */
const KEEP_ALIVE_MS = 15_000;
/** Far beyond the events of the longest call: a client that has so much before it does not read. */
export const MOST_WAITING_BYTES = 16_000_000;

export class EventStream {
  readonly #gone = new AbortController();
  #cancel = () => {};

  constructor(
    private readonly raw: ServerResponse,
    private readonly clock: Clock,
  ) {
    raw.on('close', () => this.#end());
    raw.on('error', () => this.#end());
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' });
    raw.flushHeaders();
    this.#keepAlive();
  }

  /** Aborted when nobody is there any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  send(event: { readonly type: string }): void {
    this.#write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  end(): void {
    this.#end();
    this.raw.end();
  }

  #write(text: string): void {
    if (this.#gone.signal.aborted) return;
    // What waits for it would only grow. It comes back, and is told the present state first.
    if (this.raw.writableLength > MOST_WAITING_BYTES) {
      this.#end();
      this.raw.destroy();
    } else this.raw.write(text);
  }

  #keepAlive(): void {
    this.#cancel = this.clock.after(KEEP_ALIVE_MS, () => {
      this.#write(': still here\n\n');
      if (!this.#gone.signal.aborted) this.#keepAlive();
    });
  }

  #end(): void {
    this.#cancel();
    this.#gone.abort();
  }
}
