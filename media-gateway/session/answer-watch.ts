import type { Clock } from '../../contracts/clock';
import { Timers } from './timers';

/** The vendor has begun to answer by then, or it is taken for dead. */
const ANSWER_WITHIN_MS = 10_000;
/** Answers that fail one after the other: the first is asked for again, the second on another socket, then it is over. */
const MOST_FAILURES = 3;

export interface AnswerWatchActions {
  again(): void;
  /** On another socket. */
  restart(error: string): void;
  giveUp(error: string): void;
}

/** Sees to it that an answer that was asked for comes. */
export class AnswerWatch {
  #failures = 0;
  readonly #timers: Timers<'answer'>;

  constructor(
    clock: Clock,
    private readonly actions: AnswerWatchActions,
  ) {
    this.#timers = new Timers(clock);
  }

  asked(): void {
    this.#timers.set('answer', ANSWER_WITHIN_MS, () => this.actions.restart('gave no answer'));
  }

  /** Audio of it: the vendor is well. */
  came(): void {
    this.#timers.clear('answer');
    this.#failures = 0;
  }

  /** It ended, or nobody waits for it any more. */
  over(): void {
    this.#timers.clear('answer');
  }

  failed(error: string): void {
    this.#failures++;
    if (this.#failures === 1) this.actions.again();
    else if (this.#failures < MOST_FAILURES) this.actions.restart(error);
    else this.actions.giveUp(error);
  }

  dispose(): void {
    this.#timers.dispose();
  }
}
