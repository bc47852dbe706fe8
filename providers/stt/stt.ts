/** Speech to text, one stream of one call. One file (or folder) per vendor; nothing outside it knows the vendor's words. */
import type { AudioFormat } from '../../contracts/audio';
import type { UsageLine } from '../../contracts/call';

export type SttEvent =
  /** The vendor's own voice detection. */
  | { kind: 'speech_started' }
  /** What is understood so far of the segment under way; replaces the last one. */
  | { kind: 'interim'; text: string }
  /** A segment that will not change. Segments of one utterance are joined by a space. Empty ones are not told. */
  | { kind: 'final'; text: string }
  /** The vendor takes the caller's turn for over: `text` is the whole turn where the vendor says it. Once per turn. */
  | { kind: 'end_of_turn'; text?: string }
  /** The turn is probably over: good for preparing an answer. `turn_resumed` takes it back. */
  | { kind: 'eager_end_of_turn'; text: string }
  | { kind: 'turn_resumed' }
  /** All that was said before the last `finalize()` has been told: waiting any longer for words is in vain. Where the vendor can tell. */
  | { kind: 'finalized' }
  | { kind: 'usage'; lines: UsageLine[] }
  /** The vendor is gone. Once, and the last event; never after `close()`. */
  | { kind: 'closed'; error: string };

export interface SpeechToText {
  /** What `push` takes. */
  readonly format: AudioFormat;
  /** Milliseconds from the end of speech to the final transcript, 99 of 100 (measured or published): what a wait for words is derived from. */
  readonly p99FinalMs: number;
  /** Whether it decides by itself when a turn is over (`end_of_turn`). */
  readonly endsTurns: boolean;
  /** Rejects with PATTER_PROVIDER_FAILED when the vendor could not be reached within its deadline, PATTER_CREDENTIAL_MISSING without a key. */
  readonly ready: Promise<void>;
  /** From now on events go here; earlier ones are delivered first. */
  listen(listener: (event: SttEvent) => void): void;
  /** Kept for a few seconds while the vendor is not ready yet. */
  push(audio: Uint8Array): void;
  /** The caller has paused: what was said until now is wanted as final text, soon. */
  finalize(): void;
  /** Ends it. What was used and not told yet is told at once; no event follows. */
  close(): void;
}

export interface SttOptions {
  /** BCP 47, as the agent has it. */
  language: string;
}
