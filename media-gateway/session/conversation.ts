import type { Clock } from '../../contracts/clock';
import type { EngineEvent, HistoryPlace } from '../engines/engine';
import type { ToolRunner } from '../tools/tool-runner';
import { isBackchannel } from '../turns/backchannel';
import { Interruption } from '../turns/interruption';
import type { AmdWatch } from './amd-watch';
import type { EngineLink } from './engine-link';
import type { Speaker } from './speaker';
import { Timers } from './timers';
import type { TurnLog } from './turn-log';

/** Something the caller said. What it is, is known step by step. */
interface Utterance {
  kind:
    | 'turn' // wants an answer
    | 'overlap' // while the agent spoke: not decided yet
    | 'ignored' // was no interruption
    | 'unheard'; // while the agent must not be interrupted
  over: boolean;
  transcribed: boolean;
}

/**
 * - `closed`: the caller is heard and written down, but neither interrupts nor gets an answer (disclosure, voicemail, last words).
 * - `greeting`, `leaving`: the caller may interrupt, and is answered when the floor opens.
 * - `open`: turns are answered.
 */
export type FloorMode = 'closed' | 'greeting' | 'leaving' | 'open';

/** The vendor has begun to answer by then, or it is taken for dead. */
const ANSWER_WITHIN_MS = 10_000;
/** How long an answer waits for the first words' transcript, where a machine may have answered. */
const FIRST_WORDS_MS = 1_500;
/** How long it waits for the verdict once a machine is suspected. A person must not be met with silence for longer. */
const SUSPICION_MS = 4_000;
/** An "mhm" so near to the agent's end is an answer. */
const TURN_EDGE_MS = 1_000;

/** Answers that fail one after the other: the first is asked for again, the second on another socket, then it is over. */
const MOST_FAILURES = 3;

export interface ConversationListener {
  /** Look again at `idle` and `quiet`. */
  changed(): void;
  /** The caller said or pressed something. */
  active(): void;
  /** The caller silenced the agent. */
  interrupted(): void;
}

