import type { Clock } from '../../contracts/clock';
import type { EngineEvent } from '../engines/engine';
import { Timers } from './timers';

/** So much voice without a pause is speech: a cough, a door and an "mhm" are over before. */
const SPEECH_MS = 1_000;
/** Sockets that are given up one after the other without a sign in between. Then the trouble is another one, and the idle prompt asks. */
const MOST_TRIES = 2;

export interface DeafWatchActions {
  /** Whoever speaks now is to be heard, and the vendor would tell: the agent is silent, and nothing is under way. */
  attentive(): boolean;
  /** Somebody begins to speak: from here on it is kept, for another socket. */
  keep(): void;
  /** It need not be kept. */
  letGo(): void;
  /** The vendor is given up. */
  deaf(): void;
}

type State =
  | { kind: 'quiet' }
  /** A voice that the vendor has told of, or that it need not tell of. */
  | { kind: 'passing' }
  /** `longestMs`: without a pause, of what nothing has been told yet. */
  | { kind: 'speaking'; longestMs: number }
  /** The caller has said something and is silent: the vendor is to tell by now. */
  | { kind: 'waiting'; longestMs: number };

/** A vendor whose socket is open and answers pings, and that hears nothing: the caller has spoken, by our own ears, and it tells nothing at all. */
export class DeafWatch {
  #state: State = { kind: 'quiet' };
  #tries = 0;
  readonly #timers: Timers<'deaf'>;

  /** @param afterMs silence behind the caller's words in which the vendor is to tell something; 0: never */
  constructor(
    private readonly afterMs: number,
    clock: Clock,
    private readonly actions: DeafWatchActions,
  ) {
    this.#timers = new Timers(clock);
  }

  /** @param runMs length of the voice that is being heard, 0 in silence; asked with every frame */
  voiced(runMs: number): void {
    if (this.afterMs === 0) return;
    const { actions } = this;
    switch (this.#state.kind) {
      case 'quiet':
        if (runMs === 0) return;
        if (!actions.attentive()) {
          this.#state = { kind: 'passing' };
          return;
        }
        this.#state = { kind: 'speaking', longestMs: runMs };
        actions.keep();
        return;
      case 'passing':
        if (runMs === 0) this.#state = { kind: 'quiet' };
        return;
      case 'speaking':
        if (runMs > 0) this.#state.longestMs = Math.max(this.#state.longestMs, runMs);
        else if (this.#state.longestMs >= SPEECH_MS) this.#wait(this.#state.longestMs);
        else this.#forget();
        return;
      case 'waiting':
        if (runMs === 0) return;
        this.#timers.clear('deaf');
        this.#state = { kind: 'speaking', longestMs: Math.max(this.#state.longestMs, runMs) };
        return;
      default:
        this.#state satisfies never;
    }
  }

  /** @param wordsTell only words, or an answer, show that the vendor hears: turns are found on our side */
  told(event: EngineEvent, wordsTell: boolean): void {
    if (!isSign(event, wordsTell)) return;
    this.#tries = 0;
    switch (this.#state.kind) {
      case 'speaking':
        this.#state = { kind: 'passing' };
        this.actions.letGo();
        return;
      case 'waiting':
        this.#forget();
        return;
      case 'quiet':
      case 'passing':
        return;
      default:
        this.#state satisfies never;
    }
  }

  dispose(): void {
    this.#timers.dispose();
  }

  #wait(longestMs: number): void {
    this.#state = { kind: 'waiting', longestMs };
    this.#timers.set('deaf', this.afterMs, () => {
      this.#state = { kind: 'quiet' };
      // Something is under way after all: a line of ours, or a socket that is being opened.
      if (!this.actions.attentive() || this.#tries >= MOST_TRIES) {
        this.actions.letGo();
        return;
      }
      this.#tries++;
      this.actions.deaf();
    });
  }

  #forget(): void {
    this.#timers.clear('deaf');
    this.#state = { kind: 'quiet' };
    this.actions.letGo();
  }
}

function isSign(event: EngineEvent, wordsTell: boolean): boolean {
  switch (event.kind) {
    case 'speech_started':
    case 'speech_stopped':
      return !wordsTell;
    case 'user_transcript':
      return !wordsTell || event.text !== '';
    case 'user_interim':
    case 'audio':
    case 'agent_text':
    case 'first_words':
    case 'item_completed':
    case 'interrupted':
    case 'tool_call':
      return true;
    // Of what was asked before, or of nothing.
    case 'response_done':
    case 'usage':
    case 'closed':
      return false;
    default:
      return event satisfies never;
  }
}
