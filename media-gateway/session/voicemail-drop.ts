import type { Clock } from '../../contracts/clock';
import { BeepDetector } from '../audio/beep-detector';
import type { LineResult } from './line-reader';
import { Timers } from './timers';

const GREETING_END_MS = 30_000;
const GREETING_SILENCE_MS = 1_200;
const AFTER_BEEP_MS = 150;

type Phase =
  | { kind: 'none' }
  /** For the end of the greeting. */
  | { kind: 'waiting'; text: string }
  | { kind: 'speaking'; text: string; repeats: number };

export interface VoicemailActions {
  /** The message will be needed soon. */
  prepare(text: string): void;
  /** Says it, not to be interrupted, in place of whatever is being said. */
  say(text: string): Promise<LineResult>;
  beeped(): void;
  /** Over: played to its end, or not. */
  finished(end: 'voicemail_left' | 'voicemail_cut', error?: string): void;
  failed(error: unknown): void;
}

/** A message on a machine: after its greeting, or its beep, and again when the beep came only then. */
export class VoicemailDrop {
  #phase: Phase = { kind: 'none' };
  #beepEnded = false;
  readonly #beep = new BeepDetector();
  readonly #timers: Timers<'greeting_end' | 'after_beep'>;

  constructor(
    clock: Clock,
    private readonly actions: VoicemailActions,
  ) {
    this.#timers = new Timers(clock);
  }

  get waiting(): boolean {
    return this.#phase.kind === 'waiting';
  }

  get speaking(): boolean {
    return this.#phase.kind === 'speaking';
  }

  /** Ordered, or ordered once more: `waitForSilence` is false when the greeting is known to be over. */
  order(text: string, waitForSilence: boolean): void {
    if (this.#phase.kind !== 'none') {
      if (this.#phase.kind === 'waiting' && !waitForSilence) this.#speak(this.#phase.text, 0);
      return;
    }
    const phase: Phase = { kind: 'waiting', text };
    this.#phase = phase;
    this.actions.prepare(text);
    this.#timers.set('greeting_end', GREETING_END_MS, () => {
      if (this.#phase === phase) this.#speak(text, 0);
    });
    if (this.#beep.sounding) return;
    if (this.#beepEnded || !waitForSilence) this.#speak(text, 0);
  }

  /** The caller's audio, from before the order on: a beep may come first. */
  listen(samples: Int16Array): void {
    const event = this.#beep.push(samples);
    if (event === 'beep') {
      this.#timers.clear('after_beep');
      this.actions.beeped();
    }
    if (event !== 'beep_ended') return;
    this.#beepEnded = true;
    if (this.#phase.kind !== 'none') this.#timers.set('after_beep', AFTER_BEEP_MS, () => this.#afterBeep());
  }

  silentFor(ms: number): void {
    if (this.#phase.kind === 'waiting' && ms >= GREETING_SILENCE_MS) this.#speak(this.#phase.text, 0);
  }

  /** A person after all. */
  withdraw(): void {
    this.#phase = { kind: 'none' };
    for (const name of ['greeting_end', 'after_beep'] as const) this.#timers.clear(name);
  }

  dispose(): void {
    this.#phase = { kind: 'none' };
    this.#timers.dispose();
  }

  #afterBeep(): void {
    if (this.#phase.kind === 'waiting') this.#speak(this.#phase.text, 0);
    // The machine records only now: what was said before its beep is lost.
    else if (this.#phase.kind === 'speaking' && this.#phase.repeats === 0) this.#speak(this.#phase.text, 1);
  }

  #speak(text: string, repeats: number): void {
    const phase: Phase = { kind: 'speaking', text, repeats };
    this.#phase = phase;
    this.#timers.clear('greeting_end');
    this.actions
      .say(text)
      .then((result) => {
        if (this.#phase !== phase) return;
        // A beep right now means that nothing of it was recorded; its end says it again.
        if (result === 'played' && repeats === 0 && (this.#beep.sounding || this.#timers.has('after_beep'))) return;
        if (result === 'played') this.actions.finished('voicemail_left');
        else this.actions.finished('voicemail_cut', `the message was ${result}`);
      })
      .catch((error: unknown) => this.actions.failed(error));
  }
}
