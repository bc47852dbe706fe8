import type { HistoryPlace } from '../engines/engine';
import type { EngineLink } from './engine-link';
import type { Speaker } from './speaker';

/** Tells the model of words of the agent's that it does not know of by itself: fixed lines, and what an old socket said. As far as they were heard, and in their place. */
export class ModelMemory {
  #place: HistoryPlace | undefined;
  /** Still being heard: the model is told when it is known how much of it was. */
  readonly #leftOver = new Map<string, HistoryPlace>();

  constructor(
    private readonly link: EngineLink,
    private readonly speaker: Speaker,
  ) {}

  /** A fixed line is about to be spoken. */
  lineBegins(): void {
    this.#place = this.link.engine.place();
  }

  lineEnded(heard: string): void {
    if (heard) this.link.engine.addAssistantText(heard, this.#place);
  }

  /** A new socket has been told the history. */
  restored(): void {
    this.#place = this.link.engine.place();
    this.#leftOver.clear();
    for (const itemId of this.speaker.openResponses) this.#leftOver.set(itemId, this.#place);
  }

  /** Something was played. */
  update(): void {
    for (const [itemId, place] of this.#leftOver) {
      if (!this.speaker.isOver(itemId) || !this.link.up) continue;
      this.#leftOver.delete(itemId);
      const heard = this.speaker.heardSoFar(itemId);
      if (heard) this.link.engine.addAssistantText(heard, place);
    }
  }
}
