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
    this.#open.set(itemId, { kind, over: false, transcribed: false, cut: false });
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

  /** Whoever would have told more of them is gone. @returns whether somebody was speaking */
  abandon(): boolean {
    const spoke = this.speaking;
    this.#speaking = undefined;
    for (const utterance of this.#open.values()) utterance.over = utterance.transcribed = true;
    return spoke;
  }
}
