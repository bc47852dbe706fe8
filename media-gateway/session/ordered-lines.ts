import type { LineReader } from './line-reader';
import type { SessionEvent } from './ports';

/** The disclosure and the first message come before. */
const GREETED_WITHIN_MS = 60_000;
/** Then the line waits for no pause any more; it still comes after what is being said. */
const PAUSE_WITHIN_MS = 10_000;

export interface OrderedLine {
  orderId: string;
  text: string;
  interruptible: boolean;
}

export interface OrderedLinesDeps {
  reader: Pick<LineReader, 'say' | 'until'>;
  /** Makes the audio while there is no pause yet. */
  prefetch(text: string): void;
  live(): boolean;
  /** The greeting is over, and the end is not decided. */
  talking(): boolean;
  quiet(): boolean;
  emit(event: SessionEvent): void;
}

/** What the developer orders the agent to say: one line after the other, each in a pause of the talk. What is not said here is said by the next stream. */
export class OrderedLines {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly deps: OrderedLinesDeps) {}

  /** Resolves when it has been said, or cannot be any more. */
  say(line: OrderedLine): Promise<void> {
    this.deps.prefetch(line.text);
    this.#last = this.#last.then(() => this.#sayNow(line));
    return this.#last;
  }

  async #sayNow({ orderId, text, interruptible }: OrderedLine): Promise<void> {
    const { emit, live, quiet, reader, talking } = this.deps;
    await reader.until(() => !live() || talking(), GREETED_WITHIN_MS);
    await reader.until(() => !talking() || quiet(), PAUSE_WITHIN_MS);
    if (!talking()) return;
    const result = await reader.say({ text, verbatim: true }, { interruptible });
    // Cut by the end of this stream, and not by the caller.
    if (result !== 'played' && !live()) return;
    emit({ kind: 'said', orderId, result: result === 'cut' || result === 'failed' ? result : 'played' });
  }
}
