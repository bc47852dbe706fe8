import { randomUUID } from 'node:crypto';
import type { PipelineSpec } from '../../../contracts/agent';
import type { TranscriptTurn, UsageLine } from '../../../contracts/call';
import type { Clock } from '../../../contracts/clock';
import { PatterError } from '../../../contracts/errors';
import type { ChatDelta, ChatMessage } from '../../../providers/llm/chat';
import type { SpeechToText, SttEvent } from '../../../providers/stt/stt';
import type { StreamingVoice } from '../../../providers/tts/stream';
import type { Logger } from '../../../runtime/log';
import type { SttTiming, TurnDetector, TurnDetectorListener } from '../../turns/endpointing/turn-detector';
import type { EngineEvent, EngineTool, HistoryPlace, RespondOptions, VoiceEngine } from '../engine';
import { EventOutlet } from '../event-outlet';
import type { PipelineAgent } from './agent';
import { Answer } from './answer';
import { askAgent } from './ask-agent';
import { ChatHistory } from './chat-history';
import { Hearing } from './hearing';
import type { HookRunner } from './hooks';
import { Items } from './items';
import { Lane } from './lane';
import { Preparations } from './preparations';

export interface PipelineOptions {
  spec: Pick<PipelineSpec, 'textFilters'>;
  instructions: string;
  /** BCP 47. */
  language: string;
  tools: readonly EngineTool[];
  /** Prepares an answer while it is not certain yet that the caller has finished. */
  preemptive: boolean;
  openStt(): SpeechToText;
  openDetector(stt: SttTiming, listener: TurnDetectorListener): TurnDetector;
  voice: StreamingVoice;
  agent: PipelineAgent;
  /** What an agent of the developer's may take for its first words; of others it is expected sooner. */
  patienceMs?: number;
  hooks: HookRunner;
  /** Whether a sentence may be spoken, by what was said right before it; with the first that may not, the answer is over. */
  passes?(before: string, sentence: string): Promise<boolean>;
  clock: Clock;
  log: Logger;
}

/** Frames of the caller that wait for `beforeSendToStt`: half a second. A hook that is slower than they speak would hear them later and later. */
const MOST_FRAMES_WAITING = 25;

/**
 * Recogniser, agent and voice in a row, each streaming into the next. A turn is over when the detector says so, and its words are known by then; when
 * to answer and when to be interrupted is decided outside, as for every engine.
 */
export class Pipeline implements VoiceEngine {
  readonly ready: Promise<void>;
  readonly wordsTell = true;
  readonly #hearing: Hearing;
  readonly #detector: TurnDetector;
  readonly #history = new ChatHistory();
  readonly #items = new Items();
  readonly #preparations: Preparations;
  readonly #audioIn: Lane<Uint8Array>;
  readonly #prefix = randomUUID().slice(0, 8);
  #ids = 0;
  readonly #events = new EventOutlet();
  #closed = false;
  /** The caller's turn under way. */
  #turnId: string | undefined;
  /** The turn that is over when its words are known. */
  #committed: string | undefined;
  #answer: { id: string; run: Answer } | undefined;
  #next: RespondOptions | undefined;
  /** Final segments of the turn under way. */
  #segments = '';
  #tools: readonly EngineTool[];

