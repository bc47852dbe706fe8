import type { Clock } from '../../contracts/clock';
import type { Conversation } from './conversation';
import { Timers } from './timers';

/** A drain waits so long for the caller to say something; who is silent for longer hardly begins in the moment of the handover. */
const CALLER_ANSWERS_MS = 1_500;

/** Looks for a moment to hand a talk over to another gateway, between two turns, and does it at the latest when the time is up. */
export class HandOver {
  readonly #timers: Timers<'limit' | 'pause'>;

  constructor(
    clock: Clock,
    private readonly conversation: Conversation,
    private readonly handOver: () => void,
  ) {
    this.#timers = new Timers(clock);
  }

  /** Again with less time: the last one counts. */
  within(ms: number): void {
    if (ms <= 0) {
      this.handOver();
      return;
    }
    // From now on the caller's next turn is the next gateway's to answer.
    this.conversation.holdAnswers();
    this.#timers.set('limit', ms, () => this.handOver());
  }

  /** Something was played, said or answered. Between two turns nothing is cut off: best when the caller has just said something, since then they wait. */
  changed(talking: boolean): void {
    if (!this.#timers.has('limit')) return;
    if (!talking || !this.conversation.betweenTurns) this.#timers.clear('pause');
    else if (this.conversation.owesAnswer) this.handOver();
    else if (!this.#timers.has('pause')) this.#timers.set('pause', CALLER_ANSWERS_MS, () => this.handOver());
  }

  dispose(): void {
    this.#timers.dispose();
  }
}
