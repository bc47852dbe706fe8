import { type ErrorCode, PatterError } from '../../contracts/errors';
import { BYTES_PER_MS } from '../../contracts/g711';
import { EventOutlet } from '../event-outlet';
import type { SttEvent } from './stt';

/** What the caller says while the vendor connects is not lost; what is older than this is of no use any more. */
const MOST_KEPT_BYTES = 5_000 * BYTES_PER_MS;

type State = 'connecting' | 'open' | 'ended';

/** What every recogniser's life has in common: connecting, open, ended once; audio kept until it is open; events in order. */
export class SttLife {
  readonly ready: Promise<void>;
  #state: State = 'connecting';
  readonly #outlet = new EventOutlet<SttEvent>();
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;

  constructor(private readonly vendor: string) {
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not wait for it hears of the failure by `closed`.
    this.ready.catch(() => undefined);
  }

  get state(): State {
    return this.#state;
  }

  listen(listener: (event: SttEvent) => void): void {
    this.#outlet.listen(listener);
  }

  emit(event: SttEvent): void {
    this.#outlet.emit(event);
  }

  /** While it connects. */
  keep(audio: Uint8Array): void {
    this.#kept.push(audio);
    this.#keptBytes += audio.length;
    while (this.#keptBytes > MOST_KEPT_BYTES) this.#keptBytes -= this.#kept.shift()?.length ?? 0;
  }

  /** The vendor listens. Returns what was kept for it. */
  open(): Uint8Array {
    const kept = Buffer.concat(this.#kept);
    this.#kept = [];
    if (this.#state === 'connecting') {
      this.#state = 'open';
      this.#resolve();
    }
    return kept;
  }

  /** The vendor is gone: `error` reads on after its name. */
  fail(error: string, code: ErrorCode = 'PATTER_PROVIDER_FAILED'): void {
    if (this.#state === 'ended') return;
    this.#end();
    const text = code === 'PATTER_PROVIDER_FAILED' ? `${this.vendor} ${error}` : error;
    this.#reject(new PatterError(code, text));
    this.#outlet.end({ kind: 'closed', error: text });
  }

  close(): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#reject(new PatterError('PATTER_PROVIDER_FAILED', `${this.vendor} was closed before it was ready`));
    this.#outlet.end();
  }

  #end(): void {
    this.#state = 'ended';
    this.#kept = [];
  }
}