  constructor(private readonly options: PipelineOptions) {
    this.#tools = options.tools;
    const { hooks, clock, log } = options;
    this.#preparations = new Preparations({ clock, version: () => this.#history.version, wasted: (usage) => this.#emit(usage) });
    this.#hearing = new Hearing({
      open: () => options.openStt(),
      event: (event) => {
        if (event.kind === 'usage') this.#emit(event);
        else this.#recognised(event);
      },
      lost: (error, awayMs) => this.#fail(error, awayMs),
      clock,
      log,
    });
    this.ready = this.#hearing.ready.catch((error: unknown) => {
      throw new PatterError('PATTER_PROVIDER_FAILED', error instanceof Error ? error.message : String(error), { cause: error });
    });
    this.ready.catch(() => undefined);
    this.#detector = options.openDetector(this.#hearing.recogniser, {
      speechStarted: () => this.#speechStarted(),
      speechStopped: () => this.#hearing.finalize(),
      turnEnded: (text) => void this.#turnEnded(text ?? ''),
      eagerEnd: (text) => this.#prepare(text),
      resumed: () => this.#preparations.discard(),
    });
    this.#audioIn = new Lane(
      (mulaw) => hooks.run('beforeSendToStt', mulaw),
      (mulaw) => {
        this.#hearing.push(mulaw);
        this.#detector.onAudio(mulaw);
      },
      MOST_FRAMES_WAITING,
    );
    options.voice.warm();
  }

  get patienceMs(): number | undefined {
    return this.options.patienceMs;
  }

  get responding(): boolean {
    return this.#answer !== undefined || this.#next !== undefined;
  }

  listen(listener: (event: EngineEvent) => void): void {
    this.#events.listen(listener);
  }

  appendAudio(mulaw: Uint8Array): void {
    if (!this.#closed) this.#audioIn.push(mulaw);
  }

  /** What was said until now is the turn, as soon as its words are known. */
  commitAudio(): void {
    if (this.#closed || this.#turnId === undefined) return;
    this.#committed = this.#turnId;
    // A recogniser may have them at once, and nobody expects events from within the call.
    queueMicrotask(() => this.#hearing.finalize());
  }

  respond(options: RespondOptions = {}): void {
    if (this.#closed) return;
    this.#next = options;
    this.#go();
  }

  cancel(): void {
    this.#next = undefined;
    this.#preparations.discard();
    const answer = this.#answer;
    if (!answer) return;
    this.#answer = undefined;
    answer.run.cancel();
    // Like a vendor, not from within the call.
    queueMicrotask(() => this.#emit({ kind: 'response_done', status: 'cancelled' }));
  }

  interrupt(itemId: string, heardMs: number): void {
    const heard = this.#items.interrupt(itemId, heardMs);
    if (heard !== undefined) this.#history.heard(itemId, heard);
  }

  place(): HistoryPlace {
    return this.#history.place();
  }

  addAssistantText(text: string, place?: HistoryPlace): void {
    this.#history.addAssistant(text, place);
  }

  addUserText(text: string): void {
    this.#history.addUser(text);
  }

  addHistory(turns: readonly TranscriptTurn[]): void {
    this.#history.addTurns(turns);
  }

  setTools(tools: readonly EngineTool[]): void {
    this.#tools = tools;
  }

  toolResult(toolCallId: string, output: string): void {
    this.#history.result(toolCallId, output);
  }

  agentSpeaking(speaking: boolean): void {
    if (!this.#closed) this.#detector.agentSpeaking(speaking);
  }

  close(): void {
    if (this.#closed) return;
    // The recogniser's last seconds are told first.
    this.#hearing.close();
    this.#end();
  }

  #fail(error: string, awayMs: number): void {
    if (this.#closed) return;
    this.#emit({ kind: 'closed', error, awayMs });
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#next = undefined;
    this.#preparations.discard();
    this.#answer?.run.cancel();
    this.#answer = undefined;
    this.#audioIn.close();
    this.#detector.dispose();
    this.#hearing.close();
    this.options.voice.close();
    this.options.agent.close();
  }

  #emit(event: EngineEvent): void {
    if (!this.#closed) this.#events.emit(event);
  }

  #recognised(event: Exclude<SttEvent, { kind: 'closed' | 'usage' }>): void {
    this.#detector.onStt(event);
    // No pause comes any more that would end the turn: the caller has hung up.
    if (event.kind === 'finalized' && this.#committed !== undefined && this.#committed === this.#turnId)
      void this.#turnEnded(this.#segments);
    if (event.kind !== 'interim' && event.kind !== 'final') return;
    const text = `${this.#segments} ${event.text}`.trim();
    if (event.kind === 'final') this.#segments = text;
    if (this.#turnId !== undefined) this.#emit({ kind: 'user_interim', itemId: this.#turnId, text });
  }

  #speechStarted(): void {
    this.#turnId = this.#id('turn');
    this.#preparations.turnBegins();
    // The answer will be wanted soon.
    this.options.voice.warm();
    this.#emit({ kind: 'speech_started', itemId: this.#turnId });
  }

  async #turnEnded(said: string): Promise<void> {
    const itemId = this.#turnId;
    this.#turnId = undefined;
    this.#segments = '';
    if (itemId === undefined) return;
    const changed = said === '' ? '' : this.options.hooks.run('afterTranscribe', said);
    const text = ((changed instanceof Promise ? await changed : changed) ?? '').trim();
    if (this.#closed) return;
    if (text === '') {
      this.#preparations.discard();
      // Told in this order, it was no turn that wants an answer.
      this.#emit({ kind: 'user_transcript', itemId, text });
      this.#emit({ kind: 'speech_stopped', itemId });
      return;
    }
    // Before anybody is told: the answer is asked for at once.
    this.#history.addUser(text);
    this.#preparations.turnEnded(said);
    this.#emit({ kind: 'speech_stopped', itemId });
    this.#emit({ kind: 'user_transcript', itemId, text });
  }

  /** The caller has probably finished: the agent thinks, nothing is spoken. */
  #prepare(text: string): void {
    const { preemptive, hooks } = this.options;
    // A hook may still change the words; then there is nothing to prepare for.
    if (!preemptive || text.trim() === '' || this.responding || hooks.has('afterTranscribe')) return;
    this.#preparations.begin(text, (signal) =>
      this.#ask(this.#id('answer'), [...this.#history.messages(), { role: 'user', text }], {}, signal),
    );
  }

  #go(): void {
    if (this.#closed || this.#answer || !this.#next) return;
    const options = this.#next;
    this.#next = undefined;
    const id = this.#id('answer');
    const { voice, hooks, language, spec, passes, clock, log } = this.options;
    let prepared = this.#preparations.take(options.instructions === undefined && options.tools !== false);
    const messages = this.#history.messages();
    const run = new Answer(
      {
        ask: (signal) => {
          const first = prepared;
          prepared = undefined;
          return first ? first.take(signal) : this.#ask(id, messages, options, signal);
        },
        voice,
        hooks,
        language,
        filters: spec.textFilters,
        passes,
        clock,
        log,
      },
      {
        begun: () => {
          this.#items.begin(id);
          this.#history.openItem(id);
          this.#emit({ kind: 'first_words', itemId: id });
        },
        audio: (mulaw) => {
          if (this.#items.audio(id, mulaw)) this.#emit({ kind: 'audio', itemId: id, mulaw });
        },
        text: (delta, fromMs) => this.#text(id, delta, fromMs),
        toolCall: (call) => {
          this.#history.addCall(id, { id: call.id, name: call.name, arguments: call.arguments });
          this.#emit({ kind: 'tool_call', toolCallId: call.id, name: call.name, arguments: call.arguments });
        },
        usage: (lines: UsageLine[]) => this.#emit({ kind: 'usage', lines }),
        done: ({ error }) => this.#answered(id, error),
      },
    );
    this.#answer = { id, run };
  }

  #ask(requestId: string, conversation: readonly ChatMessage[], options: RespondOptions, signal: AbortSignal): AsyncGenerator<ChatDelta> {
    return askAgent(this.options, { requestId, conversation, options, tools: () => this.#tools, signal });
  }

  #text(itemId: string, delta: string, fromMs: number): void {
    this.#items.text(itemId, delta, fromMs);
    this.#history.spoken(itemId, delta);
    this.#emit({ kind: 'agent_text', itemId, delta, fromMs });
  }

  #answered(id: string, error: string | undefined): void {
    if (this.#answer?.id !== id) return;
    this.#answer = undefined;
    if (this.#items.complete(id)) this.#emit({ kind: 'item_completed', itemId: id });
    this.#items.forgetOld();
    this.#emit({ kind: 'response_done', status: error === undefined ? 'completed' : 'failed', error });
    this.#go();
  }

  #id(kind: 'turn' | 'answer'): string {
    return `${kind}_${this.#prefix}_${++this.#ids}`;
  }
}
