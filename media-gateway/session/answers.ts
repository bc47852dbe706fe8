import type { Clock } from '../../contracts/clock';
import type { EngineEvent, RespondOptions } from '../engines/engine';
import type { ToolRequest, ToolRunner } from '../tools/tool-runner';
import type { AmdWatch } from './amd-watch';
import { AnswerGate } from './answer-gate';
import { AnswerWatch } from './answer-watch';
import type { EngineLink } from './engine-link';
import type { Floor } from './floor';
import type { Speaker } from './speaker';
import { ToolRound } from './tool-round';

export interface AnswersDeps {
  speaker: Speaker;
  link: EngineLink;
  tools: ToolRunner;
  amd: AmdWatch;
  clock: Clock;
  floor: Floor;
  /** Tools that take longer are slow, milliseconds. */
  slowAfterMs: number;
  /** For an answer that continues one that broke off. */
  goOnInstructions: string;
  listener: AnswersListener;
}

export interface AnswersListener {
  changed(): void;
  /** Tools have begun to run. */
  toolsBegan(): void;
  /** They take long. */
  toolsSlow(): void;
  /** So does an answer. */
  answerLate(): void;
}

/** One that was asked for and has not ended. */
interface Asked {
  options: RespondOptions | undefined;
  audible: boolean;
}

/** The agent's answers: when one is asked for, what is owed, and what becomes of one that fails or breaks off. */
export class Answers {
  readonly #watch: AnswerWatch;
  readonly #gate: AnswerGate;
  readonly #tools: ToolRound;
  /** Somebody waits for an answer that could not be asked for yet. */
  #owed = false;
  /** It is to come as soon as the agent has nothing under way. */
  #whenQuiet = false;
  #asked: Asked | undefined;
  /** What was wanted of an answer that never began. */
  #again: RespondOptions | undefined;
  /** The last answer ended in the middle, and not by the caller's will. */
  #brokeOff = false;
  /** The caller's turns are left unanswered: somebody else will. What a tool has said is still told, because nobody else knows it. */
  #held = false;

