import type { Clock } from '../../contracts/clock';
import type { TurnsSpec } from '../../contracts/turns';
import { Interruption, interruptionOptions } from '../turns/interruption';
import type { AmdWatch } from './amd-watch';
import type { Answers } from './answers';
import type { Floor } from './floor';
import type { Speaker } from './speaker';
import { Timers } from './timers';
import type { TurnLog } from './turn-log';
import { type Orphan, type Utterance, Utterances } from './utterances';

/** An "mhm" so near to the agent's end is an answer. */
const TURN_EDGE_MS = 1_000;
/** A new socket has found the turns of the old one in the audio by then. */
const ORPHANS_MS = 3_000;

export interface CallerTurnsListener {
  /** The caller said or pressed something. */
  active(): void;
  /** The caller silenced the agent. */
  interrupted(): void;
}

export interface CallerTurnsDeps {
  speaker: Speaker;
  turns: TurnLog;
  amd: AmdWatch;
  clock: Clock;
  spec: TurnsSpec;
  language: string;
  floor: Floor;
  answers: Answers;
  listener: CallerTurnsListener;
}

/** What the caller says: a turn to be answered, an interruption, an "mhm", or nothing that counts; and what is lost with a vendor's socket and found again. */
export class CallerTurns {
  readonly #utterances = new Utterances();
  readonly #interruption: Interruption;
  readonly #timers: Timers<'resume' | 'orphans'>;
  /** Turns that an old socket took with it, oldest first. */
  #orphans: Orphan[] = [];

