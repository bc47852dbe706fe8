/** What a conversation needs of a speech-to-speech vendor. One folder per vendor; µ-law at 8 kHz in both directions. */

import type { ToolSpec } from '../../contracts/agent';
import type { TranscriptTurn, UsageLine } from '../../contracts/call';

export interface EngineTool extends Pick<ToolSpec, 'name' | 'description' | 'parameters'> {}

export interface RespondOptions {
  /** For this one answer, instead of the agent's own. */
  instructions?: string;
  /** False: the answer is speech only. */
  tools?: boolean;
}

/**
 * Ids of items are the vendor's. A response's audio comes faster than it is heard, and `item_completed` says nothing about what was heard.
 */
export type EngineEvent =
  /** The caller has begun, or stopped, to speak: the vendor's voice detection. Both carry the id that the utterance's transcript will have. */
  | { kind: 'speech_started'; itemId: string }
  | { kind: 'speech_stopped'; itemId: string }
  /** What is understood so far of an utterance under way, where the recogniser tells; replaces the last one. */
  | { kind: 'user_interim'; itemId: string; text: string }
  /** What the caller said. Empty: nothing that could be understood. */
  | { kind: 'user_transcript'; itemId: string; text: string }
  | { kind: 'audio'; itemId: string; mulaw: Uint8Array }
  /** `fromMs`: where in the item's audio these words begin, where that is known exactly. */
  | { kind: 'agent_text'; itemId: string; delta: string; fromMs?: number }
  /** The model has begun to answer; its voice is still to come. Only where the two are apart. */
  | { kind: 'first_words'; itemId: string }
  /** The item's audio and text are complete. */
  | { kind: 'item_completed'; itemId: string }
  /** The vendor has stopped its answer because the caller speaks, and goes by what was heard until now: the rest will not come. */
  | { kind: 'interrupted' }
  | { kind: 'tool_call'; toolCallId: string; name: string; arguments: string }
  | { kind: 'response_done'; status: 'completed' | 'cancelled' | 'failed'; error?: string }
  | { kind: 'usage'; lines: UsageLine[] }
  /** The vendor is gone. Comes once and is the last event; never after `close()`. */
  | { kind: 'closed'; error: string /** For how long it was tried in vain to get it back. */; awayMs?: number };

export interface VoiceEngine {
  /** Resolves when the vendor listens; rejects with PATTER_PROVIDER_FAILED when it could not be reached within its deadline. */
  readonly ready: Promise<void>;
  /** A response was asked for and has not ended. */
  readonly responding: boolean;
  /** The vendor ends a session after so long. */
  readonly maxLifeMs?: number;
  /** An answer may rightly take so long: the agent is the developer's own. */
  readonly patienceMs?: number;
  /** When the caller begins and stops to speak is found on our side: only words, or an answer, show that the vendor hears. */
  readonly wordsTell?: boolean;
  /** From now on events go here; earlier ones are delivered first. */
  listen(listener: (event: EngineEvent) => void): void;
  /** Caller's audio. Kept for a few seconds while the vendor is not ready yet. */
  appendAudio(mulaw: Uint8Array): void;
  /** Ends the caller's turn here, without waiting for silence. */
  commitAudio(): void;
  /** Asks for an answer now, or as soon as the present one has ended. */
  respond(options?: RespondOptions): void;
  /** Stops the answer that is being made, if there is one. */
  cancel(): void;
  /** The caller heard only so much of an item: the vendor forgets the rest of it. */
  interrupt(itemId: string, heardMs: number): void;
  /** Tells the model what the agent has said by other means. It stands before what the caller says from the moment of `place`. */
  addAssistantText(text: string, place?: HistoryPlace): void;
  /** Tells the model what the caller did other than by speaking. */
  addUserText(text: string): void;
  /** Where an item stands that is added later. */
  place(): HistoryPlace;
  /** What was said before, on another socket. */
  addHistory(turns: readonly TranscriptTurn[]): void;
  toolResult(toolCallId: string, output: string): void;
  /** What the model may call from its next answer on, instead of what it was opened with. Absent: the vendor keeps the agent's tools itself. */
  setTools?(tools: readonly EngineTool[]): void;
  /** Whether the caller hears the agent just now: of use to an engine that listens for the end of turns itself. */
  agentSpeaking?(speaking: boolean): void;
  close(): void;
}

/** Opaque: the item after which one is to be put. */
export interface HistoryPlace {
  readonly after: string | undefined;
}

/** Opens a socket at once. */
export type EngineFactory = () => VoiceEngine;