  constructor(private readonly deps: AnswersDeps) {
    const { clock, link, listener } = deps;
    this.#watch = new AnswerWatch(clock, {
      late: () => listener.answerLate(),
      again: () => this.#oweNow(),
      restart: (error) => {
        this.#owed = true;
        link.restart(error);
      },
      giveUp: (error) => link.giveUp(error),
    });
    this.#gate = new AnswerGate(clock, deps.amd, () => this.answerCaller());
    this.#tools = new ToolRound(clock, deps.tools, link, {
      slowAfterMs: deps.slowAfterMs,
      began: () => listener.toolsBegan(),
      slow: () => listener.toolsSlow(),
    });
  }

  /** The caller waits for one. */
  get owed(): boolean {
    return this.#owed;
  }

  /** One has been asked for and has not ended. */
  get underWay(): boolean {
    return this.#asked !== undefined;
  }

  get toolsRunning(): boolean {
    return this.#tools.running;
  }

  /** The model has not had the last word on its tools. */
  get toolsOpen(): boolean {
    return this.#tools.open;
  }

  /** Held back while it is not known whether a person is there. */
  get gated(): boolean {
    return this.#gate.holding;
  }

  /** Only for the words of what was said. */
  get awaitsWords(): boolean {
    return this.#gate.awaitsWords;
  }

  /** Asks for one, unless the caller is speaking or a tool still runs: then it comes after that. */
  respond(options?: RespondOptions): void {
    const { link, floor } = this.deps;
    if (!link.up || ((floor.callerSpeaks || this.#tools.running) && !options)) {
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
    this.#asked = { options: asked, audible: false };
    link.asked();
    this.#watch.asked(link.engine.patienceMs);
    link.engine.respond(asked);
    floor.update();
  }

  /** The caller's turn is over. */
  turnOver(awaitsTranscript: boolean): void {
    const { mode } = this.deps.floor;
    // What the caller has said is what the next answer is about.
    this.#brokeOff = false;
    if (mode === 'open') this.#gate.turnOver(awaitsTranscript);
    else this.#owed = mode !== 'closed';
  }

  answerCaller(): void {
    if (!this.#held) {
      this.respond();
      return;
    }
    this.#owed = true;
    this.#gate.clear();
    this.#watch.over();
    this.deps.listener.changed();
  }

  /** What is owed comes now, if anything is. */
  answerOwed(): void {
    if (this.#owed && this.#open) this.answerCaller();
  }

  owe(): void {
    this.#owed = true;
  }

  /** The caller is answered as soon as the agent has nothing under way. */
  oweWhenQuiet(): void {
    this.#whenQuiet = true;
  }

  /** What the caller says now belongs to the turn that seemed over. */
  turnGoesOn(): void {
    this.#gate.clear();
  }

  /** Whoever was taken for a machine is none: answers at once. */
  release(): void {
    this.#gate.release();
  }

  /** From now on the caller's turns are only written down. */
  hold(): void {
    this.#held = true;
  }

  /** Nobody waits for one any more. */
  forgetOwed(): void {
    this.#owed = false;
  }

  forget(): void {
    this.#owed = this.#whenQuiet = false;
  }

  /** The floor is closed, or not open yet. */
  close(): void {
    this.forget();
    this.#gate.clear();
  }

  /** The one that was asked for is not watched any more. */
  unwatch(): void {
    this.#watch.over();
  }

  cut(): void {
    this.#watch.over();
    this.#asked = undefined;
  }

  /** @returns whether one was asked for that had waited for quiet */
  update(): boolean {
    const { floor } = this.deps;
    if (!this.#whenQuiet || !this.#open || !floor.idle) return false;
    this.#whenQuiet = false;
    this.answerCaller();
    return true;
  }

  /** It is about to be heard. */
  audible(): void {
    if (this.#asked) this.#asked.audible = true;
  }

  /** Some of it has come. */
  came(): void {
    const { speaker, link } = this.deps;
    this.#watch.came(speaker.remainingMs, link.engine.patienceMs);
  }

  runTool(call: ToolRequest): void {
    this.#watch.over();
    void this.#tools.run(call).then(() => {
      this.#goOnFromTools();
      this.#watchAgain();
      this.deps.floor.update();
    });
  }

  done({ status, error }: Extract<EngineEvent, { kind: 'response_done' }>): void {
    const { speaker, link } = this.deps;
    // A cancelled answer may be followed by one that is being made already.
    if (link.engine.responding) return;
    const asked = this.#asked;
    this.#asked = undefined;
    speaker.responsesCompleted();
    if (status !== 'failed') {
      this.#watch.completed();
      this.#goOnFromTools();
      return;
    }
    if (asked?.audible) this.#brokeOff = true;
    else this.#again = asked?.options;
    this.#watch.failed(error ?? 'failed');
  }

  /** The vendor's socket is gone. @returns what was asked of it, for `lost` */
  take(): Asked | undefined {
    const asked = this.#asked;
    this.#asked = undefined;
    return asked;
  }

  /** @param unanswered the caller has said something that nobody has answered */
  lost(asked: Asked | undefined, unanswered: boolean): void {
    if (asked?.audible) {
      this.#owed = true;
      this.#brokeOff = true;
    } else if (asked && asked.options?.tools !== false && !unanswered) {
      this.#owed = true;
      this.#again = asked.options;
    }
    if ((this.#owed || unanswered) && this.#open) this.#watch.waits();
    else this.#watch.over();
  }

  /** There is another socket. */
  restored(): void {
    if (this.#open && this.#owed) this.#oweNow();
  }

  dispose(): void {
    this.#watch.dispose();
    this.#gate.dispose();
    this.#tools.dispose();
  }

  get #open(): boolean {
    return this.deps.floor.mode === 'open';
  }

  /** One that is due comes as soon as what is being said has been heard. */
  #oweNow(): void {
    if (this.deps.speaker.busy) {
      this.#owed = true;
      this.#whenQuiet = true;
    } else this.answerCaller();
  }

  /** The vendor's word is awaited once more: the end of the answer that has called the tools, at least. */
  #watchAgain(): void {
    const { engine } = this.deps.link;
    if (this.#asked && !this.#tools.running && engine.responding) this.#watch.asked(engine.patienceMs);
  }

  /** Once per answer: when all of its tools have theirs. */
  #goOnFromTools(): void {
    const { link, floor } = this.deps;
    if (this.#tools.running || link.engine.responding) return;
    const answered = this.#tools.takeAnswered();
    const free = this.#open && !floor.callerSpeaks;
    if (free && answered) this.respond();
    else if (free && this.#owed) this.answerCaller();
    else if (answered) this.#owed = true;
  }
}
