import { isBackchannel } from './backchannel';

export interface InterruptionOptions {
  /** So much voice while the agent speaks is an interruption, whatever the words are. */
  confirmMs: number;
  /** The same while the agent has only just begun: people say "hello?" into a greeting. */
  confirmGreetingMs: number;
  /** Without confirmation by then the agent goes on. */
  resumeMs: number;
}

export const DEFAULT_INTERRUPTION = { confirmMs: 500, confirmGreetingMs: 1_000, resumeMs: 2_000 } as const satisfies InterruptionOptions;

type State =
  | { kind: 'none' }
  /** The agent has paused; whether the caller means it is not known yet. */
  | { kind: 'open'; itemId: string; greeting: boolean };

export interface InterruptionActions {
  pause(): void;
  resume(itemId: string): void;
  /** The agent falls silent; the utterance is a turn. */
  cut(itemId: string): void;
}

/** Pause at the first sound, then decide: an interruption cuts the agent off, a cough or an "mhm" does not. */
export class Interruption {
  #state: State = { kind: 'none' };

  constructor(
    private readonly timer: { set(ms: number, fn: () => void): void; clear(): void },
    private readonly actions: InterruptionActions,
    private readonly options: InterruptionOptions = DEFAULT_INTERRUPTION,
  ) {}

  get open(): boolean {
    return this.#state.kind === 'open';
  }

  /** The caller speaks while the agent does. `greeting`: the agent has only just begun, so a "hello" is none either. */
  begin(itemId: string, greeting: boolean): void {
    const paused = this.#state.kind === 'open';
    this.#state = { kind: 'open', itemId, greeting };
    if (!paused) this.actions.pause();
    this.timer.set(this.options.resumeMs, () => this.withdraw());
  }

  /** @param runMs length of the voice that is being heard */
  voiced(runMs: number): void {
    if (this.#state.kind !== 'open') return;
    const { confirmMs, confirmGreetingMs } = this.options;
    if (runMs >= (this.#state.greeting ? confirmGreetingMs : confirmMs)) this.#confirm(this.#state.itemId);
  }

  transcript(itemId: string, text: string): void {
    if (this.#state.kind !== 'open' || this.#state.itemId !== itemId) return;
    if (isBackchannel(text, { greeting: this.#state.greeting })) this.withdraw();
    else this.#confirm(itemId);
  }

  /** It was nothing: the agent goes on. */
  withdraw(): void {
    if (this.#state.kind !== 'open') return;
    const { itemId } = this.#state;
    this.#reset();
    this.actions.resume(itemId);
  }

  /** The agent has been silenced by something else. */
  forget(): void {
    this.#reset();
  }

  #confirm(itemId: string): void {
    this.#reset();
    this.actions.cut(itemId);
  }

  #reset(): void {
    this.#state = { kind: 'none' };
    this.timer.clear();
  }
}
