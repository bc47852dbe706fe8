import type { UsageLine } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { CallSessionOptions } from './ports';
import { Timers } from './timers';
import type { TurnLog } from './turn-log';

/** A signal has been delivered by then. */
const SEALED_ARRIVED_MS = 10_000;

/** Tells the host, and who listens in, of turns that are complete, and the workflow of those that a heartbeat need not carry any more. */
export class TurnUpkeep {
  #settled = 0;
  /** Turns in a row that have been told. */
  #told = 0;
  readonly #timers: Timers<'sealed'>;

  constructor(
    clock: Clock,
    private readonly turns: TurnLog,
    private readonly tell: Pick<CallSessionOptions, 'emit' | 'progressed' | 'settled'>,
    private readonly usage: () => UsageLine[],
  ) {
    this.#timers = new Timers(clock);
  }

  changed(): void {
    const { turns, tell } = this;
    if (turns.settledTurns !== this.#settled) {
      this.#settled = turns.settledTurns;
      tell.progressed?.();
    }
    if (tell.settled && turns.settledRow > this.#told) {
      this.#told = turns.settledRow;
      tell.settled(turns.settledTurnsInRow(), this.usage);
    }
    const sealed = turns.seal();
    if (!sealed) return;
    const { sealedTurns } = turns;
    tell.emit({ kind: 'sealed_turns', turns: sealed });
    this.#timers.set('sealed', SEALED_ARRIVED_MS, () => turns.handedOver(sealedTurns));
  }

  dispose(): void {
    this.#timers.dispose();
  }
}
