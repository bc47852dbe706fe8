/** Events of one stream to its one listener: what comes before there is one waits for it, and nothing comes after the end. */
export class EventOutlet<E> {
  #listener: ((event: E) => void) | undefined;
  #waiting: E[] = [];
  #ended = false;

  get ended(): boolean {
    return this.#ended;
  }

  listen(listener: (event: E) => void): void {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) listener(event);
  }

  emit(event: E): void {
    if (this.#ended) return;
    if (this.#listener) this.#listener(event);
    else this.#waiting.push(event);
  }

  /** With `last`, that is the last event. */
  end(last?: E): void {
    if (this.#ended) return;
    if (last !== undefined) this.emit(last);
    this.#ended = true;
  }
}
