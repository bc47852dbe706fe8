export interface PromptsListener {
  /** The agent's own first message could still be taken for the answer. */
  awaitsOpening(): boolean;
  /** It is asked for an answer. */
  ask(text: string): void;
  /** It is told of something that nobody asked it to answer. */
  unanswered(text: string): void;
}

/** What the agent is asked to answer to, in words: this vendor has no other way to ask. */
export class Prompts {
  /** Waits for the agent's own first message to have passed. */
  #withheld: string | undefined;
  /** What the caller did in this moment: it is answered, or only told. */
  #justDone: string[] = [];

  constructor(private readonly listener: PromptsListener) {}

  did(text: string): void {
    this.#justDone.push(text);
    // Unless it is answered at once.
    queueMicrotask(() => {
      const index = this.#justDone.indexOf(text);
      if (index < 0) return;
      this.#justDone.splice(index, 1);
      this.listener.unanswered(text);
    });
  }

  /** It is answered now. */
  takeDone(): string[] {
    return this.#justDone.splice(0);
  }

  /** Asks for an answer, unless the agent's own first message could still be taken for it. */
  ask(text: string): void {
    if (this.listener.awaitsOpening()) this.#withheld = text;
    else this.listener.ask(text);
  }

  /** The agent's own first message has passed. @returns whether something had waited for that */
  openingOver(): boolean {
    const text = this.#withheld;
    this.#withheld = undefined;
    if (text === undefined) return false;
    this.listener.ask(text);
    return true;
  }

  /** What waits is not wanted any more. */
  forget(): void {
    this.#withheld = undefined;
  }
}
