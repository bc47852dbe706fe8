/** When the caller begins to speak, pauses, and has finished: what every way of telling that has in common. */
import type { Clock } from '../../../contracts/clock';
import type { SttEvent } from '../../../providers/stt/stt';
import type { Logger } from '../../../runtime/log';
import type { SileroModels } from './silero-model';

/** Listens to one caller. One per call; `openTurnDetector` (./open.ts) makes it. */
export interface TurnDetector {
  /** The caller's µ-law as it comes in, any length, in silence too. */
  onAudio(mulaw: Uint8Array): void;
  /** What the recogniser says, where there is one. */
  onStt(event: SttEvent): void;
  /** Whether the caller hears the agent just now. */
  agentSpeaking(speaking: boolean): void;
  /** No call of the listener follows. */
  dispose(): void;
}

/** Every `speechStarted` is followed by one `turnEnded`; in between the caller may pause and go on any number of times. */
export interface TurnDetectorListener {
  /** The caller has begun a turn: the first sound that counts as speech, or the first word where only the recogniser listens. */
  speechStarted(): void;
  /**
   * The voice has paused, and the turn may be over or not. A recogniser that can (`finalize`) had better be asked for its final words now. Once per
   * pause.
   */
  speechStopped(): void;
  /**
   * The turn is over. `text`: all its words, '' when a recogniser listens and understood none (a cough); absent where no recogniser does. Words of
   * the turn that come still later are a turn of their own.
   */
  turnEnded(text?: string): void;
  /** The turn is probably over: an answer may be prepared. Followed by `turnEnded` with the same text, by another `eagerEnd`, or by `resumed`. */
  eagerEnd?(text: string): void;
  /** The caller goes on after a pause that was none: what was prepared is void. */
  resumed?(): void;
}

/** What is known of the recogniser of the call. */
export interface SttTiming {
  /** Milliseconds from the end of speech to the final transcript, 99 of 100. */
  readonly p99FinalMs: number;
  /** It decides by itself when a turn is over. */
  readonly endsTurns: boolean;
  /** The longest silence after which it does; none: it is not known. */
  readonly turnTimeoutMs?: number;
  /** It tells by itself when a turn is probably over. */
  readonly tellsEager?: boolean;
}

/** A model that is asked whether a text is a finished turn. */
export interface TurnJudge {
  /** Rejects when it cannot tell; it is not waited for past its deadline, when `signal` is aborted. */
  finished(text: string, options: { language: string; signal: AbortSignal }): Promise<boolean>;
}

export interface TurnDetectorDeps {
  clock: Clock;
  log: Logger;
  /** None: nobody writes down what the caller says before the turn is over (a speech-to-speech engine). */
  stt?: SttTiming;
  /** BCP 47. */
  language: string;
  listener: TurnDetectorListener;
  judge?: TurnJudge;
  /** Answers are prepared: `eagerEnd` is wanted. */
  prepares?: boolean;
  /** Models that many calls share; none: loaded for this call. */
  silero?: SileroModels;
}
