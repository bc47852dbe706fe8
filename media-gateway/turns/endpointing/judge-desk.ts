import type { Clock } from '../../../contracts/clock';
import type { TurnJudge } from './turn-detector';

/** Longer than this a caller had better not be kept waiting for a second opinion. */
export const JUDGE_WITHIN_MS = 800;

/** Asks the judge about a text once, and remembers the verdict until another text comes. */
export class JudgeDesk {
  #asked: { text: string; verdict: boolean | undefined; abort: AbortController; cancel: () => void } | undefined;

  /** @param changed a verdict has come, or none will */
  constructor(
    private readonly judge: TurnJudge,
    private readonly language: string,
    private readonly clock: Clock,
    private readonly changed: () => void,
  ) {}

  /** Undefined: not known; `pending` tells whether it still may be. */
  verdict(text: string): boolean | undefined {
    return this.#asked?.text === text ? this.#asked.verdict : undefined;
  }

  pending(text: string): boolean {
    return this.#asked?.text === text && this.#asked.verdict === undefined && !this.#asked.abort.signal.aborted;
  }

  ask(text: string): void {
    if (this.#asked?.text === text) return;
    this.drop();
    const abort = new AbortController();
    const over = () => {
      if (abort.signal.aborted) return;
      abort.abort(new Error('no verdict in time'));
      this.changed();
    };
    const asked = { text, verdict: undefined as boolean | undefined, abort, cancel: this.clock.after(JUDGE_WITHIN_MS, over) };
    this.#asked = asked;
    this.judge.finished(text, { language: this.language, signal: abort.signal }).then(
      (verdict) => {
        if (this.#asked !== asked || abort.signal.aborted) return;
        asked.cancel();
        asked.verdict = verdict;
        this.changed();
      },
      // Who cannot tell does not hold the answer up.
      () => {
        asked.cancel();
        if (this.#asked === asked) over();
      },
    );
  }

  drop(): void {
    this.#asked?.cancel();
    this.#asked?.abort.abort(new Error('not needed any more'));
    this.#asked = undefined;
  }
}
