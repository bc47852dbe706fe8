import type { EngineEvent, RespondOptions } from '../engines/engine';
import { Answers, type AnswersDeps, type AnswersListener } from './answers';
import { CallerTurns, type CallerTurnsDeps, type CallerTurnsListener } from './caller-turns';
import type { Floor, FloorMode } from './floor';
import { ModelMemory } from './model-memory';

export interface ConversationListener extends AnswersListener, CallerTurnsListener {
  /** Look again at `idle` and `quiet`. */
  changed(): void;
}

type Shared = 'floor' | 'answers' | 'slowAfterMs' | 'listener';

export interface ConversationDeps extends Omit<AnswersDeps, Shared>, Omit<CallerTurnsDeps, Shared> {
  /** Keeps words back until they are judged. */
  hold?: { readonly busy: boolean; cut(): void };
  listener: ConversationListener;
}

/** Who has the floor: the caller's turns (./caller-turns), the agent's answers (./answers), and what happens when both speak. */
export class Conversation implements Floor {
  #mode: FloorMode = 'closed';
  /** The agent begins with words of its own, and nobody is listened to until they were heard. */
  #firstWords = false;
  readonly #answers: Answers;
  readonly #caller: CallerTurns;
  readonly #memory: ModelMemory;

  constructor(private readonly deps: ConversationDeps) {
    this.#answers = new Answers({ ...deps, floor: this, slowAfterMs: deps.spec.fillers.afterMs });
    this.#caller = new CallerTurns({ ...deps, floor: this, answers: this.#answers });
    this.#memory = new ModelMemory(deps.link, deps.speaker);
  }

  get mode(): FloorMode {
    return this.#mode;
  }

  get callerSpeaks(): boolean {
    return this.#caller.speaking;
  }

  /** The caller has said something whose words are still to come. */
  get awaitsTranscript(): boolean {
    return this.#caller.awaitsTranscript;
  }

  /** The agent has nothing under way: neither speech nor an answer nor a tool. */
  get idle(): boolean {
    return !this.deps.speaker.busy && this.nothingAsked;
  }

  /** Nobody speaks and nothing is going on that will make somebody speak. */
  get quiet(): boolean {
    return this.#mode === 'open' && this.idle && !this.callerSpeaks && !this.#answers.gated;
  }

  /** Nothing is under way on either side, and every word is known. */
  get betweenTurns(): boolean {
    return this.quiet && !this.awaitsTranscript;
  }

  /** Nobody says anything. */
  get silent(): boolean {
    return this.#mode === 'open' && !this.callerSpeaks && !this.deps.speaker.busy;
  }

  /** A tool still runs, and nobody says anything. */
  get waitsForTools(): boolean {
    return this.#answers.toolsRunning && this.silent;
  }

  get muted(): boolean {
    const { mute } = this.deps.spec;
    return mute.includes('always') || this.#firstWords || (mute.includes('tools') && this.#answers.toolsOpen);
  }

  /** The caller waits for an answer. */
  get owesAnswer(): boolean {
    return this.#answers.owed;
  }

  /** From now on the caller's turns are only written down. */
  holdAnswers(): void {
    this.#answers.hold();
  }

  /** Whoever was taken for a machine is none: answers at once. */
  release(): void {
    this.#answers.release();
  }

  /** Nobody waits for an answer any more. */
  forgetOwed(): void {
    this.#answers.forgetOwed();
  }

  /** Asks for an answer, unless the caller is speaking or a tool still runs: then it comes after that. */
  respond(options?: RespondOptions): void {
    this.#answers.respond(options);
  }

  /** The agent has the first word, and no first message that somebody wrote. */
  begin(): void {
    this.#firstWords = this.deps.spec.mute.includes('first_message');
    this.respond();
  }

  setMode(mode: FloorMode): void {
    this.#mode = mode;
    if (mode === 'open') {
      if (!this.muted) this.#caller.hear();
      if (!this.callerSpeaks) this.#answers.answerOwed();
    } else {
      this.#answers.close();
      if (mode === 'closed') this.#caller.withdraw();
    }
    this.update();
  }

