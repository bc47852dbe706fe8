import type { Clock } from '../../../contracts/clock';
import type { ChatDelta } from '../../../providers/llm/chat';
import type { EngineEvent } from '../engine';
import { Preparation } from './preparation';

/** Of one turn: a caller who pauses again and again is not thought for each time. */
const MOST_PREPARATIONS = 3;
/** Who has spoken for so long has a story to tell: it is thought about when it is known to be over. */
const LONGEST_TURN_MS = 10_000;

export interface PreparationsDeps {
  clock: Clock;
  /** The history's, which changes with whatever is said or done. */
  version(): number;
  /** What was used for a preparation that nobody heard. */
  wasted(usage: EngineEvent): void;
}

/** Answers that are thought of while it is not certain yet that the caller has finished: one at a time, for as long as nothing changes. */
export class Preparations {
  #open: { run: Preparation; version: number | undefined } | undefined;
  #ofTurn = 0;
  /** On the clock that only goes forward. */
  #turnBeganAt = 0;

  constructor(private readonly deps: PreparationsDeps) {}

  turnBegins(): void {
    this.#ofTurn = 0;
    this.#turnBeganAt = this.deps.clock.monotonic();
  }

  /** The caller has probably finished. */
  begin(said: string, ask: (signal: AbortSignal) => AsyncGenerator<ChatDelta>): void {
    this.discard();
    if (this.deps.clock.monotonic() - this.#turnBeganAt > LONGEST_TURN_MS || ++this.#ofTurn > MOST_PREPARATIONS) return;
    this.#open = { run: new Preparation(said, ask), version: undefined };
  }

  /** The caller has finished, and what was said is in the history. */
  turnEnded(said: string): void {
    if (this.#open?.run.fits(said)) this.#open.version = this.deps.version();
    else this.discard();
  }

  /** What was prepared, if nothing has changed since. @param plain the answer that is wanted is the agent's own */
  take(plain: boolean): Preparation | undefined {
    const open = this.#open;
    if (!open || !plain || open.version !== this.deps.version()) {
      this.discard();
      return undefined;
    }
    this.#open = undefined;
    return open.run;
  }

  discard(): void {
    const preparation = this.#open?.run;
    this.#open = undefined;
    if (!preparation) return;
    preparation.discard();
    for (const usage of preparation.usage) this.deps.wasted(usage);
  }
}
