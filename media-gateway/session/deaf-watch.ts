import type { Clock } from '../../contracts/clock';
import type { EngineEvent } from '../engines/engine';
import { Timers } from './timers';

/** So much voice without a pause is speech: a cough, a door and an "mhm" are over before. */
const SPEECH_MS = 1_000;
/** Sockets that are given up one after the other without a sign in between. Then the vendor is. */
const MOST_TRIES = 2;
/** Noise now and then, hours apart, is not a vendor's failure. */
const TRIES_WITHIN_MS = 60_000;
/** Who has been waiting for so long hears that somebody is there, and again after as long: silence of five seconds is none that a caller bears. */
const LATE_MS = 3_500;

export interface DeafWatchActions {
  /**
   * Whoever speaks now is to be heard, and the vendor would tell: the agent is silent, and nothing is under way.
   * @param bridged but for what `late` has had said
   */
  attentive(bridged: boolean): boolean;
  /** Whoever has spoken is still to be answered, and nothing of an answer is under way; the vendor may be away. */
  waiting(): boolean;
  /** The vendor finds the turns, so that it tells of any voice: one that tells nothing of what it was given twice is deaf, and not the voice a noise. */
  findsTurns(): boolean;
  /** Somebody begins to speak: from here on it is kept, for another socket. */
  keep(): void;
  /** It need not be kept. */
  letGo(): void;
  /** Nothing will be told of it. */
  nothing(): void;
  /** The caller waits. */
  late(): void;
  /** This socket is given up, for another one that hears what was kept. */
  deaf(): void;
  /** So is the vendor. */
  lost(): void;
}

type State =
  | { kind: 'quiet' }
  /** A voice that the vendor has told of, or that it need not tell of. */
  | { kind: 'passing' }
  /** `longestMs`: without a pause, of what nothing has been told yet. */
  | { kind: 'speaking'; longestMs: number }
  /** The caller has said something and is silent: the vendor is to tell by now. `resent`: it is another one, which was given the same. */
  | { kind: 'waiting'; longestMs: number; bridged: boolean; resent: boolean };

/** A vendor whose socket is open and answers pings, and that hears nothing: the caller has spoken, by our own ears, and it tells nothing at all. */
export class DeafWatch {
  #state: State = { kind: 'quiet' };
  #tries = 0;
  #triedAt = 0;
  readonly #timers: Timers<'deaf' | 'late'>;

  /** @param afterMs silence behind the caller's words in which the vendor is to tell something; 0: never */
  constructor(
    private readonly afterMs: number,
    private readonly clock: Clock,
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
        this.#clear();
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
    this.#setLate();
  }

  #setLate(): void {
    this.#timers.set('late', LATE_MS, () => {
      if (this.#state.kind !== 'waiting' || !this.actions.waiting()) return;
      this.#state.bridged = true;
      this.#setLate();
      this.actions.late();
    });
  }

  #expired(): void {
    const { actions } = this;
    if (this.#state.kind !== 'waiting') return;
    const { bridged, resent } = this.#state;
    // Something is under way after all: a line of ours, or a socket that is being opened. Or there were no words in it.
    if (!actions.attentive(bridged) || (resent && !actions.findsTurns())) {
      this.#forget();
      actions.nothing();
      return;
    }
    const now = this.clock.monotonic();
    if (now - this.#triedAt > TRIES_WITHIN_MS) this.#tries = 0;
    if (this.#tries >= MOST_TRIES) {
      this.#forget();
      actions.lost();
      return;
    }
    this.#tries++;
    this.#triedAt = now;
    this.#state.resent = true;
    this.#timers.set('deaf', this.afterMs, () => this.#expired());
    actions.deaf();
  }

  #clear(): void {
    this.#timers.clear('deaf');
    this.#timers.clear('late');
  }

  #forget(): void {
    this.#clear();
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
