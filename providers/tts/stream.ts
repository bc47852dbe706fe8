/** Text to speech while the text is still being written: one answer of one call. */
import type { AudioFormat } from '../../contracts/audio';
import type { UsageLine } from '../../contracts/call';

export type SpeechEvent =
  /** In the voice's `format`. Faster than it is heard. */
  | { kind: 'audio'; audio: Uint8Array }
  /**
   * Which text the audio so far reaches up to, where the vendor tells (character alignment); a chunk whose audio is complete otherwise. `text`
   * continues the last one.
   */
  | { kind: 'spoken'; text: string }
  | { kind: 'usage'; lines: UsageLine[] }
  /** All audio of all text has come. The last event. */
  | { kind: 'done' }
  /** The last event instead. */
  | { kind: 'failed'; error: string };

/** One answer. Text goes in by whole sentences or clauses (`media-gateway/text` cuts it). */
export interface SpeechStream {
  listen(listener: (event: SpeechEvent) => void): void;
  push(text: string): void;
  /** No more text comes. */
  end(): void;
  /** Nothing more is wanted; no event follows. */
  cancel(): void;
}

/** A vendor's voice, for one call: may hold a socket open between answers. */
export interface StreamingVoice {
  readonly format: AudioFormat;
  /** Opens what takes time, before the first word is there. */
  warm(): void;
  speak(): SpeechStream;
  close(): void;
}
