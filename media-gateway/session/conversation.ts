import type { Clock } from '../../contracts/clock';
import type { TurnsSpec } from '../../contracts/turns';
import type { EngineEvent, HistoryPlace, RespondOptions } from '../engines/engine';
import type { ToolRunner } from '../tools/tool-runner';
import { Interruption, interruptionOptions } from '../turns/interruption';
import type { AmdWatch } from './amd-watch';
import { AnswerGate } from './answer-gate';
import { AnswerWatch } from './answer-watch';
import type { EngineLink } from './engine-link';
import type { Speaker } from './speaker';
import { Timers } from './timers';
import { ToolRound } from './tool-round';
import type { TurnLog } from './turn-log';
import { type Orphan, type Utterance, Utterances } from './utterances';

/**
 * - `closed`: the caller is heard and written down, but neither interrupts nor gets an answer (disclosure, voicemail, last words).
 * - `greeting`, `leaving`: the caller may interrupt, and is answered when the floor opens.
 * - `open`: turns are answered.
 */
export type FloorMode = 'closed' | 'greeting' | 'leaving' | 'open';

/** An "mhm" so near to the agent's end is an answer. */
const TURN_EDGE_MS = 1_000;
/** A new socket has found the turns of the old one in the audio by then. */
const ORPHANS_MS = 3_000;

export interface ConversationListener {
  /** Look again at `idle` and `quiet`. */
  changed(): void;
  /** The caller said or pressed something. */
  active(): void;
  /** The caller silenced the agent. */
  interrupted(): void;
  /** Tools have begun to run. */
  toolsBegan(): void;
  /** They take long. */
  toolsSlow(): void;
  /** So does an answer. */
  answerLate(): void;
}

/** Who has the floor: the caller's turns, the agent's answers, and what happens when both speak. */
export class Conversation {
  #mode: FloorMode = 'closed';
  readonly #utterances = new Utterances();
  readonly #interruption: Interruption;
  readonly #timers: Timers<'resume' | 'orphans'>;
  readonly #watch: AnswerWatch;
  readonly #gate: AnswerGate;
  readonly #tools: ToolRound;
  /** Somebody waits for an answer that could not be asked for yet. */
  #owed = false;
  /** A short word at the end of the agent's speech: answered when that is over. */
  #answerWhenQuiet = false;
  #place: HistoryPlace | undefined;
  /** The answer that was asked for and has not ended. */
  #answering: { options: RespondOptions | undefined; audible: boolean } | undefined;
  /** What was wanted of an answer that never began. */
  #again: RespondOptions | undefined;
  /** The last answer ended in the middle, and not by the caller's will. */
  #brokeOff = false;
  /** The caller's turns that an old socket took with it, oldest first. */
  #orphans: Orphan[] = [];
  /** What an old socket said and is still being heard: the model is told when it is known how much of it was. */
  readonly #leftOver = new Map<string, HistoryPlace>();
  /** The caller's turns are left unanswered: somebody else will. What a tool has said is still told, because nobody else knows it. */
  #answersHeld = false;

