import type { Clock } from '../../../contracts/clock';
import { BYTES_PER_MS } from '../../../contracts/g711';
import type { SttEvent } from '../../../providers/stt/stt';
import { EnergyVoice } from './energy-voice';
import { DEFAULT_VOICE_TIMING, type VoiceDetector, type VoiceEvent } from './voice-detector';

/** After a final text a line that is never quiet counts as quiet. */
const NOISY_LINE_MS = 1_000;
/** Between a sound and the recogniser's first word of it. */
const FIRST_WORD_MS = 1_000;

type State =
  /** `resumable`: a sound now goes on with what was said before it. Once, since noise makes sounds too. */
  | { kind: 'quiet'; resumable: boolean }
  | { kind: 'speaking' }
  /** A final text has come; the audio tells how long the caller has been silent. */
  | { kind: 'final'; resumable: boolean };

/**
 * Voice by the recogniser's word: it begins with the first word and pauses with a final text. The audio only tells how much of the pause has passed by
 * then, so that a recogniser's delay is not waited for twice; noise alone starts nothing.
 */
export class SttVoice implements VoiceDetector {
  onVoice?: (event: VoiceEvent) => void;
  #state: State = { kind: 'quiet', resumable: false };
  #cancelNoisy: (() => void) | undefined;
  /** Audio since the utterance began, and since the recogniser last said something of it. */
  #utteranceMs = 0;
  #wordlessMs = 0;
  readonly #energy = new EnergyVoice();

  /** @param lateMs a final text that has not come after so much silence is not waited for */
  constructor(
    private readonly clock: Clock,
    private readonly lateMs: number,
  ) {
    this.#energy.onVoice = ({ kind }) => kind === 'started' && this.#heard();
  }

  onAudio(mulaw: Uint8Array): void {
    this.#energy.onAudio(mulaw);
    this.#utteranceMs += mulaw.length / BYTES_PER_MS;
    this.#wordlessMs += mulaw.length / BYTES_PER_MS;
    if (this.#state.kind === 'final') this.#pauseAfter(DEFAULT_VOICE_TIMING.hangoverMs);
    else if (this.#state.kind === 'speaking') this.#pauseAfter(DEFAULT_VOICE_TIMING.hangoverMs + this.lateMs);
  }

  onStt(event: SttEvent): void {
    switch (event.kind) {
      case 'speech_started':
        this.#started();
        break;
      case 'interim':
        if (event.text.trim()) this.#started();
        break;
      case 'final':
      case 'end_of_turn':
        if (event.kind === 'final') this.#started();
        if (this.#state.kind !== 'speaking') break;
        this.#awaitSilence(true);
        this.#pauseAfter(DEFAULT_VOICE_TIMING.hangoverMs);
        break;
      default:
        break;
    }
  }

  dispose(): void {
    this.#cancelNoisy?.();
    this.#energy.dispose();
    this.onVoice = undefined;
  }

  /** A voice too low for our ear was never loud: then only the recogniser's silence counts. */
  get #silentMs(): number {
    const { silentMs } = this.#energy;
    const heard = silentMs <= this.#utteranceMs + this.lateMs + FIRST_WORD_MS;
    return heard ? silentMs : this.#wordlessMs;
  }

  #pauseAfter(ms: number): void {
    if (this.#silentMs >= ms) this.#stopped(this.#silentMs);
  }

  #started(): void {
    const { kind } = this.#state;
    this.#state = { kind: 'speaking' };
    this.#cancelNoisy?.();
    this.#wordlessMs = 0;
    // A final that was followed by more words was none of a pause.
    if (kind !== 'quiet') return;
    this.#utteranceMs = 0;
    this.onVoice?.({ kind: 'started' });
  }

  #stopped(silentMs: number): void {
    const { kind } = this.#state;
    if (kind === 'quiet') return;
    const resumable = this.#state.kind === 'speaking' || this.#state.resumable;
    this.#state = { kind: 'quiet', resumable };
    this.#cancelNoisy?.();
    this.onVoice?.({ kind: 'stopped', silentMs, final: kind === 'final' });
  }

  #awaitSilence(resumable: boolean): void {
    this.#state = { kind: 'final', resumable };
    this.#cancelNoisy?.();
    this.#cancelNoisy = this.clock.after(NOISY_LINE_MS, () => this.#stopped(0));
  }

  /** A voice again, before its words: the recogniser is slower than the ear. */
  #heard(): void {
    if (this.#state.kind !== 'quiet' || !this.#state.resumable) return;
    this.#awaitSilence(false);
    this.onVoice?.({ kind: 'resumed' });
  }
}