  constructor(private readonly deps: CallerTurnsDeps) {
    const { clock, language, speaker, spec } = deps;
    this.#timers = new Timers(clock);
    this.#interruption = new Interruption(
      { set: (ms, fn) => this.#timers.set('resume', ms, fn), clear: () => this.#timers.clear('resume') },
      { pause: () => speaker.pause(), resume: () => this.#goOn(), cut: (itemId) => this.#cutBy(itemId) },
      interruptionOptions(spec.interruption, language),
    );
  }

  get speaking(): boolean {
    return this.#utterances.speaking;
  }

  /** Something has been said whose words are still to come. */
  get awaitsTranscript(): boolean {
    return this.#utterances.awaitsTranscript;
  }

  speechStarted(itemId: string): void {
    const { turns, clock, listener, answers, floor } = this.deps;
    const orphan = this.#orphans.shift();
    if (this.#orphans.length === 0) this.#timers.clear('orphans');
    if (!orphan || !turns.rename(orphan.itemId, itemId)) turns.begin(itemId, 'user', clock.now());
    listener.active();
    answers.turnGoesOn();
    const kind = orphan?.over ? this.#kindOfFound(orphan) : this.#kindOfNew();
    this.#utterances.begin(itemId, kind);
    if (kind === 'overlap') this.#interruption.begin(itemId, floor.mode === 'greeting');
  }

  speechStopped(itemId: string): void {
    const utterance = this.#utterances.stopped(itemId);
    if (!utterance) return;
    if (utterance.kind === 'turn') this.#turnOver();
    else if (utterance.kind !== 'overlap') this.deps.answers.answerOwed();
    this.#utterances.forget(itemId);
  }

  /** What is understood so far. */
  interim(itemId: string, text: string): void {
    this.#interruption.interim(itemId, text);
  }

  transcript(itemId: string, text: string): void {
    const { turns, amd, answers, listener } = this.deps;
    turns.settle(itemId, text);
    const utterance = this.#utterances.transcribed(itemId);
    if (!utterance) return;
    amd.transcript(text);
    if (text) listener.active();
    switch (utterance.kind) {
      case 'overlap':
        this.#interruption.transcript(itemId, text);
        this.#edge(utterance, text);
        break;
      case 'ignored':
        // Words that came too late for the decision.
        if (this.#open && this.#interruption.wasMeant(text)) this.#interrupt(utterance);
        break;
      case 'aside':
        if (this.#open && this.#interruption.wasMeant(text)) answers.oweWhenQuiet();
        else this.#edge(utterance, text);
        break;
      case 'turn':
        if (answers.awaitsWords) this.#turnOver();
        else if (text === '' && !utterance.over) this.#wordless(utterance);
        break;
      case 'unheard':
        break;
      default:
        utterance.kind satisfies never;
    }
    this.#utterances.forget(itemId);
  }

  /** A vendor that decides on interruptions by itself has made an end: nothing would be gained by going on with half an answer. */
  interruptedByVendor(): void {
    const { speaker, spec, floor } = this.deps;
    if (this.#interruption.open) this.#interruption.confirm();
    else if (speaker.busy && speaker.interruptible && spec.interruption.enabled && this.#open && !floor.muted) floor.cut();
  }

  /** @param runMs length of the voice that is being heard */
  voiced(runMs: number): void {
    this.#interruption.voiced(runMs);
  }

  /** An answer is being heard. */
  answered(): void {
    this.#utterances.answered();
  }

  /** Who went on to speak after a passage that they could not interrupt has the floor now. */
  hear(): void {
    this.#utterances.hear();
  }

  /** What might have been an interruption is none: the agent goes on. */
  withdraw(): void {
    this.#interruption.withdraw();
  }

  /** The agent has been silenced: whoever was speaking has the floor. */
  cut(): void {
    this.#interruption.forget();
    this.#utterances.decide('turn');
  }

  /** The vendor's socket is gone, and with it what it had not written down. @returns whether some of that is still to be answered */
  lost(): boolean {
    this.#interruption.withdraw();
    // Those of an earlier socket that nobody has found yet stay in their order.
    this.#orphans.push(...this.#utterances.abandon());
    return this.#orphans.some(isMissed);
  }

  /** By our own ears the caller has said something, and the vendor tells nothing of it: what is found of it yet was said before what comes now, and is a turn. */
  untold(): void {
    if (this.awaitsTranscript || this.#orphans.length > 0) return;
    const { turns, clock } = this.deps;
    const itemId = `untold_${clock.monotonic()}`;
    turns.begin(itemId, 'user', clock.now());
    this.#orphans.push({ itemId, over: true, wanted: true, certain: false });
  }

  /** There were no words in it. */
  nothingUntold(): void {
    for (const { itemId } of this.#orphans.filter(({ certain }) => !certain)) this.deps.turns.settle(itemId, '');
    this.#orphans = this.#orphans.filter(({ certain }) => certain);
  }

  /** A new socket hears what the old one had not written down. */
  restored(): void {
    if (this.#orphans.length > 0) this.#timers.set('orphans', ORPHANS_MS, () => this.forgetLost());
  }

  /** The new socket has found no more turns in what the old one heard, or there will be no new one. */
  forgetLost(): void {
    const { turns, answers } = this.deps;
    const unanswered = this.#orphans.some(isMissed);
    for (const { itemId } of this.#orphans.splice(0)) turns.settle(itemId, '');
    if (unanswered && this.#open && !this.speaking && !answers.underWay) answers.answerCaller();
  }

  dispose(): void {
    this.#timers.dispose();
  }

  get #open(): boolean {
    return this.deps.floor.mode === 'open';
  }

  #kindOfNew(): Utterance['kind'] {
    const { floor, speaker, spec } = this.deps;
    if (floor.mode === 'closed' || floor.muted || !speaker.interruptible) return 'unheard';
    if (floor.idle) return 'turn';
    return spec.interruption.enabled ? 'overlap' : 'aside';
  }

  /** Heard for the second time: what it was while the agent spoke is past. */
  #kindOfFound({ wanted }: Orphan): Utterance['kind'] {
    return wanted && this.#open && !this.deps.floor.muted ? 'turn' : 'unheard';
  }

  /** A sound that wants no answer. What it silenced is still to be said, though, and so is what waited for its end. */
  #wordless(utterance: Utterance): void {
    utterance.kind = 'ignored';
    if (utterance.cut && this.#open) this.deps.answers.owe();
  }

  /** A short word that did not stop the agent, said when it was about to end anyway, is the answer. */
  #edge(utterance: Utterance, text: string): void {
    const { speaker, answers } = this.deps;
    if ((utterance.kind === 'ignored' || utterance.kind === 'aside') && text && speaker.remainingMs <= TURN_EDGE_MS) answers.oweWhenQuiet();
  }

  #goOn(): void {
    const { speaker, answers } = this.deps;
    // With what was said before it, whose words are still to come.
    this.#utterances.decide('ignored');
    speaker.resume();
    if (!this.speaking) answers.answerOwed();
  }

  #cutBy(itemId: string): void {
    const utterance = this.#utterances.get(itemId);
    if (utterance) this.#interrupt(utterance);
  }

  #interrupt(utterance: Utterance): void {
    const { floor, listener } = this.deps;
    utterance.kind = 'turn';
    utterance.cut = true;
    floor.cut();
    if (!this.#open) listener.interrupted();
    if (utterance.over) this.#turnOver();
  }

  #turnOver(): void {
    this.deps.answers.turnOver(this.awaitsTranscript);
  }
}

/** Nobody has answered it, and somebody should. */
function isMissed({ wanted, certain }: Orphan): boolean {
  return wanted && certain;
}
