import type { Clock } from '../../../contracts/clock';

/** The vendor lets a silent caller be for about 2 s after it. */
const ACTIVITY_EVERY_MS = 1_500;

/** Keeps the agent from speaking up because the caller is silent: before somebody hears it, and while it is heard itself, that is no silence. */
export class CallerPresence {
  #open = false;
  #heard = false;
  #agentSpeaks = false;
  #cancel: () => void = () => undefined;

  /** @param activity tells the vendor that the caller does something */
  constructor(
    private readonly clock: Clock,
    private readonly activity: () => void,
  ) {}

  /** The conversation was accepted. */
  opened(): void {
    this.#open = true;
    this.#tell();
  }

  /** Somebody hears the agent. */
  heard(): void {
    if (this.#heard) return;
    this.#heard = true;
    this.#tell();
  }

  agentSpeaking(speaking: boolean): void {
    this.#agentSpeaks = speaking;
    this.#tell();
  }

  close(): void {
    this.#open = false;
    this.#cancel();
  }

  #tell(): void {
    this.#cancel();
    if (!this.#open || (this.#heard && !this.#agentSpeaks)) return;
    this.activity();
    this.#cancel = this.clock.after(ACTIVITY_EVERY_MS, () => this.#tell());
  }
}
