import type { EngineEvent } from './engine';

/** Where an engine's events go: they are kept until somebody listens, and then come in order. */
export class EventOutlet {
  #early: EngineEvent[] | undefined = [];
  #listener: (event: EngineEvent) => void = (event) => this.#early?.push(event);

  listen(listener: (event: EngineEvent) => void): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#listener = listener;
    for (const event of early) listener(event);
  }

  emit(event: EngineEvent): void {
    this.#listener(event);
  }
}
