import { VoiceActivity } from '../../audio/voice-activity';
import { DEFAULT_VOICE_TIMING, type VoiceDetector, type VoiceEvent, type VoiceTiming } from './voice-detector';

/** Voice by loudness over the line's own noise. Time is the audio's: it does not matter when a frame arrives. */
export class EnergyVoice implements VoiceDetector {
  onVoice?: (event: VoiceEvent) => void;
  #speaking = false;
  #runMs = 0;
  readonly #activity = new VoiceActivity();

  constructor(private readonly timing: VoiceTiming = DEFAULT_VOICE_TIMING) {}

  /** Milliseconds since the last voice. */
  get silentMs(): number {
    return this.#activity.silentMs;
  }

  onAudio(mulaw: Uint8Array): void {
    this.#runMs += this.#activity.push(mulaw);
    const { silentMs } = this.#activity;
    if (silentMs >= this.timing.hangoverMs) this.#runMs = 0;
    if (!this.#speaking && this.#runMs >= this.timing.minSpeechMs) {
      this.#speaking = true;
      this.onVoice?.({ kind: 'started' });
    } else if (this.#speaking && silentMs >= this.timing.hangoverMs) {
      this.#speaking = false;
      this.onVoice?.({ kind: 'stopped', silentMs });
    }
  }

  dispose(): void {
    this.onVoice = undefined;
  }
}
