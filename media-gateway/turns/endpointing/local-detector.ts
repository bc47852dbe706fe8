import type { SttEvent } from '../../../providers/stt/stt';
import { DelayPolicy, type Delays } from './delay-policy';
import { JudgeDesk } from './judge-desk';
import { LateWords } from './late-words';
import type { SttVoice } from './stt-voice';
import type { TurnDetector, TurnDetectorDeps } from './turn-detector';
import { TurnWords } from './turn-words';
import type { VoiceDetector, VoiceEvent } from './voice-detector';

type State =
  | { kind: 'quiet' }
  | { kind: 'speaking' }
  /** `since`: when the voice ended. `final`: what was said until then is known for good. `eager`: the text that was told as probably the whole turn. */
  | { kind: 'paused'; since: number; final: boolean; eager: string | undefined }
  | { kind: 'disposed' };

/** When the last turn ended, for learning: a caller who goes on soon after had only paused. */
interface Ended {
  voiceEndedAt: number;
  /** When the agent began to speak after it. */
  agentFrom: number | undefined;
}

/**
 * The end of a turn by a pause. How long it has to be follows from the words (an unfinished clause waits for longer), from the caller's own pauses, and
 * from how late the recogniser's words come: `since` is when the voice ended, so that no wait is served twice.
 */
export class LocalDetector implements TurnDetector {
  #state: State = { kind: 'quiet' };
  #cancelEnd: (() => void) | undefined;
  #agentSpeaks = false;
  #agentSpokeInPause = false;
  #recogniserGone = false;
  /** The recogniser has final texts within a turn, and not only the whole at its end. */
  #tellsFinals = false;
  #ended: Ended | undefined;
  readonly #words = new TurnWords();
  readonly #late = new LateWords();
  readonly #policy: DelayPolicy;
  readonly #judge: JudgeDesk | undefined;

  constructor(
    private readonly voice: VoiceDetector | SttVoice,
    delays: Delays,
    private readonly deps: TurnDetectorDeps,
  ) {
    this.#policy = new DelayPolicy(delays, deps.language);
    if (deps.judge) this.#judge = new JudgeDesk(deps.judge, deps.language, deps.clock, () => this.#weigh());
    voice.onVoice = (event) => this.#onVoice(event);
  }

