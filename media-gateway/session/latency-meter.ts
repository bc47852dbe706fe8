import type { TurnLatency } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { EngineEvent } from '../engines/engine';

/** Longer pauses before the end of a turn are not the caller's last breath: the recogniser was late, or noise hid the end. */
const LONGEST_PAUSE_MS = 10_000;

/** An utterance whose answer is still to come. Monotonic milliseconds. */
interface Asked {
  itemId: string;
  speechMs: number;
  /** The caller's last sound. */
  endedAt: number;
  wordsAt: number | undefined;
  firstWordsAt: number | undefined;
}

/**
 * From the end of the caller's speech to the first frame of the answer, as the caller waits for it: reckoned from the caller's audio and not from
 * the vendor's word that the turn is over, which comes half a second of silence later.
 */
export class LatencyMeter {
  #begunAt: number | undefined;
  #asked: Asked | undefined;
  #answering: string | undefined;

  /**
   * @param kind whether words and voice come from one vendor, or can be told apart
   * @param silentMs of the caller's silence until now
   */
  constructor(
    private readonly clock: Clock,
    private readonly kind: 'whole' | 'in parts',
    private readonly silentMs: () => number,
  ) {}

  onEvent(event: Exclude<EngineEvent, { kind: 'closed' }>): void {
    const now = Math.round(this.clock.monotonic());
    switch (event.kind) {
      case 'speech_started':
        this.#begunAt = now;
        this.#asked = undefined;
        return;
      case 'speech_stopped': {
        const endedAt = now - Math.min(this.silentMs(), LONGEST_PAUSE_MS, now - (this.#begunAt ?? now));
        const speechMs = Math.max(0, endedAt - (this.#begunAt ?? endedAt));
        this.#asked = { itemId: event.itemId, speechMs, endedAt, wordsAt: undefined, firstWordsAt: undefined };
        this.#answering = undefined;
        return;
      }
      case 'user_transcript':
        if (this.#asked?.itemId !== event.itemId) return;
        if (event.text === '') this.#asked = undefined;
        else this.#asked.wordsAt = now;
        return;
      case 'first_words':
        if (this.#asked) this.#asked.firstWordsAt ??= now;
        return;
      case 'audio':
        if (this.#asked) this.#answering ??= event.itemId;
        return;
      default:
        return;
    }
  }

  /** An item of the agent's begins to be heard. Once for each answer. */
  began(itemId: string): TurnLatency | undefined {
    const asked = this.#asked;
    if (!asked || this.#answering !== itemId) return undefined;
    this.#asked = undefined;
    const now = Math.round(this.clock.monotonic());
    const totalMs = now - asked.endedAt;
    const whole = { sttMs: 0, llmMs: totalMs, ttsMs: 0 };
    return { ...(this.kind === 'whole' ? whole : parts(asked, now)), totalMs, speechMs: asked.speechMs };
  }
}

/** What was prepared before the turn was over cost no time after it. */
function parts({ endedAt, wordsAt, firstWordsAt }: Asked, now: number): Pick<TurnLatency, 'sttMs' | 'llmMs' | 'ttsMs'> {
  const words = Math.min(wordsAt ?? endedAt, now);
  const first = Math.min(Math.max(firstWordsAt ?? words, words), now);
  return { sttMs: words - endedAt, llmMs: first - words, ttsMs: now - first };
}
