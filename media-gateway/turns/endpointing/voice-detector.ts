/** When there is voice: by the caller's audio, or by what the recogniser says of it. */
export interface VoiceDetector {
  /** Once per stretch of voice. */
  onVoice?: (event: VoiceEvent) => void;
  onAudio(mulaw: Uint8Array): void;
  dispose(): void;
}

export type VoiceEvent =
  | { kind: 'started' }
  /** Something was heard that goes on with a turn, and begins none. */
  | { kind: 'resumed' }
  /** The voice has paused; `silentMs` ago. `final`: all words until then are known for good. */
  | { kind: 'stopped'; silentMs: number; final?: boolean };

export interface VoiceTiming {
  /** Shorter sounds are clicks. */
  minSpeechMs: number;
  /** A shorter gap belongs to the words around it. */
  hangoverMs: number;
}

export const DEFAULT_VOICE_TIMING = { minSpeechMs: 50, hangoverMs: 200 } as const satisfies VoiceTiming;
