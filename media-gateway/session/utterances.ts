/** Something the caller said. What it is, is known step by step. */
export interface Utterance {
  kind:
    | 'turn' // wants an answer
    | 'overlap' // while the agent spoke: not decided yet
    | 'aside' // while an agent spoke that is not to be interrupted: answered after that, when it has words
    | 'ignored' // was no interruption
    | 'unheard'; // in a passage that must not be interrupted, or muted
  over: boolean;
  transcribed: boolean;
  /** It silenced the agent. */
  cut: boolean;
  /** The answer to it can be heard. */
  answered: boolean;
}

/** One whose words are lost with the socket that knew them, and come again from the next. */
export interface Orphan {
  itemId: string;
  over: boolean;
  /** It is still to be answered. */
  wanted: boolean;
  /** False: only our own ears have heard something, and there may be no words in it. */
  certain: boolean;
}

/** The caller's utterances whose words are still to come, and the one that is being spoken. */
export class Utterances {
  readonly #open = new Map<string, Utterance>();
  #speaking: string | undefined;

  get speaking(): boolean {
    return this.#speaking !== undefined;
  }

  get awaitsTranscript(): boolean {
    return [...this.#open.values()].some((utterance) => !utterance.transcribed);
  }

  begin(itemId: string, kind: Utterance['kind']): void {
    this.#speaking = itemId;
    this.#open.set(itemId, { kind, over: false, transcribed: false, cut: false, answered: false });
  }

  get(itemId: string): Utterance | undefined {
    return this.#open.get(itemId);
  }

  /** Its end; undefined when that is known already, or nothing of it is. */
  stopped(itemId: string): Utterance | undefined {
    if (this.#speaking === itemId) this.#speaking = undefined;
    const utterance = this.#open.get(itemId);
    if (!utterance || utterance.over) return undefined;
    utterance.over = true;
    return utterance;
  }

  transcribed(itemId: string): Utterance | undefined {
    const utterance = this.#open.get(itemId);
    if (utterance) utterance.transcribed = true;
    return utterance;
  }

  /** Drops it once its end and its words are known, in whichever order they came. */
  forget(itemId: string): void {
    const utterance = this.#open.get(itemId);
    if (utterance?.over && utterance.transcribed) this.#open.delete(itemId);
  }

  /** Who went on to speak after a passage that they could not interrupt has the floor now. */
  hear(): void {
    for (const utterance of this.#open.values()) if (!utterance.over && utterance.kind === 'unheard') utterance.kind = 'turn';
  }

  /** What was said while the agent spoke, and is not decided yet: the agent has been silenced, or has gone on. */
  decide(kind: 'turn' | 'ignored'): void {
    for (const utterance of this.#open.values()) if (utterance.kind === 'overlap') utterance.kind = kind;
  }

  /** An answer is being heard. */
  answered(): void {
    for (const utterance of this.#open.values()) if (utterance.over) utterance.answered = true;
  }

  /** Whoever would have told more of them is gone. */
  abandon(): Orphan[] {
    this.#speaking = undefined;
    const orphans = [...this.#open]
      .filter(([, { transcribed }]) => !transcribed)
      .map(([itemId, { kind, over, answered }]) => ({
        itemId,
        over,
        wanted: !over || ((kind === 'turn' || kind === 'overlap') && !answered),
        certain: true,
      }));
    this.#open.clear();
    return orphans;
  }
}
