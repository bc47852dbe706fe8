/**
 * What is known here of who answered: two words come, the session's ear and the carrier's detection, and the workflow needs the second one only where it
 * may change something.
 */
export class WhoAnswered {
  #byEar: 'nothing' | 'person' | 'doubt' | 'person_after_doubt' = 'nothing';
  #carrierSaysPerson = false;

  /** The workflow has been told of a person by this stream's session. */
  get isPerson(): boolean {
    return this.#byEar === 'person' || this.#byEar === 'person_after_doubt';
  }

  /** The carrier's detection has said so, and the workflow knows. */
  carrierSaysPerson(): void {
    this.#carrierSaysPerson = true;
  }

  /** @returns whether the workflow has to hear of it: not where two words agree, and nothing was ordered that a person's voice would call off */
  heardPerson(): boolean {
    const doubted = this.#byEar === 'doubt' || this.#byEar === 'person_after_doubt';
    this.#byEar = doubted ? 'person_after_doubt' : 'person';
    return doubted || !this.#carrierSaysPerson;
  }

  /** A machine, a menu, a screener: something else than a person may have been heard. */
  heardOther(): void {
    this.#byEar = this.isPerson ? 'person_after_doubt' : 'doubt';
  }
}