  constructor(
    private readonly deps: {
      speaker: Speaker;
      link: EngineLink;
      turns: TurnLog;
      tools: ToolRunner;
      amd: AmdWatch;
      clock: Clock;
      spec: TurnsSpec;
      language: string;
      /** For an answer that continues one that broke off. */
      goOnInstructions: string;
      /** Keeps words back until they are judged. */
      hold?: { readonly busy: boolean; cut(): void };
      listener: ConversationListener;
    },
  ) {
    const { clock, spec, listener } = deps;
    this.#timers = new Timers(clock);
    this.#watch = new AnswerWatch(clock, {
      late: () => listener.answerLate(),
      again: () => this.#oweNow(),
      restart: (error) => {
        this.#owed = true;
        deps.link.restart(error);
      },
      giveUp: (error) => deps.link.giveUp(error),
    });
    this.#gate = new AnswerGate(clock, deps.amd, () => this.#answerCaller());
    this.#tools = new ToolRound(clock, deps.tools, deps.link, {
      slowAfterMs: spec.fillers.afterMs,
      began: () => listener.toolsBegan(),
      slow: () => listener.toolsSlow(),
    });
    this.#interruption = new Interruption(
      { set: (ms, fn) => this.#timers.set('resume', ms, fn), clear: () => this.#timers.clear('resume') },
      { pause: () => deps.speaker.pause(), resume: () => this.#goOn(), cut: (itemId) => this.#cutBy(itemId) },
      interruptionOptions(spec.interruption, deps.language),
    );
  }

  get callerSpeaks(): boolean {
    return this.#utterances.speaking;
  }

  /** The caller has said something whose words are still to come. */
  get awaitsTranscript(): boolean {
    return this.#utterances.awaitsTranscript;
  }

  /** The agent has nothing under way: neither speech nor an answer nor a tool. */
  get idle(): boolean {
    const { speaker, link, hold } = this.deps;
    return !speaker.busy && !link.engine.responding && !this.#tools.open && hold?.busy !== true;
  }

  /** Nobody speaks and nothing is going on that will make somebody speak. */
  get quiet(): boolean {
    return this.#mode === 'open' && this.idle && !this.callerSpeaks && !this.#gate.holding;
  }

  /** Nothing is under way on either side, and every word is known. */
  get betweenTurns(): boolean {
    return this.quiet && !this.awaitsTranscript;
  }

  /** The caller waits for an answer. */
  get owesAnswer(): boolean {
    return this.#owed;
  }

  /** From now on the caller's turns are only written down. */
  holdAnswers(): void {
    this.#answersHeld = true;
  }

  /** Whoever was taken for a machine is none: answers at once. */
  release(): void {
    this.#gate.release();
  }

  /** Nobody says anything. */
  get silent(): boolean {
    return this.#mode === 'open' && !this.callerSpeaks && !this.deps.speaker.busy;
  }

  /** A tool still runs, and nobody says anything. */
  get waitsForTools(): boolean {
    return this.#tools.running && this.silent;
  }

  /** The talk is over: nothing that ends now is a reason to speak. */
  end(): void {
    this.#owed = this.#answerWhenQuiet = false;
    this.#watch.over();
  }

  /** Nobody waits for an answer any more. */
  forgetOwed(): void {
    this.#owed = false;
  }

  setMode(mode: FloorMode): void {
    this.#mode = mode;
    if (mode === 'open') {
      if (!this.#muted) this.#utterances.hear();
      if (this.#owed && !this.callerSpeaks) this.#answerCaller();
    } else {
      this.#owed = this.#answerWhenQuiet = false;
      this.#gate.clear();
      if (mode === 'closed') this.#interruption.withdraw();
    }
    this.update();
  }

  dispose(): void {
    this.#timers.dispose();
    this.#watch.dispose();
    this.#gate.dispose();
    this.#tools.dispose();
  }

  /** Asks for an answer, unless the caller is speaking or a tool still runs: then it comes after that. */
  respond(options?: RespondOptions): void {
    const { link } = this.deps;
    if (!link.up || ((this.callerSpeaks || this.#tools.running) && !options)) {
      this.#owed = true;
      if (!link.up) {
        this.#again = options ?? this.#again;
        this.#watch.waits();
      }
      return;
    }
    this.#owed = false;
    this.#gate.clear();
    const asked = options ?? this.#again ?? (this.#brokeOff ? { instructions: this.deps.goOnInstructions } : undefined);
    this.#again = undefined;
    this.#brokeOff = false;
    this.#answering = { options: asked, audible: false };
    link.asked();
    this.#watch.asked(link.engine.patienceMs);
    link.engine.respond(asked);
    this.update();
  }

  /** Silences the agent; the model and the history keep what was heard. */
  cut(options?: { all: boolean }): void {
    const { speaker, link, hold } = this.deps;
    this.#interruption.forget();
    // Whoever was speaking has the floor.
    this.#utterances.decide('turn');
    this.#watch.over();
    this.#answering = undefined;
    link.engine.cancel();
    hold?.cut();
    for (const item of speaker.cut(options)) {
      if (item.source === 'response' && !item.complete) link.engine.interrupt(item.itemId, item.heardMs);
    }
  }

  /** Marks where a fixed line that is about to be spoken stands in the model's history. */
  lineBegins(): void {
    this.#place = this.deps.link.engine.place();
  }

  lineEnded(heard: string): void {
    if (heard) this.deps.link.engine.addAssistantText(heard, this.#place);
  }

  /** The caller pressed keys. */
  keys(text: string): void {
    const { turns, link, clock, speaker } = this.deps;
    const id = `keys_${clock.monotonic()}`;
    turns.begin(id, 'user', clock.now());
    turns.settle(id, text);
    if (speaker.interruptible) this.cut();
    link.engine.addUserText(text);
    this.deps.listener.active();
    if (this.#mode === 'open') this.#answerCaller();
    else this.#owed = true;
  }

  voiced(runMs: number): void {
    this.#interruption.voiced(runMs);
  }

  /** Something may have changed: an item was played, an answer was given. */
  update(): void {
    // Who has gone on to speak after what may not be interrupted has the floor now.
    if (this.#mode === 'open' && !this.#muted && !this.deps.speaker.busy) this.#utterances.hear();
    this.#tellLeftOver();
    if (this.deps.link.wantsPause && this.betweenTurns) this.deps.link.paused();
    if (this.#answerWhenQuiet && this.#mode === 'open' && this.idle) {
      this.#answerWhenQuiet = false;
      this.#answerCaller();
      return;
    }
    this.deps.listener.changed();
  }

  /** The vendor's socket is gone, and with it what it had not said yet. */
  interrupted(): void {
    const answer = this.#answering;
    this.#answering = undefined;
    this.deps.speaker.responsesBrokeOff();
    this.#interruption.withdraw();
    // Those of an earlier socket that nobody has found yet stay in their order.
    this.#orphans.push(...this.#utterances.abandon());
    const unanswered = this.#orphans.some(({ wanted }) => wanted);
    if (answer?.audible) {
      this.#owed = true;
      this.#brokeOff = true;
    } else if (answer && answer.options?.tools !== false && !unanswered) {
      this.#owed = true;
      this.#again = answer.options;
    }
    if ((this.#owed || unanswered) && this.#mode === 'open') this.#watch.waits();
    else this.#watch.over();
  }

  /** A new socket has been told the history, and hears what the old one had not written down. */
  restored(): void {
    const { link, speaker } = this.deps;
    this.#place = link.engine.place();
    this.#leftOver.clear();
    for (const itemId of speaker.openResponses) this.#leftOver.set(itemId, this.#place);
    if (this.#orphans.length > 0) this.#timers.set('orphans', ORPHANS_MS, () => this.#forgetOrphans());
    if (this.#mode === 'open' && this.#owed) this.#oweNow();
    this.update();
  }

  /** There will be no other one. */
  providerLost(): void {
    this.interrupted();
    this.#watch.over();
    this.#forgetOrphans();
    this.#owed = this.#answerWhenQuiet = false;
  }

  onEvent(event: Exclude<EngineEvent, { kind: 'closed' | 'usage' | 'first_words' }>): void {
    const { speaker } = this.deps;
    switch (event.kind) {
      case 'speech_started':
        this.#speechStarted(event.itemId);
        break;
      case 'speech_stopped':
        this.#speechStopped(event.itemId);
        break;
      case 'user_interim':
        this.#interruption.interim(event.itemId, event.text);
        break;
      case 'user_transcript':
        this.#transcript(event.itemId, event.text);
        break;
      case 'audio':
        if (this.#answering) this.#answering.audible = true;
        this.#utterances.answered();
        speaker.responseAudio(event.itemId, event.mulaw);
        this.#watch.came(speaker.remainingMs, this.deps.link.engine.patienceMs);
        break;
      case 'agent_text':
        speaker.responseText(event.itemId, event.delta, event.fromMs);
        break;
      case 'item_completed':
        speaker.responseItemCompleted(event.itemId);
        break;
      case 'interrupted':
        this.#interruptedByVendor();
        break;
      case 'tool_call':
        this.#watch.over();
        void this.#tools.run(event).then(() => {
          this.#goOnFromTools();
          this.update();
        });
        break;
      case 'response_done':
        this.#responseDone(event);
        break;
      default:
        event satisfies never;
    }
    this.update();
  }

  /** The caller is written down, and neither interrupts nor is answered. */
  get #muted(): boolean {
    const { mute } = this.deps.spec;
    return mute.includes('always') || (mute.includes('tools') && this.#tools.open);
  }

  #speechStarted(itemId: string): void {
    const { turns, clock } = this.deps;
    const orphan = this.#orphans.shift();
    if (this.#orphans.length === 0) this.#timers.clear('orphans');
    if (!orphan || !turns.rename(orphan.itemId, itemId)) turns.begin(itemId, 'user', clock.now());
    this.deps.listener.active();
    // What is still to come of a turn that seemed over belongs to it.
    this.#gate.clear();
    const kind = orphan?.over ? this.#kindOfFound(orphan) : this.#kindOfNew();
    this.#utterances.begin(itemId, kind);
    if (kind === 'overlap') this.#interruption.begin(itemId, this.#mode === 'greeting');
  }

  #kindOfNew(): Utterance['kind'] {
    if (this.#mode === 'closed' || this.#muted || !this.deps.speaker.interruptible) return 'unheard';
    if (this.idle) return 'turn';
    return this.deps.spec.interruption.enabled ? 'overlap' : 'aside';
  }

  /** Heard for the second time: what it was while the agent spoke is past. */
  #kindOfFound({ wanted }: Orphan): Utterance['kind'] {
    return wanted && this.#mode === 'open' && !this.#muted ? 'turn' : 'unheard';
  }

  /** The new socket has found no more turns in what the old one heard. */
  #forgetOrphans(): void {
    const unanswered = this.#orphans.some(({ wanted }) => wanted);
    for (const { itemId } of this.#orphans.splice(0)) this.deps.turns.settle(itemId, '');
    if (unanswered && this.#mode === 'open' && !this.callerSpeaks && !this.#answering) this.#answerCaller();
  }

  #tellLeftOver(): void {
    const { speaker, link } = this.deps;
    for (const [itemId, place] of this.#leftOver) {
      if (!speaker.isOver(itemId) || !link.up) continue;
      this.#leftOver.delete(itemId);
      const heard = speaker.heardSoFar(itemId);
      if (heard) link.engine.addAssistantText(heard, place);
    }
  }

  #responseDone({ status, error }: Extract<EngineEvent, { kind: 'response_done' }>): void {
    const { speaker, link } = this.deps;
    // A cancelled answer may be followed by one that is being made already.
    if (link.engine.responding) return;
    const answer = this.#answering;
    this.#answering = undefined;
    speaker.responsesCompleted();
    if (status !== 'failed') {
      this.#watch.completed();
      this.#goOnFromTools();
      return;
    }
    if (answer?.audible) this.#brokeOff = true;
    else this.#again = answer?.options;
    this.#watch.failed(error ?? 'failed');
  }

  /** An answer that is due comes as soon as what is being said has been heard. */
  #oweNow(): void {
    if (this.deps.speaker.busy) {
      this.#owed = true;
      this.#answerWhenQuiet = true;
    } else this.#answerCaller();
  }

  #speechStopped(itemId: string): void {
    const utterance = this.#utterances.stopped(itemId);
    if (!utterance) return;
    if (utterance.kind === 'turn') this.#answer();
    else if (utterance.kind !== 'overlap' && this.#owed && this.#mode === 'open') this.#answerCaller();
    this.#utterances.forget(itemId);
  }

  #transcript(itemId: string, text: string): void {
    const { turns, amd } = this.deps;
    turns.settle(itemId, text);
    const utterance = this.#utterances.transcribed(itemId);
    if (!utterance) return;
    amd.transcript(text);
    if (text) this.deps.listener.active();
    switch (utterance.kind) {
      case 'overlap':
        this.#interruption.transcript(itemId, text);
        this.#edge(utterance, text);
        break;
      case 'ignored':
        // Words that came too late for the decision.
        if (this.#mode === 'open' && this.#interruption.wasMeant(text)) this.#interrupt(utterance);
        break;
      case 'aside':
        if (this.#mode === 'open' && this.#interruption.wasMeant(text)) this.#answerWhenQuiet = true;
        else this.#edge(utterance, text);
        break;
      case 'turn':
        if (this.#gate.awaitsWords) this.#answer();
        else if (text === '' && !utterance.over) this.#wordless(utterance);
        break;
      case 'unheard':
        break;
      default:
        utterance.kind satisfies never;
    }
    this.#utterances.forget(itemId);
  }

  /** A sound that wants no answer. What it silenced is still to be said, though, and so is what waited for its end. */
  #wordless(utterance: Utterance): void {
    utterance.kind = 'ignored';
    this.#owed ||= utterance.cut && this.#mode === 'open';
  }

  /** A short word that did not stop the agent, said when it was about to end anyway, is the answer. */
  #edge(utterance: Utterance, text: string): void {
    const { speaker } = this.deps;
    if ((utterance.kind === 'ignored' || utterance.kind === 'aside') && text && speaker.remainingMs <= TURN_EDGE_MS)
      this.#answerWhenQuiet = true;
  }

  /** A vendor that decides on interruptions by itself has made an end: nothing would be gained by going on with half an answer. */
  #interruptedByVendor(): void {
    const { speaker, spec } = this.deps;
    if (this.#interruption.open) this.#interruption.confirm();
    else if (speaker.busy && speaker.interruptible && spec.interruption.enabled && this.#mode === 'open' && !this.#muted) this.cut();
  }

  #goOn(): void {
    // With what was said before it, whose words are still to come.
    this.#utterances.decide('ignored');
    this.deps.speaker.resume();
    if (this.#owed && this.#mode === 'open' && !this.callerSpeaks) this.#answerCaller();
  }

  #cutBy(itemId: string): void {
    const utterance = this.#utterances.get(itemId);
    if (utterance) this.#interrupt(utterance);
  }

  #interrupt(utterance: Utterance): void {
    utterance.kind = 'turn';
    utterance.cut = true;
    this.cut();
    if (this.#mode !== 'open') this.deps.listener.interrupted();
    if (utterance.over) this.#answer();
  }

  /** The caller's turn is over. */
  #answer(): void {
    // What the caller has said is what the next answer is about.
    this.#brokeOff = false;
    if (this.#mode === 'open') this.#gate.turnOver(this.awaitsTranscript);
    else this.#owed = this.#mode !== 'closed';
  }

  #answerCaller(): void {
    if (!this.#answersHeld) {
      this.respond();
      return;
    }
    this.#owed = true;
    this.#gate.clear();
    this.#watch.over();
    this.deps.listener.changed();
  }

  /** Once per answer: when all of its tools have theirs. */
  #goOnFromTools(): void {
    if (this.#tools.running || this.deps.link.engine.responding) return;
    const answered = this.#tools.takeAnswered();
    const free = this.#mode === 'open' && !this.callerSpeaks;
    if (free && answered) this.respond();
    else if (free && this.#owed) this.#answerCaller();
    else if (answered) this.#owed = true;
  }
}
