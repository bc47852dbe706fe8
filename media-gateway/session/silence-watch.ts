import type { Clock } from '../../contracts/clock';
import { Timers } from './timers';

export interface SilenceActions {
  /** Nobody has spoken since the answer. */
  suspected(): void;
  greetAgain(): void;
  giveUp(): void;
}

/** Somebody, or something, has picked up and says nothing: greeted once more, and then let go. Over for good as soon as a sound of speech comes. */
export class SilenceWatch {
  #state: 'watching' | 'greeted_again' | 'over';
  readonly #timers: Timers<'silence'>;

  constructor(
    clock: Clock,
    enabled: boolean,
    private readonly afterMs: number,
    private readonly actions: SilenceActions,
  ) {
    this.#state = enabled ? 'watching' : 'over';
    this.#timers = new Timers(clock);
  }

  get watching(): boolean {
    return this.#state !== 'over';
  }

  /** @param quiet nobody speaks, and nothing is going on that will make somebody speak */
  changed(quiet: boolean): void {
    if (!quiet || this.#state === 'over') this.#timers.clear('silence');
    else if (!this.#timers.has('silence')) this.#timers.set('silence', this.afterMs, () => this.#next());
  }

  heard(): void {
    this.#state = 'over';
    this.#timers.clear('silence');
  }

  dispose(): void {
    this.#timers.dispose();
  }

  #next(): void {
    if (this.#state === 'watching') {
      this.#state = 'greeted_again';
      this.actions.suspected();
      this.actions.greetAgain();
    } else if (this.#state === 'greeted_again') {
      this.#state = 'over';
      this.actions.giveUp();
    }
  }
}