  /** Silences the agent; the model and the history keep what was heard. */
  cut(options?: { all: boolean }): void {
    const { speaker, link, hold } = this.deps;
    this.#caller.cut();
    this.#answers.cut();
    link.engine.cancel();
    hold?.cut();
    for (const item of speaker.cut(options)) {
      if (item.source === 'response' && !item.complete) link.engine.interrupt(item.itemId, item.heardMs);
    }
  }

  /** Marks where a fixed line that is about to be spoken stands in the model's history. */
  lineBegins(): void {
    this.#memory.lineBegins();
  }

  lineEnded(heard: string): void {
    this.#memory.lineEnded(heard);
  }

  /** The caller pressed keys. */
  keys(text: string): void {
    const { turns, link, clock, speaker, listener } = this.deps;
    const id = `keys_${clock.monotonic()}`;
    turns.begin(id, 'user', clock.now());
    turns.settle(id, text);
    if (speaker.interruptible) this.cut();
    link.engine.addUserText(text);
    listener.active();
    if (this.#mode === 'open') this.#answers.answerCaller();
    else this.#answers.owe();
  }

  voiced(runMs: number): void {
    this.#caller.voiced(runMs);
  }

  /** Something may have changed: an item was played, an answer was given. */
  update(): void {
    const { link, listener } = this.deps;
    if (this.idle && !this.owesAnswer) this.#firstWords = false;
    if (this.#mode === 'open' && !this.muted && !this.deps.speaker.busy) this.#caller.hear();
    this.#memory.update();
    if (link.wantsPause && this.betweenTurns) link.paused();
    if (!this.#answers.update()) listener.changed();
  }

  /** The talk is over: nothing that ends now is a reason to speak. */
  end(): void {
    this.#answers.forget();
    this.#answers.unwatch();
  }

  /** The caller has said something, by our own ears, and the vendor tells nothing of it. */
  untold(): void {
    this.#caller.untold();
  }

  /** It was nothing. */
  nothingUntold(): void {
    this.#caller.nothingUntold();
  }

  /** The agent is to say nothing and to do nothing: neither an answer nor a tool is under way. */
  get nothingAsked(): boolean {
    const { link, hold } = this.deps;
    return !link.engine.responding && !this.#answers.toolsOpen && hold?.busy !== true;
  }

  /** The vendor's socket is gone, and with it what it had not said yet. */
  interrupted(): void {
    const asked = this.#answers.take();
    this.deps.speaker.responsesBrokeOff();
    this.#answers.lost(asked, this.#caller.lost());
  }

  /** A new socket has been told the history, and hears what the old one had not written down. */
  restored(): void {
    this.#memory.restored();
    this.#caller.restored();
    this.#answers.restored();
    this.update();
  }

  /** There will be no other one. */
  providerLost(): void {
    this.interrupted();
    this.#answers.unwatch();
    this.#caller.forgetLost();
    this.#answers.forget();
  }

  onEvent(event: Exclude<EngineEvent, { kind: 'closed' | 'usage' | 'first_words' }>): void {
    const { speaker } = this.deps;
    switch (event.kind) {
      case 'speech_started':
        this.#caller.speechStarted(event.itemId);
        break;
      case 'speech_stopped':
        this.#caller.speechStopped(event.itemId);
        break;
      case 'user_interim':
        this.#caller.interim(event.itemId, event.text);
        break;
      case 'user_transcript':
        this.#caller.transcript(event.itemId, event.text);
        break;
      case 'audio':
        this.#answers.audible();
        this.#caller.answered();
        speaker.responseAudio(event.itemId, event.mulaw);
        this.#answers.came();
        break;
      case 'agent_text':
        speaker.responseText(event.itemId, event.delta, event.fromMs);
        break;
      case 'item_completed':
        speaker.responseItemCompleted(event.itemId);
        break;
      case 'interrupted':
        this.#caller.interruptedByVendor();
        break;
      case 'tool_call':
        this.#answers.runTool(event);
        break;
      case 'response_done':
        this.#answers.done(event);
        break;
      default:
        event satisfies never;
    }
    this.update();
  }

  dispose(): void {
    this.#caller.dispose();
    this.#answers.dispose();
  }
}
