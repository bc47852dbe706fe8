import { plainWords } from '../backchannel';
import { semanticVerdict } from '../semantic/semantic-verdict';

/** So much silence is no gap between words; a recogniser that waits for longer has not decided yet. */
const SILENT_MS = 200;
/** Words come in pieces: what has not changed for so long is all there is. */
const UNCHANGED_MS = 100;

/**
 * The probable end of a turn, for a recogniser that tells only the certain one (Deepgram nova): the caller is silent, and the words have stopped to come.
 * Nothing depends on it but an answer that is prepared, so it may be wrong.
 */
export class EarlyEnd {
  #words = '';
  #unchangedMs = 0;
  /** The words that were told as probably all. */
  #told: string | undefined;

  constructor(private readonly language: string) {}

  /** @returns what is new: the turn is probably over, or what was told as its words was not all */
  heard(ms: number, silentMs: number, text: string): 'probably over' | 'goes on' | undefined {
    const words = plainWords(text).join(' ');
    if (words !== this.#words) {
      this.#words = words;
      this.#unchangedMs = 0;
    } else this.#unchangedMs += ms;
    if (this.#told !== undefined && this.#told !== words) {
      this.#told = undefined;
      return 'goes on';
    }
    if (this.#told !== undefined || words === '' || silentMs < SILENT_MS || this.#unchangedMs < UNCHANGED_MS) return undefined;
    if (semanticVerdict(text, this.language) === 'unfinished') return undefined;
    this.#told = words;
    return 'probably over';
  }

  reset(): void {
    this.#words = '';
    this.#unchangedMs = 0;
    this.#told = undefined;
  }
}
