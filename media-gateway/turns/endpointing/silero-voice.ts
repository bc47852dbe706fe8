import { decodeMulaw } from '../../../contracts/g711';
import type { Logger } from '../../../runtime/log';
import { EnergyVoice } from './energy-voice';
import { newSileroMemory, SILERO_WINDOW, type SileroModel } from './silero-model';
import { DEFAULT_VOICE_TIMING, type VoiceDetector, type VoiceEvent, type VoiceTiming } from './voice-detector';

const WINDOW_MS = SILERO_WINDOW / 8;
/** Speech ends so much below the probability at which it began: no flicker at the threshold. */
const HYSTERESIS = 0.15;
/** The model is never as sure of silence as this: below it speech would not end. */
const LEAST_THRESHOLD = 0.01;
/** A second of audio: what a slow machine may lag behind; older audio is not worth a decision any more. */
const MOST_WAITING = Math.ceil(1_000 / WINDOW_MS);

/** Voice by Silero's model. One decision at a time, in order. What the model cannot do any more is done by loudness, so that no call hangs on it. */
export class SileroVoice implements VoiceDetector {
  onVoice?: (event: VoiceEvent) => void;
  #window = new Float32Array(SILERO_WINDOW);
  #filled = 0;
  #waiting: Float32Array[] = [];
  #running = false;
  #speaking = false;
  #speechMs = 0;
  #silentMs = 0;
  #instead: EnergyVoice | undefined;
  readonly #memory = newSileroMemory();

  constructor(
    private readonly model: SileroModel,
    private readonly threshold: number,
    private readonly log: Logger,
    private readonly timing: VoiceTiming = DEFAULT_VOICE_TIMING,
  ) {}

  onAudio(mulaw: Uint8Array): void {
    if (this.#instead) {
      this.#instead.onAudio(mulaw);
      return;
    }
    for (const sample of decodeMulaw(mulaw)) {
      this.#window[this.#filled++] = sample / 32_768;
      if (this.#filled < SILERO_WINDOW) continue;
      this.#waiting.push(this.#window);
      if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
      this.#window = new Float32Array(SILERO_WINDOW);
      this.#filled = 0;
    }
    if (!this.#running && this.#waiting.length > 0) void this.#run();
  }

  dispose(): void {
    this.onVoice = undefined;
    this.#waiting = [];
    this.#instead?.dispose();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let window = this.#waiting.shift(); window; window = this.#waiting.shift()) {
        this.#decided(await this.model.probability(window, this.#memory));
      }
    } catch (error) {
      this.log.error({ err: error }, 'Silero failed; the call goes on with the voice detection by loudness');
      this.#degrade();
    }
    this.#running = false;
  }

  #decided(probability: number): void {
    const voiced = probability >= (this.#speaking ? Math.max(LEAST_THRESHOLD, this.threshold - HYSTERESIS) : this.threshold);
    this.#silentMs = voiced ? 0 : this.#silentMs + WINDOW_MS;
    if (voiced) this.#speechMs += WINDOW_MS;
    else if (this.#silentMs >= this.timing.hangoverMs) this.#speechMs = 0;
    if (!this.#speaking && this.#speechMs >= this.timing.minSpeechMs) {
      this.#speaking = true;
      this.onVoice?.({ kind: 'started' });
    } else if (this.#speaking && this.#silentMs >= this.timing.hangoverMs) {
      this.#speaking = false;
      this.onVoice?.({ kind: 'stopped', silentMs: this.#silentMs });
    }
  }

  #degrade(): void {
    const energy = new EnergyVoice(this.timing);
    energy.onVoice = (event) => this.onVoice?.(event);
    this.#instead = energy;
    // Nobody would tell the end of what had begun; one that goes on begins again.
    if (this.#speaking) this.onVoice?.({ kind: 'stopped', silentMs: 0 });
    this.#speaking = false;
  }
}
