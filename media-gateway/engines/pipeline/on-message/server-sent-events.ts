/** The `data` of a stream of server-sent events (WHATWG HTML 9.2): fields other than it do not matter here. */
export class ServerSentEvents {
  #rest = '';
  #data: string[] = [];

  /** The data of the events that are complete now. */
  push(text: string): string[] {
    this.#rest += text;
    const complete: string[] = [];
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(this.#rest);
      if (!end) return complete;
      const line = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      if (line === '') complete.push(...this.#dispatch());
      else if (line.startsWith('data:')) this.#data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
    }
  }

  /** An event that nobody ended is taken all the same: a text without its last words is worse. */
  end(): string[] {
    return [...this.push('\n\n'), ...this.#dispatch()];
  }

  #dispatch(): string[] {
    if (this.#data.length === 0) return [];
    const data = this.#data.join('\n');
    this.#data = [];
    return [data];
  }
}
