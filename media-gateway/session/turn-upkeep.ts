import type { Clock } from '../../contracts/clock';
import type { CallSessionOptions } from './ports';
import { Timers } from './timers';
import type { TurnLog } from './turn-log';

/** A signal has been delivered by then. */
const SEALED_ARRIVED_MS = 10_000;

/** Tells the host of turns that are complete, and the workflow of those that a heartbeat need not carry any more. */
export class TurnUpkeep {
  #settled = 0;
  readonly #timers: Timers<'sealed'>;

  constructor(
    clock: Clock,
    private readonly turns: TurnLog,
    private readonly tell: Pick<CallSessionOptions, 'emit' | 'progressed'>,
  ) {
    this.#timers = new Timers(clock);
  }

  changed(): void {
    const { turns, tell } = this;
    if (turns.settledTurns !== this.#settled) {
      this.#settled = turns.settledTurns;
      tell.progressed?.();
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
