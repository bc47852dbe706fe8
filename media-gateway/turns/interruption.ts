import type { TurnsSpec } from '../../contracts/turns';
import { type BackchannelOptions, isBackchannel, plainWords } from './backchannel';

export interface InterruptionOptions {
  /** So much voice while the agent speaks is an interruption, whatever the words are. */
  confirmMs: number;
  /** The same while the agent has only just begun (people say "hello?" into a greeting), and while all that is understood is an "mhm". */
  confirmSlowlyMs: number;
  /** So many words are needed, however long the voice; 0: the duration is enough, or a word that means something. */
  minWords: number;
  /** Without confirmation by then the agent goes on. */
  resumeMs: number;
  backchannel: Omit<BackchannelOptions, 'greeting'>;
}

export const DEFAULT_INTERRUPTION = {
  confirmMs: 800,
  confirmSlowlyMs: 1_000,
  minWords: 0,
  resumeMs: 2_000,
  backchannel: {},
} as const satisfies InterruptionOptions;

export function interruptionOptions(spec: TurnsSpec['interruption'], language: string): InterruptionOptions {
  return {
    confirmMs: spec.minDurationMs,
    confirmSlowlyMs: Math.max(DEFAULT_INTERRUPTION.confirmSlowlyMs, spec.minDurationMs),
    minWords: spec.minWords,
    resumeMs: spec.resumeAfterMs,
    backchannel: { language, own: spec.backchannels },
  };
}

type State =
  | { kind: 'none' }
  /** The agent has paused; whether the caller means it is not known yet. `humming`: what is understood so far is no more than an "mhm". */
  | { kind: 'open'; itemId: string; greeting: boolean; humming: boolean };

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
    this.#state = { kind: 'open', itemId, greeting, humming: false };
    if (!paused) this.actions.pause();
    this.timer.set(this.options.resumeMs, () => this.withdraw());
  }

  /** @param runMs length of the voice that is being heard */
  voiced(runMs: number): void {
    if (this.#state.kind !== 'open' || this.options.minWords > 0) return;
    const { confirmMs, confirmSlowlyMs } = this.options;
    const { itemId, greeting, humming } = this.#state;
    if (runMs >= (greeting || humming ? confirmSlowlyMs : confirmMs)) this.#confirm(itemId);
  }

  /** What is understood so far. */
  interim(itemId: string, text: string): void {
    if (this.#state.kind !== 'open' || this.#state.itemId !== itemId || !text.trim()) return;
    if (this.#means(text)) this.#confirm(itemId);
    else this.#state.humming = isBackchannel(text, this.options.backchannel);
  }

  /** Also of an earlier sound than the one under way: its words may come when the next has begun. */
  transcript(itemId: string, text: string): void {
    if (this.#state.kind !== 'open') return;
    if (this.#means(text)) this.#confirm(itemId);
    else if (this.#state.itemId === itemId) this.withdraw();
  }

  /** Whether words that came too late for the decision are an interruption all the same. */
  wasMeant(text: string): boolean {
    return this.#means(text);
  }

  /** Somebody who hears better has decided that it is one. */
  confirm(): void {
    if (this.#state.kind === 'open') this.#confirm(this.#state.itemId);
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

  #means(text: string): boolean {
    const { minWords, backchannel } = this.options;
    const greeting = this.#state.kind === 'open' && this.#state.greeting;
    return !isBackchannel(text, { ...backchannel, greeting }) && plainWords(text).length >= minWords;
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