  onAudio(mulaw: Uint8Array): void {
    if (this.#state.kind !== 'disposed') this.voice.onAudio(mulaw);
  }

  onStt(told: SttEvent): void {
    if (this.#state.kind === 'disposed') return;
    const event = this.#ofThisTurn(told);
    if (!event) return;
    this.#recogniserGone = event.kind === 'closed';
    if ('onStt' in this.voice) this.voice.onStt(event);
    switch (event.kind) {
      case 'interim':
        if (this.#state.kind !== 'quiet') this.#words.take(event);
        break;
      case 'final':
        this.#final(event.text);
        break;
      case 'end_of_turn':
        if (this.#state.kind !== 'quiet') this.#words.take(event);
        if (this.#state.kind === 'paused') this.#state.final = true;
        break;
      case 'finalized':
        if (this.#state.kind === 'paused') this.#state.final = true;
        break;
      default:
        break;
    }
    this.#weigh();
  }

  /** Without what belongs to the turn before, which did not wait for it. */
  #ofThisTurn(event: SttEvent): SttEvent | undefined {
    const quiet = this.#state.kind === 'quiet';
    switch (event.kind) {
      case 'final': {
        this.#tellsFinals = true;
        const text = this.#late.rest(event.text, !quiet);
        return text ? { kind: 'final', text } : undefined;
      }
      case 'end_of_turn': {
        // Whoever tells finals has told these words already.
        if (!quiet || !event.text) return event;
        const text = this.#tellsFinals ? '' : this.#late.rest(event.text, false);
        return text ? { kind: 'final', text } : undefined;
      }
      default:
        return event;
    }
  }

  agentSpeaking(speaking: boolean): void {
    this.#agentSpeaks = speaking;
    if (!speaking) return;
    this.#agentSpokeInPause = true;
    if (this.#ended) this.#ended.agentFrom ??= this.#now;
  }

  dispose(): void {
    this.#state = { kind: 'disposed' };
    this.#cancelEnd?.();
    this.#judge?.drop();
    this.voice.dispose();
  }

  get #now(): number {
    return this.deps.clock.monotonic();
  }

  #onVoice(event: VoiceEvent): void {
    switch (event.kind) {
      case 'started':
        if (this.#state.kind === 'quiet') this.#begin();
        else if (this.#state.kind === 'paused') this.#goOn(this.#state);
        break;
      case 'resumed':
        if (this.#state.kind === 'paused') this.#goOn(this.#state);
        break;
      case 'stopped':
        if (this.#state.kind === 'speaking') this.#pause(event.silentMs, event.final === true);
        break;
      default:
        event satisfies never;
    }
  }

  #begin(): void {
    this.#learnFromLast();
    this.#state = { kind: 'speaking' };
    this.deps.listener.speechStarted();
  }

  #goOn({ since, eager }: Extract<State, { kind: 'paused' }>): void {
    this.#state = { kind: 'speaking' };
    this.#cancelEnd?.();
    this.#judge?.drop();
    if (!this.#agentSpokeInPause) this.#policy.learn(this.#now - since);
    if (eager !== undefined) this.deps.listener.resumed?.();
  }

  #pause(silentMs: number, final: boolean): void {
    this.#state = { kind: 'paused', since: this.#now - silentMs, final, eager: undefined };
    this.#agentSpokeInPause = this.#agentSpeaks;
    this.deps.listener.speechStopped();
    this.#weigh();
  }

  #final(text: string): void {
    // Words that the voice detection has missed, or the rest of a turn that was over too soon.
    const missed = this.#state.kind === 'quiet';
    if (missed) this.#begin();
    this.#words.take({ kind: 'final', text });
    if (missed) this.#pause(0, true);
    else if (this.#state.kind === 'paused') this.#state.final = true;
  }

  /** Sets the turn's end anew: something is known that was not. */
  #weigh(): void {
    if (this.#state.kind !== 'paused') return;
    const { text } = this.#words;
    const verdict = this.#policy.verdict(text);
    if (verdict === 'unclear' && text) this.#judge?.ask(text);
    const judging = this.#judge?.pending(text) === true;
    const delayMs = judging ? this.#policy.longestMs : this.#policy.delayMs(verdict, this.#judge?.verdict(text));
    const known = this.#state.final && this.#words.interim === '';
    const wordsMs = known || !this.deps.stt || this.#recogniserGone ? 0 : this.deps.stt.p99FinalMs;
    const waitMs = this.#state.since + Math.max(delayMs, wordsMs) - this.#now;
    if (known && text && verdict !== 'unfinished' && waitMs > 0) this.#tellEager(this.#state, text);
    this.#cancelEnd?.();
    this.#cancelEnd = this.deps.clock.after(Math.max(0, waitMs), () => this.#end());
  }

  #tellEager(state: Extract<State, { kind: 'paused' }>, text: string): void {
    if (state.eager === text) return;
    state.eager = text;
    this.deps.listener.eagerEnd?.(text);
  }

  #end(): void {
    if (this.#state.kind !== 'paused') return;
    const { text, interim } = this.#words;
    this.#ended = { voiceEndedAt: this.#state.since, agentFrom: this.#agentSpeaks ? this.#now : undefined };
    this.#state = { kind: 'quiet' };
    this.#cancelEnd?.();
    this.#judge?.drop();
    this.#words.clear();
    this.#late.expect(interim);
    this.deps.listener.turnEnded(this.deps.stt ? text : undefined);
  }

  /** The last turn was none: the caller went on before the agent had begun, or hardly had. */
  #learnFromLast(): void {
    const ended = this.#ended;
    this.#ended = undefined;
    if (!ended) return;
    const cutIn = ended.agentFrom === undefined || this.#now - ended.agentFrom <= this.#policy.shortestMs;
    if (cutIn) this.#policy.learn(this.#now - ended.voiceEndedAt);
  }
}
