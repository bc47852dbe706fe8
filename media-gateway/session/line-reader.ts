import type { Clock } from '../../contracts/clock';
import type { PlayResult } from '../playback/pacer';
import type { Conversation } from './conversation';
import type { EngineLink } from './engine-link';
import type { FixedLines } from './fixed-lines';
import { translatedInstructions, verbatimInstructions } from './instructions';
import type { Phrase } from './phrases';
import type { Speaker } from './speaker';

export type LineResult = PlayResult | 'failed';

/** A line that the model has to say in place of the synthesiser: this long until it is over, and for each letter of it. A slow voice takes 80 ms for one. */
const MODEL_LINE_MS = 20_000;
const MODEL_LETTER_MS = 100;

interface Waiter {
  condition: () => boolean;
  resolve: () => void;
  cancel: () => void;
}

/** Reads fixed lines out: by the synthesiser, and where that fails by the model, told to say just that. */
export class LineReader {
  #waiters: Waiter[] = [];

  constructor(
    private readonly lines: FixedLines,
    private readonly speaker: Speaker,
    private readonly conversation: Conversation,
    private readonly link: EngineLink,
    private readonly language: string,
    private readonly clock: Clock,
  ) {}

  /** Resolves when the line was played, cut or could not be said. Never rejects. */
  async say(line: Phrase, options: { interruptible: boolean }): Promise<LineResult> {
    const audio = line.verbatim ? await this.lines.get(line.text).catch(() => undefined) : undefined;
    if (!audio) return await this.#sayByModel(line, options);
    this.conversation.lineBegins();
    const { itemId, finished } = this.speaker.line(line.text, audio, options);
    const result = await finished;
    this.conversation.lineEnded(this.speaker.heardSoFar(itemId));
    return result;
  }

  /** Resolves when the condition holds, looked at whenever something changes, or after `ms`. */
  until(condition: () => boolean, ms: number): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: Waiter = { condition, resolve, cancel: () => undefined };
      waiter.cancel = this.clock.after(ms, () => this.#release(waiter));
      this.#waiters.push(waiter);
    });
  }

  changed(): void {
    for (const waiter of [...this.#waiters]) if (waiter.condition()) this.#release(waiter);
  }

  dispose(): void {
    for (const waiter of [...this.#waiters]) this.#release(waiter);
  }

  async #sayByModel({ text, verbatim }: Phrase, { interruptible }: { interruptible: boolean }): Promise<LineResult> {
    if (!this.link.up) return 'failed';
    this.speaker.responsesInterruptible = interruptible;
    this.speaker.lastResponse = undefined;
    this.conversation.respond({
      instructions: verbatim ? verbatimInstructions(text) : translatedInstructions(text, this.language),
      tools: false,
    });
    await this.until(() => this.conversation.idle, MODEL_LINE_MS + text.length * MODEL_LETTER_MS);
    this.speaker.responsesInterruptible = true;
    return this.speaker.lastResponse ?? 'failed';
  }

  #release(waiter: Waiter): void {
    waiter.cancel();
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    waiter.resolve();
  }
}
