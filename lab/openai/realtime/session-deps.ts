import type { Clock } from '../../../contracts/clock';
import type { BrainRule } from '../brain/brain-rules';

/** What a session needs of the world. */
export interface SessionDeps {
  clock: Clock;
  baud: number;
  rules: readonly BrainRule[];
  send(frame: string): void;
  /** Asked once per spoken message: milliseconds of its audio after which the socket breaks. */
  dropAfterMs(): number | undefined;
  /** Breaks the socket without a close frame. */
  drop(): void;
}
