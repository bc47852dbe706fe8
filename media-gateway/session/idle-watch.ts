import type { Clock } from '../../contracts/clock';
import type { TurnsSpec } from '../../contracts/turns';
import { type Phrase, phrase } from './phrases';
import { Timers } from './timers';

export interface IdleActions {
  prompt(line: Phrase): void;
  goodbye(line: Phrase): void;
}

/** A caller who says nothing: is asked whether they are there, once or as often as there are prompts, and then let go. */
export class IdleWatch {
  #asked = 0;
  readonly #timers: Timers<'idle'>;
  readonly #prompts: readonly Phrase[];
  readonly #goodbye: Phrase;

  constructor(
    clock: Clock,
    private readonly spec: TurnsSpec['idle'],
    language: string,
    private readonly actions: IdleActions,
  ) {
    this.#timers = new Timers(clock);
    this.#prompts = spec.prompts?.map((text) => ({ text, verbatim: true })) ?? [phrase(language, 'stillThere')];
    this.#goodbye = spec.goodbye === undefined ? phrase(language, 'idleGoodbye') : { text: spec.goodbye, verbatim: true };
  }

  /** @param quiet nobody speaks, and nothing is going on that will make somebody speak */
  changed(quiet: boolean): void {
    if (!quiet) this.#timers.clear('idle');
    else if (!this.#timers.has('idle')) this.#timers.set('idle', this.spec.afterMs, () => this.#next());
  }

  /** The caller is there. */
  active(): void {
    this.#asked = 0;
  }

  dispose(): void {
    this.#timers.dispose();
  }

  #next(): void {
    const prompt = this.#prompts[this.#asked];
    this.#asked++;
    if (prompt) this.actions.prompt(prompt);
    else this.actions.goodbye(this.#goodbye);
  }
}
