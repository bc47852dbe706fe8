import type { AgentSpec } from '../../contracts/agent';
import type { Conversation } from './conversation';
import type { FixedLines } from './fixed-lines';
import type { LineReader } from './line-reader';
import { phrase } from './phrases';

/** "One moment, please.": said while a tool takes long, so that nobody thinks the line is dead. */
export class Fillers {
  #said = 0;
  readonly #phrases: readonly string[];

  constructor(
    { turns, language }: Pick<AgentSpec, 'turns' | 'language'>,
    private readonly parts: { lines: FixedLines; reader: LineReader; conversation: Conversation },
  ) {
    const own = phrase(language, 'filler');
    // The model cannot be asked for words while it waits for a tool.
    this.#phrases = turns.fillers.phrases ?? (own.verbatim ? [own.text] : []);
  }

  /** Begins to make the next one. */
  prepare(): void {
    this.parts.lines.prefetch(this.#next ?? '');
  }

  /** Unless the tool has answered by then, or somebody speaks. */
  async say(): Promise<void> {
    const text = this.#next;
    const { lines, reader, conversation } = this.parts;
    if (text === undefined || !conversation.waitsForTools) return;
    const ready = await lines.get(text).catch(() => undefined);
    if (!ready || !conversation.waitsForTools) return;
    this.#said++;
    await reader.say({ text, verbatim: true }, { interruptible: true });
  }

  /** While an answer is late: what is ready, since nobody may be there to make it. */
  async bridge(): Promise<void> {
    const text = this.#next;
    const { lines, reader, conversation } = this.parts;
    if (text === undefined || !conversation.silent || !lines.ready(text)) return;
    this.#said++;
    await reader.say({ text, verbatim: true }, { interruptible: true });
  }

  get #next(): string | undefined {
    return this.#phrases[this.#said % this.#phrases.length];
  }
}