/** Who has the floor: the caller's turns, the agent's answers, and what happens when both speak. */
export class Conversation {
  #mode: FloorMode = 'closed';
  #failures = 0;
  readonly #utterances = new Map<string, Utterance>();
  readonly #interruption: Interruption;
  readonly #timers: Timers<'resume' | 'answer' | 'first_words' | 'suspicion'>;
  #speaking: string | undefined;
  /** Somebody waits for an answer that could not be asked for yet. */
  #owed = false;
  /** A short word at the end of the agent's speech: answered when that is over. */
  #answerWhenQuiet = false;
  /** Tools have answered, and the model has not gone on from it yet. */
  #toolsAnswered = false;
  #place: HistoryPlace | undefined;
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
      listener: ConversationListener;
    },
  ) {
    this.#timers = new Timers(deps.clock);
    this.#interruption = new Interruption(
      { set: (ms, fn) => this.#timers.set('resume', ms, fn), clear: () => this.#timers.clear('resume') },
      { pause: () => deps.speaker.pause(), resume: (itemId) => this.#goOn(itemId), cut: (itemId) => this.#cutBy(itemId) },
    );
  }

  get callerSpeaks(): boolean {
    return this.#speaking !== undefined;
  }

  /** The caller has said something whose words are still to come. */
  get awaitsTranscript(): boolean {
    return [...this.#utterances.values()].some((utterance) => !utterance.transcribed);
  }

  /** The agent has nothing under way: neither speech nor an answer nor a tool. */
  get idle(): boolean {
    const { speaker, link, tools } = this.deps;
    return !speaker.busy && !link.engine.responding && !tools.busy && !this.#toolsAnswered;
  }

  /** Nobody speaks and nothing is going on that will make somebody speak. */
  get quiet(): boolean {
    const held = this.#timers.has('first_words') || this.#timers.has('suspicion');
    return this.#mode === 'open' && this.idle && !this.callerSpeaks && !held;
  }

  /** Nothing is under way on either side, and every word is known. */
  get betweenTurns(): boolean {
    const held = this.#timers.has('first_words') || this.#timers.has('suspicion');
    return this.#mode === 'open' && this.idle && !this.callerSpeaks && !this.awaitsTranscript && !held;
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
    if (this.#timers.has('suspicion') || this.#timers.has('first_words')) this.#answerCaller();
  }

  /** Nobody waits for an answer any more. */
  forgetOwed(): void {
    this.#owed = false;
  }

  setMode(mode: FloorMode): void {
    this.#mode = mode;
    if (mode === 'open') {
      if (this.#owed && !this.callerSpeaks) this.#answerCaller();
    } else {
      this.#owed = this.#answerWhenQuiet = false;
      for (const name of ['first_words', 'suspicion'] as const) this.#timers.clear(name);
      if (mode === 'closed') this.#interruption.withdraw();
    }
    this.update();
  }

  dispose(): void {
    this.#timers.dispose();
  }

  /** Asks for an answer, unless the caller is speaking or a tool still runs: then it comes after that. */
  respond(options?: { instructions?: string; tools?: boolean }): void {
    const { link, tools } = this.deps;
    if ((this.callerSpeaks || tools.busy) && !options) {
      this.#owed = true;
      return;
    }
    this.#owed = false;
    this.#timers.clear('first_words');
    this.#timers.clear('suspicion');
    this.#timers.set('answer', ANSWER_WITHIN_MS, () => this.#restart('gave no answer'));
    link.engine.respond(options);
    this.update();
  }

  /** Silences the agent; the model and the history keep what was heard. */
  cut(options?: { all: boolean }): void {
    const { speaker, link } = this.deps;
    this.#interruption.forget();
    this.#timers.clear('answer');
    link.engine.cancel();
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
    if (this.#answerWhenQuiet && this.#mode === 'open' && this.idle) {
      this.#answerWhenQuiet = false;
      this.#answerCaller();
      return;
    }
    this.deps.listener.changed();
  }

  /** The vendor's socket is gone, and with it what it had not said yet. */
  interrupted(): void {
    const { speaker } = this.deps;
    const answerLost = this.deps.link.engine.responding;
    this.#timers.clear('answer');
    speaker.responsesCompleted();
    this.#interruption.withdraw();
    const unanswered = this.#speaking !== undefined;
    this.#speaking = undefined;
    for (const utterance of this.#utterances.values()) utterance.over = utterance.transcribed = true;
    this.#owed ||= answerLost || unanswered;
  }

  restored(): void {
    if (this.#mode === 'open' && this.#owed) this.#answerCaller();
    this.update();
  }

  onEvent(event: Exclude<EngineEvent, { kind: 'closed' | 'usage' }>): void {
    const { speaker } = this.deps;
    switch (event.kind) {
      case 'speech_started':
        this.#speechStarted(event.itemId);
        break;
      case 'speech_stopped':
        this.#speechStopped(event.itemId);
        break;
      case 'user_transcript':
        this.#transcript(event.itemId, event.text);
        break;
      case 'audio':
        this.#timers.clear('answer');
        this.#failures = 0;
        speaker.responseAudio(event.itemId, event.mulaw);
        break;
      case 'agent_text':
        speaker.responseText(event.itemId, event.delta);
        break;
      case 'item_completed':
        speaker.responseItemCompleted(event.itemId);
        break;
      case 'tool_call':
        this.#timers.clear('answer');
        void this.#runTool(event);
        break;
      case 'response_done':
        this.#timers.clear('answer');
        // A cancelled answer may be followed by one that is being made already.
        if (!this.deps.link.engine.responding) speaker.responsesCompleted();
        if (event.status === 'failed') this.#failed(event.error ?? 'failed');
        else this.#goOnFromTools();
        break;
      default:
        event satisfies never;
    }
    this.update();
  }

  #speechStarted(itemId: string): void {
    const { speaker, turns, clock } = this.deps;
    turns.begin(itemId, 'user', clock.now());
    this.#speaking = itemId;
    this.deps.listener.active();
    const utterance: Utterance = { kind: 'turn', over: false, transcribed: false };
    this.#utterances.set(itemId, utterance);
    // What is still to come of a turn that seemed over belongs to it.
    for (const name of ['first_words', 'suspicion'] as const) this.#timers.clear(name);
    if (this.#mode === 'closed' || !speaker.interruptible) {
      utterance.kind = 'unheard';
    } else if (!this.idle) {
      utterance.kind = 'overlap';
      this.#interruption.begin(itemId, this.#mode === 'greeting');
    }
  }

  #speechStopped(itemId: string): void {
    if (this.#speaking === itemId) this.#speaking = undefined;
    const utterance = this.#utterances.get(itemId);
    if (!utterance || utterance.over) return;
    utterance.over = true;
    if (utterance.kind === 'turn') this.#answer();
    else if (utterance.kind !== 'overlap' && this.#owed && this.#mode === 'open') this.#answerCaller();
  }

  #transcript(itemId: string, text: string): void {
    const { turns, amd } = this.deps;
    turns.settle(itemId, text);
    const utterance = this.#utterances.get(itemId);
    if (!utterance) return;
    utterance.transcribed = true;
    amd.transcript(text);
    if (text) this.deps.listener.active();
    switch (utterance.kind) {
      case 'overlap':
        this.#interruption.transcript(itemId, text);
        this.#edge(utterance, text);
        break;
      case 'ignored':
        // Words that came too late for the decision.
        if (this.#mode === 'open' && !isBackchannel(text)) this.#interrupt(utterance);
        break;
      case 'turn':
        if (this.#timers.has('first_words')) this.#answer();
        break;
      case 'unheard':
        break;
      default:
        utterance.kind satisfies never;
    }
    this.#utterances.delete(itemId);
  }

  /** A short word that did not stop the agent, said when it was about to end anyway, is the answer. */
  #edge(utterance: Utterance, text: string): void {
    const { speaker } = this.deps;
    if (utterance.kind === 'ignored' && text && speaker.remainingMs <= TURN_EDGE_MS) this.#answerWhenQuiet = true;
  }

  #goOn(itemId: string): void {
    const utterance = this.#utterances.get(itemId);
    if (utterance) utterance.kind = 'ignored';
    this.deps.speaker.resume();
    if (this.#owed && this.#mode === 'open' && !this.callerSpeaks) this.#answerCaller();
  }

  #cutBy(itemId: string): void {
    const utterance = this.#utterances.get(itemId);
    if (utterance) this.#interrupt(utterance);
  }

  #interrupt(utterance: Utterance): void {
    utterance.kind = 'turn';
    this.cut();
    if (this.#mode !== 'open') this.deps.listener.interrupted();
    if (utterance.over) this.#answer();
  }

  /** The caller's turn is over. */
  #answer(): void {
    const { amd } = this.deps;
    if (this.#mode !== 'open') {
      this.#owed = this.#mode !== 'closed';
      return;
    }
    if (amd.suspected) {
      this.#timers.clear('first_words');
      this.#timers.set('suspicion', SUSPICION_MS, () => this.#answerCaller());
      return;
    }
    const waiting = this.#timers.has('first_words');
    if (amd.undecided && this.awaitsTranscript && !waiting) {
      this.#timers.set('first_words', FIRST_WORDS_MS, () => this.#answerCaller());
      return;
    }
    this.#answerCaller();
  }

  #answerCaller(): void {
    if (!this.#answersHeld) {
      this.respond();
      return;
    }
    this.#owed = true;
    for (const name of ['first_words', 'suspicion'] as const) this.#timers.clear(name);
    this.deps.listener.changed();
  }

  async #runTool(call: { toolCallId: string; name: string; arguments: string }): Promise<void> {
    const answer = await this.deps.tools.run(call);
    this.deps.link.engine.toolResult(call.toolCallId, answer.output);
    this.#toolsAnswered = true;
    this.#goOnFromTools();
    this.update();
  }

  /** Once per answer: when all of its tools have theirs. */
  #goOnFromTools(): void {
    const { tools, link } = this.deps;
    if (tools.busy || link.engine.responding) return;
    const answered = this.#toolsAnswered;
    this.#toolsAnswered = false;
    const free = this.#mode === 'open' && !this.callerSpeaks;
    if (free && answered) this.respond();
    else if (free && this.#owed) this.#answerCaller();
    else if (answered) this.#owed = true;
  }

  #failed(error: string): void {
    this.#failures++;
    if (this.#failures === 1) this.respond();
    else if (this.#failures < MOST_FAILURES) this.#restart(error);
    else this.deps.link.giveUp(error);
  }

  #restart(error: string): void {
    this.#owed = true;
    this.deps.link.restart(error);
  }
}
