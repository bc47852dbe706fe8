import type { Clock } from '../../contracts/clock';
import type { EngineEvent } from '../engines/engine';
import { Timers } from './timers';

/** So much voice without a pause is speech: a cough, a door and an "mhm" are over before. */
const SPEECH_MS = 1_000;
/** Sockets that are given up one after the other without a sign in between. Then the trouble is another one, and the idle prompt asks. */
const MOST_TRIES = 2;

export interface DeafWatchActions {
  /**
   * Whoever speaks now is to be heard, and the vendor would tell: the agent is silent, and nothing is under way.
   * @param bridged but for what `deaf` has had said
   */
  attentive(bridged: boolean): boolean;
  /** Whoever has spoken is still to be answered, and nothing of an answer is under way; the vendor may be away. */
  waiting(): boolean;
  /** Somebody begins to speak: from here on it is kept, for another socket. */
  keep(): void;
  /** It need not be kept. */
  letGo(): void;
  /** Nothing will be told of it. */
  nothing(): void;
  /**
   * This socket is given up, for another one that hears what was kept.
   * @param bridged whoever spoke hears that somebody is there
   */
  deaf(bridged: boolean): void;
}

type State =
  | { kind: 'quiet' }
  /** A voice that the vendor has told of, or that it need not tell of. */
  | { kind: 'passing' }
  /** `longestMs`: without a pause, of what nothing has been told yet. */
  | { kind: 'speaking'; longestMs: number }
  /** The caller has said something and is silent: the vendor is to tell by now. `resent`: it is another one, which was given the same. */
  | { kind: 'waiting'; longestMs: number; bridged: boolean; resent: boolean };

/**
 * A vendor whose socket is open and answers pings, and that hears nothing: the caller has spoken, by our own ears, and it tells nothing at all.
 *
 * Our ears know loudness, and no words: a truck or music is voice to them, and a vendor is right to tell nothing of it. So what a second socket tells
 * nothing of was a noise, nothing ever ends the call from here, and on a line that has proved noisy a socket is changed without a word.
 */
export class DeafWatch {
  #state: State = { kind: 'quiet' };
  #tries = 0;
  /** What was taken for speech has turned out to be none. */
  #isNoisy = false;
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
        if (!actions.attentive(false)) {
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
    // It tells of something else: what was said then is not found any more.
    if (event.kind !== 'speech_started') this.actions.nothing();
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
    this.#state = { kind: 'waiting', longestMs, bridged: false, resent: false };
    this.#timers.set('deaf', this.afterMs, () => this.#expired());
  }

  #expired(): void {
    const { actions } = this;
    if (this.#state.kind !== 'waiting') return;
    const { bridged, resent } = this.#state;
    // Something is under way after all: a line of ours, or a socket that is being opened.
    const attentive = actions.attentive(bridged);
    if (attentive && resent) this.#isNoisy = true;
    if (!attentive || resent || this.#tries >= MOST_TRIES) {
      this.#forget();
      actions.nothing();
      return;
    }
    this.#tries++;
    this.#state.resent = true;
    this.#timers.set('deaf', this.afterMs, () => this.#expired());
    this.#state.bridged = !this.#isNoisy && actions.waiting();
    actions.deaf(this.#state.bridged);
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
