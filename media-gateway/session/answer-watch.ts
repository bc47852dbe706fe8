import type { Clock } from '../../contracts/clock';
import { Timers } from './timers';

/** After so long in silence the caller hears that somebody is there, and again after as long. */
const LATE_MS = 3_500;
/** The vendor has begun to answer by then, or it is asked on another socket. */
const ANSWER_WITHIN_MS = 5_000;
/** All tries to get one answer. With what is said at `LATE_MS` nobody has been in silence for five seconds by then. */
const GIVE_UP_MS = 9_000;
/** So long after the last sound an answer that has not ended has stalled. */
const STALLED_MS = 3_000;
/** Answers that fail one after the other: the first is asked for again, the second on another socket, then it is over. */
const MOST_FAILURES = 3;

export interface AnswerWatchActions {
  /** The caller waits. */
  late(): void;
  again(): void;
  /** On another socket. */
  restart(error: string): void;
  giveUp(error: string): void;
}

/** Sees to it that an answer that was asked for comes, and to its end. */
export class AnswerWatch {
  #failures = 0;
  readonly #timers: Timers<'late' | 'answer' | 'give_up'>;

  constructor(
    clock: Clock,
    private readonly actions: AnswerWatchActions,
  ) {
    this.#timers = new Timers(clock);
  }

  /** @param patienceMs an answer may rightly take so long */
  asked(patienceMs = 0): void {
    this.waits();
    if (!this.#timers.has('give_up'))
      this.#timers.set('give_up', Math.max(GIVE_UP_MS, patienceMs + ANSWER_WITHIN_MS), () => this.actions.giveUp('gave no answer'));
    this.#timers.set('answer', Math.max(ANSWER_WITHIN_MS, patienceMs), () => this.actions.restart('gave no answer'));
  }

  /** Somebody waits for an answer that cannot even be asked for. */
  waits(): void {
    this.#timers.clear('answer');
    if (!this.#timers.has('late')) this.#late();
  }

  /** Audio of it: the vendor is well. More of it comes before what is known has been heard, or soon after. */
  came(remainingMs: number, patienceMs = 0): void {
    this.#timers.clear('late');
    this.#timers.clear('give_up');
    this.#timers.set('answer', remainingMs + Math.max(STALLED_MS, patienceMs), () =>
      this.actions.restart('stopped in the middle of an answer'),
    );
  }

  /** Nobody waits for it any more. */
  over(): void {
    for (const timer of ['late', 'answer', 'give_up'] as const) this.#timers.clear(timer);
  }

  completed(): void {
    this.#failures = 0;
    this.over();
  }

  failed(error: string): void {
    this.#failures++;
    this.#timers.clear('answer');
    if (this.#failures === 1) this.actions.again();
    else if (this.#failures < MOST_FAILURES) this.actions.restart(error);
    else this.actions.giveUp(error);
  }

  dispose(): void {
    this.#timers.dispose();
  }

  #late(): void {
    this.#timers.set('late', LATE_MS, () => {
      this.actions.late();
      this.#late();
    });
  }
}
