import type { Clock } from '../../contracts/clock';
import type { AmdWatch } from './amd-watch';
import { Timers } from './timers';

/** How long an answer waits for the first words' transcript, where a machine may have answered. */
const FIRST_WORDS_MS = 1_500;
/** How long it waits for the verdict once a machine is suspected. A person must not be met with silence for longer. */
const SUSPICION_MS = 4_000;

/** Holds answers back for a moment while it is not known whether a person is there. */
export class AnswerGate {
  readonly #timers: Timers<'first_words' | 'suspicion'>;

  constructor(
    clock: Clock,
    private readonly amd: AmdWatch,
    private readonly answer: () => void,
  ) {
    this.#timers = new Timers(clock);
  }

  get holding(): boolean {
    return this.#timers.has('first_words') || this.#timers.has('suspicion');
  }

  /** Only the first words are awaited: they have come now. */
  get awaitsWords(): boolean {
    return this.#timers.has('first_words');
  }

  /** The caller's turn is over, and the floor is open: answered now, or soon. */
  turnOver(awaitsTranscript: boolean): void {
    if (this.amd.suspected) {
      this.#timers.clear('first_words');
      this.#timers.set('suspicion', SUSPICION_MS, this.answer);
      return;
    }
    if (this.amd.undecided && awaitsTranscript && !this.#timers.has('first_words')) {
      this.#timers.set('first_words', FIRST_WORDS_MS, this.answer);
      return;
    }
    this.answer();
  }

  /** A person after all: answers what was held back. */
  release(): void {
    if (this.holding) this.answer();
  }

  clear(): void {
    for (const name of ['first_words', 'suspicion'] as const) this.#timers.clear(name);
  }

  dispose(): void {
    this.#timers.dispose();
  }
}
