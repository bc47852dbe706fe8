import { TELEPHONE_AUDIO } from '../../../contracts/audio';
import type { Clock } from '../../../contracts/clock';
import { BYTES_PER_MS } from '../../../contracts/g711';
import type { SpeechToText, SttEvent } from '../../../providers/stt/stt';
import type { Logger } from '../../../runtime/log';
import { type AudioConverter, audioConverter } from '../../audio/convert';

export interface HearingOptions {
  open(): SpeechToText;
  event(event: Exclude<SttEvent, { kind: 'closed' }>): void;
  /** The recogniser stays away. */
  lost(error: string, awayMs: number): void;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
}

/** A recogniser that is away for longer than this is the engine's failure, which has its own ways out and the caller's patience to share. */
const RECOVER_WITHIN_MS = 1_500;
const RETRY_MS = 200;
/** A recogniser that is lost again so soon, without a word of the caller's, has never been well. */
const WELL_AFTER_MS = 3_000;
/** What a new recogniser is told of what the dead one had not written down. */
const MOST_REPEATED_BYTES = 2_000 * BYTES_PER_MS;

type State = { kind: 'first' } | { kind: 'up' } | { kind: 'recovering' } | { kind: 'closed' };

/** The caller's audio on its way to the recogniser, over as many sockets as it takes. */
export class Hearing {
  readonly ready: Promise<void>;
  #stt: SpeechToText;
  #convert: AudioConverter | undefined;
  #state: State = { kind: 'first' };
  #settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve: () => undefined, reject: () => undefined };
  #cancels = new Set<() => void>();
  /** When the present trouble began. */
  #since: number | undefined;
  /** Since the last words that will not change. */
  #recent: Uint8Array[] = [];
  #recentBytes = 0;

  constructor(private readonly options: HearingOptions) {
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever waits sees the rejection; when nobody does, it is no unhandled one.
    this.ready.catch(() => undefined);
    this.#stt = this.#open();
  }

  /** What is known of the recogniser. */
  get recogniser(): Pick<SpeechToText, 'p99FinalMs' | 'endsTurns'> {
    const { p99FinalMs, endsTurns } = this.#stt;
    return { p99FinalMs, endsTurns };
  }

  push(mulaw: Uint8Array): void {
    if (this.#state.kind === 'closed') return;
    this.#recent.push(mulaw);
    this.#recentBytes += mulaw.length;
    while (this.#recentBytes > MOST_REPEATED_BYTES) this.#recentBytes -= this.#recent.shift()?.length ?? 0;
    this.#stt.push(this.#convert ? this.#convert(mulaw) : mulaw);
  }

  finalize(): void {
    this.#stt.finalize();
  }

  close(): void {
    if (this.#state.kind === 'closed') return;
    this.#end(new Error('closed before it was ready'));
    // It tells what was used.
    this.#stt.close();
  }

  #open(): SpeechToText {
    const stt = this.options.open();
    this.#convert = audioConverter(TELEPHONE_AUDIO, stt.format);
    stt.listen((event) => {
      // What the old one says of its use while it closes counts too.
      if (event.kind === 'usage') this.options.event(event);
      else if (this.#stt === stt && this.#state.kind !== 'closed') this.#event(event);
    });
    stt.ready.then(
      () => this.#stt === stt && this.#up(),
      // Its `closed` event says the same.
      () => undefined,
    );
    return stt;
  }

  #event(event: Exclude<SttEvent, { kind: 'usage' }>): void {
    if (event.kind === 'closed') {
      this.#broken(event.error);
      return;
    }
    if (event.kind === 'interim' || event.kind === 'final') this.#since = undefined;
    if (event.kind === 'final' || event.kind === 'end_of_turn') {
      this.#recent = [];
      this.#recentBytes = 0;
    }
    this.options.event(event);
  }

  #up(): void {
    if (this.#state.kind === 'closed') return;
    this.#clear();
    this.#state = { kind: 'up' };
    if (this.#since !== undefined)
      this.#later(WELL_AFTER_MS, () => {
        this.#since = undefined;
      });
    this.#settle.resolve();
  }

  #broken(error: string): void {
    const { clock, log } = this.options;
    if (this.#state.kind === 'recovering') {
      this.#later(RETRY_MS, () => this.#reopen());
      return;
    }
    log.warn({ error }, 'the recogniser is gone; connecting again');
    this.#clear();
    this.#state = { kind: 'recovering' };
    const again = this.#since !== undefined;
    this.#since ??= clock.monotonic();
    const from = this.#since;
    this.#later(Math.max(0, from + RECOVER_WITHIN_MS - clock.monotonic()), () => {
      const awayMs = Math.round(clock.monotonic() - from);
      const problem = `${error} (away for ${awayMs} ms)`;
      this.#stt.close();
      this.#end(new Error(problem));
      this.options.lost(problem, Math.min(awayMs, RECOVER_WITHIN_MS));
    });
    // Not from within its own event.
    this.#later(again ? RETRY_MS : 0, () => this.#reopen());
  }

  #reopen(): void {
    this.#stt = this.#open();
    const repeated = Buffer.concat(this.#recent);
    if (repeated.length > 0) this.#stt.push(this.#convert ? this.#convert(repeated) : repeated);
  }

  #end(error: Error): void {
    this.#state = { kind: 'closed' };
    this.#clear();
    this.#recent = [];
    this.#settle.reject(error);
  }

  #later(ms: number, fn: () => void): void {
    const cancel = this.options.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      fn();
    });
    this.#cancels.add(cancel);
  }

  #clear(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
