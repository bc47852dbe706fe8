import type { UsageLine } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import { encodeMulaw } from '../../contracts/g711';
import type { SpeechSynthesizer } from '../../providers/tts/tts';
import { resample24kTo8k } from '../audio/resample';
import type { LineCache } from './line-cache';

/** How long a caller may wait for a line before it is said in another way. */
const LINE_TIMEOUT_MS = 4_000;
/** How long it may take to be made while nobody waits: a message of half a minute comes as a whole, and not in four seconds. */
const MAKE_TIMEOUT_MS = 20_000;

/** What is spoken word by word (disclosure, first message, voicemail, farewell), as µ-law. One per call; the cache may be everybody's. */
export class FixedLines {
  readonly #making = new Map<string, Promise<Uint8Array>>();
  readonly #abort = new AbortController();
  readonly #usage: UsageLine[] = [];

  constructor(
    private readonly speech: SpeechSynthesizer,
    private readonly voice: string,
    private readonly cache: LineCache,
    private readonly clock: Clock,
    private readonly provider: UsageLine['provider'] = 'openai',
  ) {}

  /** Characters spoken so far, once: a second call has nothing new. */
  takeUsage(): UsageLine[] {
    return this.#usage.splice(0);
  }

  /** Begins to make a line that will be needed; a failure shows when it is. */
  prefetch(text: string): void {
    if (text && !this.ready(text)) this.#made(text).catch(() => undefined);
  }

  /** A line that is there already, for when nothing can be made any more. */
  ready(text: string): Uint8Array | undefined {
    return this.cache.get(this.#key, text);
  }

  /** @throws PatterError PATTER_PROVIDER_FAILED */
  get(text: string): Promise<Uint8Array> {
    const cached = this.ready(text);
    return cached ? Promise.resolve(cached) : this.#inTime(this.#made(text));
  }

  dispose(): void {
    this.#abort.abort(new PatterError('PATTER_CALL_ENDED', 'The call is over'));
  }

  #made(text: string): Promise<Uint8Array> {
    let making = this.#making.get(text);
    if (!making) {
      making = this.#make(text).finally(() => this.#making.delete(text));
      this.#making.set(text, making);
    }
    return making;
  }

  #inTime(making: Promise<Uint8Array>): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(LINE_TIMEOUT_MS, () => reject(late(LINE_TIMEOUT_MS)));
      making.finally(cancel).then(resolve, reject);
    });
  }

  /** One name is another voice at another vendor, and by another model. */
  get #key(): string {
    return `${this.provider}/${this.speech.model}/${this.voice}`;
  }

  async #make(text: string): Promise<Uint8Array> {
    const deadline = new AbortController();
    const cancel = this.clock.after(MAKE_TIMEOUT_MS, () => deadline.abort(late(MAKE_TIMEOUT_MS)));
    try {
      const signal = AbortSignal.any([deadline.signal, this.#abort.signal]);
      const samples = await this.speech.synthesize({ text, voice: this.voice, signal });
      signal.throwIfAborted();
      const audio = encodeMulaw(this.speech.sampleRate === 24_000 ? resample24kTo8k(samples) : samples);
      this.#usage.push({ provider: this.provider, service: 'tts', item: this.speech.model, unit: 'character', quantity: text.length });
      this.cache.put(this.#key, text, audio);
      return audio;
    } finally {
      cancel();
    }
  }
}

function late(ms: number): PatterError {
  return new PatterError('PATTER_PROVIDER_FAILED', `A line was not spoken within ${ms} ms`);
}
