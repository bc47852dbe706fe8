import { randomUUID } from 'node:crypto';
import { BYTES_PER_MS } from '../../../contracts/g711';
import type { EndpointingSpec } from '../../../contracts/turns';
import { openTurnDetector } from '../../turns/endpointing/open';
import type { TurnDetector, TurnDetectorDeps } from '../../turns/endpointing/turn-detector';
import type { EngineEvent } from '../engine';

/** Said before the first sound that counts as speech: the soft beginning of a word. */
const PRE_ROLL_MS = 400;

export interface LocalTurnsActions {
  append(mulaw: Uint8Array): void;
  commit(): void;
  emit(event: EngineEvent): void;
}

/**
 * The caller's turns as we find them, for a vendor whose own voice detection is off. Only what belongs to a turn is sent: silence would be part of the
 * item, heard by the model and paid for. Items have an id of ours from their first sound; the vendor's is learnt when the audio is committed.
 */
export class LocalTurns {
  readonly #detector: TurnDetector;
  #preRoll: Uint8Array[] = [];
  #preRollBytes = 0;
  /** Names of one socket are not those of the next one. */
  readonly #prefix = randomUUID().slice(0, 8);
  #count = 0;
  /** The turn under way. */
  #open: string | undefined;
  /** Committed, and not yet confirmed, in order. */
  readonly #committed: string[] = [];
  readonly #ids = new Map<string, string>();

  constructor(
    spec: EndpointingSpec,
    deps: Pick<TurnDetectorDeps, 'clock' | 'log' | 'language' | 'silero'>,
    private readonly actions: LocalTurnsActions,
  ) {
    this.#detector = openTurnDetector(spec, {
      ...deps,
      listener: {
        speechStarted: () => this.#begin(),
        speechStopped: () => undefined,
        turnEnded: () => this.commit(),
      },
    });
  }

  push(mulaw: Uint8Array): void {
    if (this.#open !== undefined) {
      this.actions.append(mulaw);
    } else {
      this.#preRoll.push(mulaw);
      this.#preRollBytes += mulaw.length;
      while (this.#preRollBytes > PRE_ROLL_MS * BYTES_PER_MS) this.#preRollBytes -= this.#preRoll.shift()?.length ?? 0;
    }
    this.#detector.onAudio(mulaw);
  }

  agentSpeaking(speaking: boolean): void {
    this.#detector.agentSpeaking(speaking);
  }

  /** The turn under way is over, whatever the detection says. */
  commit(): void {
    const itemId = this.#open;
    if (itemId === undefined) return;
    this.#open = undefined;
    this.#committed.push(itemId);
    this.actions.commit();
    this.actions.emit({ kind: 'speech_stopped', itemId });
  }

  /** The vendor has made an item of the audio. */
  confirmed(vendorId: string): void {
    const itemId = this.#committed.shift();
    if (itemId !== undefined) this.#ids.set(vendorId, itemId);
  }

  /** The vendor would not: nothing will come of it. */
  refused(): void {
    const itemId = this.#committed.shift();
    if (itemId !== undefined) this.actions.emit({ kind: 'user_transcript', itemId, text: '' });
  }

  /** Our id of an item of the vendor's. */
  idOf(vendorId: string): string {
    return this.#ids.get(vendorId) ?? vendorId;
  }

  dispose(): void {
    this.#detector.dispose();
  }

  #begin(): void {
    if (this.#open !== undefined) return;
    const itemId = `turn_${this.#prefix}_${++this.#count}`;
    this.#open = itemId;
    for (const mulaw of this.#preRoll) this.actions.append(mulaw);
    this.#preRoll = [];
    this.#preRollBytes = 0;
    this.actions.emit({ kind: 'speech_started', itemId });
  }
}
