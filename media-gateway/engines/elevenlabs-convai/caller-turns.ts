import { VoiceActivity } from '../../audio/voice-activity';
import type { EngineEvent } from '../engine';

/** A click is shorter. */
const SPEECH_MS = 40;
/** So long after the last sound nothing will be understood of it any more: it was a cough. */
const NO_WORDS_MS = 3_000;

type Turn =
  | { kind: 'none' }
  /** Speaking, or silent and not understood yet. */
  | { kind: 'open'; itemId: string }
  /** The vendor answers already; the words may still come. */
  | { kind: 'answered'; itemId: string };

/**
 * The caller's turns. The vendor says when one is over, by its transcript, and not when it begins: that is found by loudness, since an interruption must
 * pause the agent at the first sound.
 */
export class CallerTurns {
  readonly #activity = new VoiceActivity();
  #turn: Turn = { kind: 'none' };
  #count = 0;
  #understood = 0;
  /** The sound under way belongs to a turn that is over. */
  #spent = false;

  /** @param prefix of the turns' ids, which differ from those of an earlier socket */
  constructor(
    private readonly prefix: string,
    private readonly emit: (event: EngineEvent) => void,
  ) {}

  /** The caller is speaking, or has spoken and was not answered. */
  get open(): boolean {
    return this.#turn.kind === 'open';
  }

  /** How many turns the vendor has understood. */
  get understood(): number {
    return this.#understood;
  }

  /** It was answered, and its words have not come. */
  get answeredUnread(): boolean {
    return this.#turn.kind === 'answered';
  }

  push(mulaw: Uint8Array): void {
    this.#activity.push(mulaw);
    const { runMs, silentMs } = this.#activity;
    if (runMs === 0) this.#spent = false;
    if (this.#turn.kind === 'open') {
      if (silentMs >= NO_WORDS_MS) this.#nothing();
    } else if (!this.#spent && runMs >= SPEECH_MS) {
      this.#begin();
    }
  }

  /** What the vendor understands so far. */
  tentative(text: string): void {
    if (text.trim() === '') return;
    const itemId = this.#turn.kind === 'open' ? this.#turn.itemId : this.#begin();
    this.emit({ kind: 'user_interim', itemId, text: text.trim() });
  }

  transcript(text: string): void {
    const turn = this.#turn;
    if (text !== '') this.#understood++;
    this.#turn = { kind: 'none' };
    this.#spent = true;
    if (turn.kind === 'answered') {
      this.emit({ kind: 'user_transcript', itemId: turn.itemId, text });
      return;
    }
    const itemId = turn.kind === 'open' ? turn.itemId : this.#begin();
    this.#turn = { kind: 'none' };
    if (text === '') {
      // Told in this order, it was no turn that wants an answer.
      this.emit({ kind: 'user_transcript', itemId, text });
      this.emit({ kind: 'speech_stopped', itemId });
    } else {
      this.emit({ kind: 'speech_stopped', itemId });
      this.emit({ kind: 'user_transcript', itemId, text });
    }
  }

  /** The vendor answers: the turn is over, whatever was said. */
  answered(): void {
    if (this.#turn.kind !== 'open') return;
    const { itemId } = this.#turn;
    this.#turn = { kind: 'answered', itemId };
    this.#spent = true;
    this.emit({ kind: 'speech_stopped', itemId });
  }

  #begin(): string {
    if (this.#turn.kind === 'answered') {
      // Its words have not come, and never will.
      const { itemId } = this.#turn;
      this.#turn = { kind: 'none' };
      this.emit({ kind: 'user_transcript', itemId, text: '' });
    }
    const itemId = `turn_${this.prefix}_${++this.#count}`;
    this.#turn = { kind: 'open', itemId };
    this.emit({ kind: 'speech_started', itemId });
    return itemId;
  }

  #nothing(): void {
    if (this.#turn.kind !== 'open') return;
    const { itemId } = this.#turn;
    this.#turn = { kind: 'none' };
    this.emit({ kind: 'user_transcript', itemId, text: '' });
    this.emit({ kind: 'speech_stopped', itemId });
  }
}
