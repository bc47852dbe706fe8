import type { SttEvent } from '../../../providers/stt/stt';

/** What the recogniser has understood of the turn under way. */
export class TurnWords {
  /** Turns of the vendor's that were none of ours. */
  #before: string[] = [];
  #finals: string[] = [];
  #interim = '';

  /** Whether the event was about words. */
  take(event: SttEvent): boolean {
    switch (event.kind) {
      case 'interim':
        this.#interim = event.text.trim();
        return true;
      case 'final':
        this.#interim = '';
        if (event.text.trim()) this.#finals.push(event.text.trim());
        return true;
      case 'end_of_turn':
        this.#before.push(event.text?.trim() || this.#current);
        this.#finals = [];
        this.#interim = '';
        return true;
      default:
        return false;
    }
  }

  /** All of it, final or not. */
  get text(): string {
    return [...this.#before, this.#current].filter(Boolean).join(' ');
  }

  get #current(): string {
    return [...this.#finals, this.#interim].filter(Boolean).join(' ');
  }

  /** What may still be corrected. */
  get interim(): string {
    return this.#interim;
  }

  clear(): void {
    this.#before = [];
    this.#finals = [];
    this.#interim = '';
  }
}
