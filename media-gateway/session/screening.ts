import type { Clock } from '../../contracts/clock';
import type { Said } from './amd-watch';
import { Timers } from './timers';

/** Who is asked for the same again and again is not understood: a person will come all the same, or not. */
const MOST_ANSWERS = 3;

export interface ScreeningActions {
  /** Who calls and why; resolves when it was said. Never rejects. */
  introduce(): Promise<unknown>;
  /** Nobody will come. */
  giveUp(detail: string): void;
}

/** In front of a machine that asks who calls and why, while a person reads or hears the answer: it is given, and then nothing but waiting helps. */
export class Screening {
  #state: 'off' | 'introducing' | 'waiting' = 'off';
  #answers = 0;
  readonly #timers: Timers<'wait'>;

  constructor(
    clock: Clock,
    private readonly waitMs: number,
    private readonly actions: ScreeningActions,
  ) {
    this.#timers = new Timers(clock);
  }

  get active(): boolean {
    return this.#state !== 'off';
  }

  begin(): void {
    if (this.#state === 'off') this.#introduce();
  }

  /** The screener has spoken again. */
  heard(said: Said): void {
    if (this.#state !== 'waiting') return;
    if (said === 'call_screening' && this.#answers < MOST_ANSWERS) this.#introduce();
    else if (said === 'declined') this.actions.giveUp('the screener said that nobody will come');
  }

  /** A person has come, a mailbox speaks, or the call is over. */
  stop(): void {
    this.#state = 'off';
    this.#timers.clear('wait');
  }

  dispose(): void {
    this.stop();
    this.#timers.dispose();
  }

  #introduce(): void {
    this.#state = 'introducing';
    this.#answers++;
    this.#timers.clear('wait');
    void this.actions.introduce().then(() => {
      if (this.#state !== 'introducing') return;
      this.#state = 'waiting';
      this.#timers.set('wait', this.waitMs, () => this.actions.giveUp('nobody came on the line'));
    });
  }
}
