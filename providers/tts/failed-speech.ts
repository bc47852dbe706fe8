import type { SpeechEvent, SpeechStream } from './stream';

/** An answer that cannot be spoken, for a reason that is known beforehand. */
export class FailedSpeech implements SpeechStream {
  #listener: ((event: SpeechEvent) => void) | undefined;
  #state: 'waiting' | 'wanted' | 'over' = 'waiting';

  constructor(private readonly error: string) {}

  listen(listener: (event: SpeechEvent) => void): void {
    this.#listener = listener;
    this.#tell();
  }

  push(): void {
    this.#want();
  }

  end(): void {
    this.#want();
  }

  cancel(): void {
    this.#state = 'over';
  }

  #want(): void {
    if (this.#state === 'waiting') this.#state = 'wanted';
    this.#tell();
  }

  #tell(): void {
    if (this.#state !== 'wanted' || !this.#listener) return;
    this.#state = 'over';
    this.#listener({ kind: 'failed', error: this.error });
  }
}
