import { classifyGreeting, type Greeting } from '../../policy/greeting';
import type { SessionEvent } from './ports';

/** Greetings are over by then; what comes later is conversation. */
const UTTERANCES_WATCHED = 3;
/** People answer in a word or two; who speaks on for so long reads a text. */
const LONG_SPEECH_MS = 6_000;

/** Words to somebody who is expected to answer. */
const ADDRESSES_SOMEBODY = /\?|\b(hello|hi|who|speaking|hallo|hola|allô|pronto|bueno|olá)\b/i;

/** `suspected`: the vote has not been heard of yet. `ivr`, `call_screening`: it has, and a person may still come. */
type State = 'off' | 'undecided' | 'suspected' | 'human' | 'ivr' | 'call_screening';

/** What was said by a menu, by a screener, or by the person behind them. */
export type Said = Extract<Greeting, 'human' | 'ivr' | 'call_screening' | 'hold' | 'declined'>;

/** The gateway's voice in the vote on who picked up. It only tells; the workflow decides. */
export class AmdWatch {
  #state: State;
  #utterances = 0;
  readonly #told = new Set<string>();

  constructor(
    enabled: boolean,
    private readonly emit: (event: SessionEvent) => void,
    private readonly said: (said: Said, text: string) => void = () => undefined,
  ) {
    this.#state = enabled ? 'undecided' : 'off';
  }

  /** The agent had better not answer what it hears. */
  get suspected(): boolean {
    return this.#state === 'suspected';
  }

  /** The words will tell; worth waiting for them. */
  get undecided(): boolean {
    return this.#state === 'undecided' || this.#state === 'ivr';
  }

  /** For the beep of a mailbox: a screener has one of its own. */
  get listening(): boolean {
    return this.#state === 'undecided' || this.#state === 'suspected';
  }

  transcript(text: string): void {
    if (this.#state === 'off' || text === '') return;
    const greeting = classifyGreeting(text);
    if (this.#state === 'ivr' || this.#state === 'call_screening') {
      this.#afterMachine(this.#state, greeting, text);
      return;
    }
    if (++this.#utterances > UTTERANCES_WATCHED) return;
    switch (greeting) {
      case 'machine':
        this.#suspect({ kind: 'machine_suspected', evidence: 'transcript', text });
        return;
      case 'ivr':
      case 'call_screening':
        this.#suspect({ kind: 'callee_suspected', is: greeting, text });
        return;
      case 'human':
        // After a machine's words a short text is the rest of them, more often than not; a person goes on to speak.
        if (this.#state === 'undecided' || (this.#state === 'suspected' && ADDRESSES_SOMEBODY.test(text))) {
          this.#state = 'human';
          this.emit({ kind: 'human_confirmed', text });
        }
        return;
      case 'hold':
      case 'declined':
      case 'unclear':
        return;
      default:
        greeting satisfies never;
    }
  }

  voiced(runMs: number): void {
    // Not enough to hold an answer back: people ramble too.
    if (this.#state !== 'undecided' || runMs < LONG_SPEECH_MS || this.#told.has('long_speech')) return;
    this.#told.add('long_speech');
    this.emit({ kind: 'machine_suspected', evidence: 'long_speech' });
  }

  beep(): void {
    if (this.listening || this.#state === 'human') this.#suspect({ kind: 'machine_suspected', evidence: 'beep' });
  }

  faxTone(): void {
    if (this.#state !== 'off') this.#suspect({ kind: 'callee_suspected', is: 'fax' });
  }

  /** Nobody has spoken. No reason to hold an answer back. */
  silence(): void {
    this.emit({ kind: 'callee_suspected', is: 'silence' });
  }

  /** The vote has it that a person speaks. */
  human(): void {
    this.#state = 'off';
  }

  /** The vote has it that a menu speaks, or a call screener. */
  callee(is: 'ivr' | 'call_screening'): void {
    this.#state = is;
  }

  #afterMachine(before: 'ivr' | 'call_screening', greeting: Greeting, text: string): void {
    switch (greeting) {
      case 'machine':
        this.#suspect({ kind: 'machine_suspected', evidence: 'transcript', text });
        return;
      case 'ivr':
      case 'call_screening':
        if (greeting === before) this.said(greeting, text);
        else this.#suspect({ kind: 'callee_suspected', is: greeting, text });
        return;
      case 'hold':
      case 'declined':
        // Without a pause between the machine and the person both are one utterance.
        if (endsWithPerson(text)) this.#personCame(text);
        else this.said(greeting, text);
        return;
      case 'human':
      case 'unclear':
        // A screener says few things, and all else is a person's. A menu has a lot to tell before it asks for keys.
        if (before === 'ivr' && !ADDRESSES_SOMEBODY.test(text)) return;
        this.#personCame(text);
        return;
      default:
        greeting satisfies never;
    }
  }

  #personCame(text: string): void {
    this.#state = 'human';
    this.emit({ kind: 'human_confirmed', text });
    this.said('human', text);
  }

  #suspect(event: Extract<SessionEvent, { kind: 'machine_suspected' | 'callee_suspected' }>): void {
    this.#state = 'suspected';
    const what = event.kind === 'machine_suspected' ? event.evidence : event.is;
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.emit(event);
  }
}

function endsWithPerson(text: string): boolean {
  const last =
    text
      .split(/(?<=[.!?])/)
      .filter(Boolean)
      .at(-1) ?? '';
  const greeting = classifyGreeting(last);
  return ADDRESSES_SOMEBODY.test(last) && (greeting === 'human' || greeting === 'unclear');
}
