import type { ChatDelta } from '../../../providers/llm/chat';

/** An answer that is being thought of before it is certain that it is wanted: what comes is kept, and nothing is spoken. */
export class Preparation {
  readonly #abort = new AbortController();
  readonly #deltas: ChatDelta[] = [];
  #state: { kind: 'coming' } | { kind: 'complete' } | { kind: 'failed'; error: unknown } = { kind: 'coming' };
  #wake: () => void = () => undefined;

  /** @param text what the caller is taken to have said */
  constructor(
    readonly text: string,
    ask: (signal: AbortSignal) => AsyncIterable<ChatDelta>,
  ) {
    void this.#run(ask);
  }

  /** The caller has said it, but for how it is written. */
  fits(text: string): boolean {
    return plain(text) === plain(this.text);
  }

  discard(): void {
    this.#abort.abort(new Error('the caller went on'));
  }

  /** Usage of what was discarded is told too: it was paid for. */
  get usage(): Extract<ChatDelta, { kind: 'usage' }>[] {
    return this.#deltas.filter((delta) => delta.kind === 'usage');
  }

  /** What was kept, and what comes from now on. Aborting `signal` ends it. */
  async *take(signal: AbortSignal): AsyncGenerator<ChatDelta> {
    const abort = () => {
      this.discard();
      this.#wake();
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      for (let next = 0; ; ) {
        signal.throwIfAborted();
        const delta = this.#deltas[next];
        if (delta) {
          next++;
          yield delta;
        } else if (this.#state.kind === 'failed') throw this.#state.error;
        else if (this.#state.kind === 'complete') return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #run(ask: (signal: AbortSignal) => AsyncIterable<ChatDelta>): Promise<void> {
    try {
      for await (const delta of ask(this.#abort.signal)) {
        this.#deltas.push(delta);
        this.#wake();
      }
      this.#state = { kind: 'complete' };
    } catch (error) {
      this.#state = { kind: 'failed', error };
    }
    this.#wake();
  }
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{Nd}]+/gu, ' ')
    .trim();
}
