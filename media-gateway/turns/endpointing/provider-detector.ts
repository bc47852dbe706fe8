import { BYTES_PER_MS } from '../../../contracts/g711';
import type { SttEvent } from '../../../providers/stt/stt';
import { VoiceActivity } from '../../audio/voice-activity';
import { EarlyEnd } from './early-end';
import type { TurnDetector, TurnDetectorDeps } from './turn-detector';
import { TurnWords } from './turn-words';

/** A recogniser that has said nothing for so long in silence will say nothing more. */
const LONGEST_SILENCE_MS = 5_000;
/** On top of the recogniser's own longest wait, where it is known. */
const GRACE_MS = 1_000;
/** A sound that has no words in it by then was none. */
const WORDLESS_SILENCE_MS = 1_000;
const WORDLESS_MS = 15_000;

type State =
  | { kind: 'quiet' }
  | { kind: 'speaking' }
  /** The recogniser takes the turn for probably over. */
  | { kind: 'eager' }
  | { kind: 'disposed' };

/** The recogniser decides (Deepgram Flux, nova's utterance end). We only see to it that a turn it forgets does not last for ever. */
export class ProviderDetector implements TurnDetector {
  #state: State = { kind: 'quiet' };
  #cancelWordless: (() => void) | undefined;
  readonly #words = new TurnWords();
  readonly #activity = new VoiceActivity();
  readonly #early: EarlyEnd | undefined;

  constructor(private readonly deps: TurnDetectorDeps) {
    const { prepares, stt, language } = deps;
    if (prepares && !stt?.tellsEager) this.#early = new EarlyEnd(language);
  }

  onAudio(mulaw: Uint8Array): void {
    this.#activity.push(mulaw);
    if (!this.#underWay) return;
    if (this.#activity.silentMs >= this.#longestSilenceMs) this.#end(this.#words.text);
    else this.#lookAhead(mulaw.length / BYTES_PER_MS);
  }

  onStt(event: SttEvent): void {
    const { listener } = this.deps;
    if (this.#state.kind === 'disposed') return;
    switch (event.kind) {
      case 'speech_started':
        this.#begin();
        break;
      case 'interim':
      case 'final':
        if (!event.text.trim()) break;
        this.#begin();
        this.#words.take(event);
        this.#cancelWordless?.();
        break;
      case 'eager_end_of_turn':
        this.#begin();
        if (this.#state.kind === 'speaking') listener.speechStopped();
        this.#state = { kind: 'eager' };
        listener.eagerEnd?.(event.text);
        break;
      case 'turn_resumed':
        if (this.#state.kind !== 'eager') break;
        this.#state = { kind: 'speaking' };
        listener.resumed?.();
        break;
      case 'end_of_turn': {
        const text = event.text?.trim() ?? this.#words.text;
        if (text) this.#begin();
        if (this.#underWay) this.#end(text);
        break;
      }
      case 'finalized':
      case 'usage':
      case 'closed':
        break;
      default:
        event satisfies never;
    }
  }

  agentSpeaking(): void {
    // The recogniser knows only the caller.
  }

  dispose(): void {
    this.#state = { kind: 'disposed' };
    this.#cancelWordless?.();
  }

  get #underWay(): boolean {
    return this.#state.kind === 'speaking' || this.#state.kind === 'eager';
  }

  get #longestSilenceMs(): number {
    const { stt } = this.deps;
    if (!this.#words.text) return Math.max(WORDLESS_SILENCE_MS, stt?.p99FinalMs ?? 0);
    return stt?.turnTimeoutMs === undefined ? LONGEST_SILENCE_MS : stt.turnTimeoutMs + GRACE_MS;
  }

  #lookAhead(ms: number): void {
    const { text } = this.#words;
    const news = this.#early?.heard(ms, this.#activity.silentMs, text);
    if (news === 'probably over') this.deps.listener.eagerEnd?.(text);
    else if (news === 'goes on') this.deps.listener.resumed?.();
  }

  #begin(): void {
    if (this.#state.kind !== 'quiet') return;
    this.#state = { kind: 'speaking' };
    this.#cancelWordless = this.deps.clock.after(WORDLESS_MS, () => this.#end(''));
    this.deps.listener.speechStarted();
  }

  #end(text: string): void {
    const { kind } = this.#state;
    this.#state = { kind: 'quiet' };
    this.#words.clear();
    this.#early?.reset();
    this.#cancelWordless?.();
    if (kind === 'speaking') this.deps.listener.speechStopped();
    this.deps.listener.turnEnded(text);
  }
}
