import type { SttEvent } from '../../../providers/stt/stt';

/** What the recogniser has understood of the turn under way. */
export class TurnWords {
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
      default:
        return false;
    }
  }

  /** All of it, final or not. */
  get text(): string {
    return [...this.#finals, this.#interim].filter(Boolean).join(' ');
  }

  /** What may still be corrected. */
  get interim(): string {
    return this.#interim;
  }

  clear(): void {
    this.#finals = [];
    this.#interim = '';
  }
}
