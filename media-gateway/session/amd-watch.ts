import { classifyGreeting } from './greeting-heuristics';
import type { SessionEvent } from './ports';

/** Greetings are over by then; what comes later is conversation. */
const UTTERANCES_WATCHED = 3;
/** People answer in a word or two; who speaks on for so long reads a text. */
const LONG_SPEECH_MS = 6_000;

/** Words to somebody who is expected to answer. */
const ADDRESSES_SOMEBODY = /\?|\b(hello|hi|who|speaking|hallo|hola|allô|pronto|bueno|olá)\b/i;

type State = 'off' | 'undecided' | 'suspected' | 'human';

/** The gateway's voice in the vote on who picked up. It only tells; the workflow decides. */
export class AmdWatch {
  #state: State;
  #utterances = 0;
  readonly #told = new Set<string>();

  constructor(
    enabled: boolean,
    private readonly emit: (event: SessionEvent) => void,
  ) {
    this.#state = enabled ? 'undecided' : 'off';
  }

  /** The agent had better not answer what it hears. */
  get suspected(): boolean {
    return this.#state === 'suspected';
  }

  /** The first words will tell; worth waiting for them. */
  get undecided(): boolean {
    return this.#state === 'undecided';
  }

  get listening(): boolean {
    return this.#state === 'undecided' || this.#state === 'suspected';
  }

  transcript(text: string): void {
    if (this.#state === 'off' || text === '' || ++this.#utterances > UTTERANCES_WATCHED) return;
    switch (classifyGreeting(text)) {
      case 'machine':
        this.#suspect({ kind: 'machine_suspected', evidence: 'transcript', text });
        return;
      case 'human':
        // After a machine's words a short text is the rest of them, more often than not; a person goes on to speak.
        if (this.#state === 'undecided' || (this.#state === 'suspected' && ADDRESSES_SOMEBODY.test(text))) {
          this.#state = 'human';
          this.emit({ kind: 'human_confirmed', text });
        }
        return;
      case 'unclear':
        return;
    }
  }

  voiced(runMs: number): void {
    // Not enough to hold an answer back: people ramble too.
    if (this.#state !== 'undecided' || runMs < LONG_SPEECH_MS || this.#told.has('long_speech')) return;
    this.#told.add('long_speech');
    this.emit({ kind: 'machine_suspected', evidence: 'long_speech' });
  }

  beep(): void {
    if (this.#state !== 'off') this.#suspect({ kind: 'machine_suspected', evidence: 'beep' });
  }

  /** The vote has it that a person speaks. */
  human(): void {
    this.#state = 'off';
  }

  #suspect(event: Extract<SessionEvent, { kind: 'machine_suspected' }>): void {
    this.#state = 'suspected';
    if (this.#told.has(event.evidence)) return;
    this.#told.add(event.evidence);
    this.emit(event);
  }
}
