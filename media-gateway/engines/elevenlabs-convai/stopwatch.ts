import type { Clock } from '../../../contracts/clock';

/** Often enough that a gateway that dies has told nearly all. */
const TELL_EVERY_MS = 5_000;

/** The seconds of a conversation, which are what is paid for, told as they pass. */
export class Stopwatch {
  #from: number | undefined;
  #cancel: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly tell: (seconds: number) => void,
  ) {}

  start(): void {
    this.#from = this.clock.monotonic();
    this.#again();
  }

  /** Tells the rest. */
  stop(): void {
    this.#cancel();
    this.#lap();
    this.#from = undefined;
  }

  #again(): void {
    this.#cancel = this.clock.after(TELL_EVERY_MS, () => {
      this.#lap();
      this.#again();
    });
  }

  #lap(): void {
    if (this.#from === undefined) return;
    const now = this.clock.monotonic();
    const seconds = (now - this.#from) / 1_000;
    this.#from = now;
    if (seconds > 0) this.tell(seconds);
  }
}
