import type { Checkpoint, ConversationEnd, ConversationReport, GatewayCommand } from '../../contracts/call';
import { decodeMulaw } from '../../contracts/g711';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import { BeepDetector } from '../audio/beep-detector';
import { VoiceActivity } from '../audio/voice-activity';
import type { BuiltInCall } from '../tools/built-in';
import { ToolMemory } from '../tools/tool-memory';
import { ToolRunner } from '../tools/tool-runner';
import { DtmfCollector } from '../turns/dtmf-collector';
import { AmdWatch } from './amd-watch';
import { Conversation } from './conversation';
import { EngineLink } from './engine-link';
import type { FixedLines } from './fixed-lines';
import { resumeInstructions } from './instructions';
import { LineReader, type LineResult } from './line-reader';
import { type Phrase, phrase } from './phrases';
import type { CallSessionOptions, Session } from './ports';
import { engineFactory, fixedLines, PrewarmedSession } from './prewarm';
import { Speaker } from './speaker';
import { Timers } from './timers';
import { TurnLog } from './turn-log';
import { UsageMeter } from './usage-meter';

/** Where the call is. A new object for every step, so that what awaited something can tell that the world has moved on. */
type State =
  | { kind: 'new' }
  /** Disclosure and first message. */
  | { kind: 'greeting' }
  | { kind: 'talking' }
  /** `waiting` for the end of the greeting, then `speaking` the message. */
  | { kind: 'voicemail'; phase: 'waiting' | 'speaking'; text: string; repeats: number }
  /** The end is decided; what the agent was saying is played first. `revocable`: the caller may still object. */
  | { kind: 'leaving'; end: ConversationEnd; revocable: boolean }
  | { kind: 'last_words'; end: ConversationEnd }
  /** Over; the last transcripts are still to come. */
  | { kind: 'settling'; end: ConversationEnd; error?: string }
  /** Over for us; the line is kept until the carrier takes the call away. */
  | { kind: 'holding' }
  | { kind: 'ended' };

const IDLE_MS = 10_000;
/** Between disclosure and first message. */
const BREATH_MS = 200;
/** How long the first message waits for a caller who is speaking. */
const POLITENESS_MS = 3_000;
const LAST_TRANSCRIPTS_MS = 800;
/** However long the agent still wants to speak: the end comes. */
const LEAVE_WITHIN_MS = 30_000;
const GREETING_END_MS = 30_000;
const GREETING_SILENCE_MS = 1_200;
const AFTER_BEEP_MS = 150;
/** A drain waits so long for the caller to say something; who is silent for longer hardly begins in the moment of the handover. */
const CALLER_ANSWERS_MS = 1_500;
/** A signal has been delivered by then. */
const SEALED_ARRIVED_MS = 10_000;
const LEAST_REMAINING_MS = 5_000;
/** Ends that hold even when the caller hangs up before the last word. */
const STANDS_ON_HANGUP: ReadonlySet<ConversationEnd> = new Set([
  'opted_out',
  'time_limit',
  'idle',
  'provider_failed',
  'hung_up_by_request',
]);

/** One conversation on one media stream: a state machine that the carrier, the vendor, the workflow and the clock drive. It ends once. */
export class CallSession implements Session {
  readonly done: Promise<ConversationReport>;
  #state: State = { kind: 'new' };
  #resolveDone: (report: ConversationReport) => void = () => undefined;
  #streamOpen = true;
  #startedAt: number;
  #askedStillThere = false;
  #optedOut = false;
  #beepEnded = false;
  #settledTurns = 0;
  #transfer: ConversationReport['transfer'];
  #callback: ConversationReport['callback'];
  readonly #commands = new Set<string>();
  readonly #timers: Timers<
    'limit' | 'idle' | 'digits' | 'sealed' | 'transcripts' | 'greeting_end' | 'after_beep' | 'drain' | 'drain_pause'
  >;
  readonly #turns: TurnLog;
  readonly #meter = new UsageMeter();
  readonly #speaker: Speaker;
  readonly #lines: FixedLines;
  readonly #reader: LineReader;
  readonly #link: EngineLink;
  readonly #fetch: GuardedFetch;
  readonly #tools: ToolRunner;
  readonly #amd: AmdWatch;
  readonly #conversation: Conversation;
  readonly #digits: DtmfCollector;
  readonly #activity = new VoiceActivity();
  readonly #beep = new BeepDetector();

  constructor(private readonly options: CallSessionOptions) {
    const { setup, history, stream, clock, log } = options;
    const warm = options.prewarmed instanceof PrewarmedSession ? options.prewarmed.take() : undefined;
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.#startedAt = clock.now();
    this.#timers = new Timers(clock);
    this.#turns = new TurnLog(history);
    const changed = () => this.#changed();
    const sink = {
      sendAudio: (mulaw: Uint8Array) => this.#streamOpen && stream.sendAudio(mulaw),
      sendMark: (name: string) => this.#streamOpen && stream.sendMark(name),
      clear: () => this.#streamOpen && stream.clear(),
    };
    this.#speaker = new Speaker(sink, clock, this.#turns, changed);
    this.#lines = warm?.lines ?? fixedLines(setup, options);
    this.#link = new EngineLink(
      warm?.engine,
      engineFactory(setup, options),
      () => this.#turns.all((id) => this.#speaker.heardSoFar(id)),
      {
        event: (event) => {
          if (event.kind === 'usage') this.#meter.add(event.lines);
          else this.#conversation.onEvent(event);
        },
        interrupted: () => this.#conversation.interrupted(),
        restored: () => this.#conversation.restored(),
        lost: (error) => this.#providerLost(error),
      },
      clock,
      log,
    );
    this.#fetch = new GuardedFetch({ allowPrivate: mayReachPrivate(options.config) });
    this.#tools = new ToolRunner(
      setup,
      clock,
      this.#fetch,
      (call) => this.#builtIn(call),
      new ToolMemory(options.toolCalls ?? [], history),
      () => options.progressed?.(),
    );
    this.#amd = new AmdWatch(setup.machineDetection && history.length === 0, (event) => options.emit(event));
    this.#conversation = new Conversation({
      speaker: this.#speaker,
      link: this.#link,
      turns: this.#turns,
      tools: this.#tools,
      amd: this.#amd,
      clock,
      listener: {
        changed,
        active: () => {
          this.#askedStillThere = false;
        },
        interrupted: () => this.#interrupted(),
      },
    });
    this.#reader = new LineReader(this.#lines, this.#speaker, this.#conversation, this.#link, setup.agent.language, clock);
    this.#digits = new DtmfCollector(
      { set: (ms, fn) => this.#timers.set('digits', ms, fn), clear: () => this.#timers.clear('digits') },
      (digits) => this.#keys(digits),
    );
  }

  start(): void {
    if (this.#state.kind !== 'new') return;
    const { setup, history, clock, resume } = this.options;
    this.#startedAt = clock.now();
    const spent = history[0] ? Math.max(0, this.#startedAt - history[0].at) : 0;
    const remaining = Math.max(LEAST_REMAINING_MS, setup.agent.maxDurationMs - spent);
    this.#timers.set('limit', remaining, () => this.#leave('time_limit', { cut: true, line: this.#phrase('timeLimit') }));
    this.#link.start();
    if (history.length === 0) {
      this.#run(this.#greet());
      return;
    }
    this.#state = { kind: 'talking' };
    this.#conversation.setMode('open');
    if (resume === 'machine') return;
    this.#conversation.respond({ instructions: resumeInstructions(setup, resume, history) });
  }

  onAudio(mulaw: Uint8Array): void {
    const { kind } = this.#state;
    if (kind === 'new' || kind === 'settling' || kind === 'holding' || kind === 'ended') return;
    const samples = decodeMulaw(mulaw);
    this.#activity.push(samples);
    const voicemail = this.#state.kind === 'voicemail' ? this.#state : undefined;
    if (voicemail || this.#amd.listening) this.#listenForBeep(samples);
    if (voicemail?.phase !== 'speaking') {
      this.#link.engine.appendAudio(mulaw);
      this.#conversation.voiced(this.#activity.runMs);
      this.#amd.voiced(this.#activity.runMs);
    }
    if (voicemail?.phase === 'waiting' && this.#activity.silentMs >= GREETING_SILENCE_MS) this.#speakVoicemail(voicemail);
  }

  onMark(name: string): void {
    this.#speaker.acknowledge(name);
  }

  onDtmf(digit: string): void {
    if (this.#live) this.#digits.push(digit);
  }

  onStreamClosed(): void {
    this.#streamOpen = false;
    const state = this.#state;
    switch (state.kind) {
      case 'new':
      case 'greeting':
      case 'talking':
        this.#finish('caller_hung_up');
        break;
      case 'leaving':
      case 'last_words':
        this.#finish(STANDS_ON_HANGUP.has(state.end) ? state.end : 'caller_hung_up');
        break;
      case 'voicemail':
        this.#finish('voicemail_cut');
        break;
      case 'holding':
        this.#state = { kind: 'ended' };
        break;
      case 'settling':
      case 'ended':
        break;
      default:
        state satisfies never;
    }
  }

  onCommand(command: GatewayCommand): boolean {
    if (this.#commands.has(command.commandId)) return true;
    if (!this.#live) return false;
    this.#commands.add(command.commandId);
    switch (command.kind) {
      case 'drop_voicemail':
        this.#dropVoicemail(command.text, command.waitForSilence);
        return true;
      case 'hangup':
        this.#leave('hung_up_by_request', { cut: true, line: command.say ? { text: command.say, verbatim: true } : undefined });
        return true;
      case 'human':
        this.#amd.human();
        this.#conversation.release();
        if (this.#state.kind === 'voicemail' && this.#state.phase === 'waiting') {
          this.#talk();
          this.#conversation.respond();
        }
        return true;
      case 'reattach':
        // The host's business.
        return true;
      default:
        return command satisfies never;
    }
  }

  checkpoint(): Checkpoint {
    this.#meter.add(this.#lines.takeUsage());
    return {
      ...this.#turns.checkpoint((id) => this.#speaker.heardSoFar(id)),
      usage: this.#meter.lines(),
      toolCalls: this.#tools.records,
      at: this.options.clock.now(),
    };
  }

  drain(withinMs: number): void {
    if (!this.#live) return;
    if (withinMs <= 0) {
      this.#handOver();
      return;
    }
    // From now on the caller's next turn is the next gateway's to answer.
    this.#conversation.holdAnswers();
    this.#timers.set('drain', withinMs, () => this.#handOver());
    this.#changed();
  }

  #handOver(): void {
    const { kind } = this.#state;
    // A message or last words are nearly over: nobody could go on with them elsewhere.
    if (kind === 'new' || kind === 'greeting' || kind === 'talking') this.#finish('drained');
  }

  /** Between two turns nothing is cut off: best when the caller has just said something, since then they wait for an answer. */
  #handOverBetweenTurns(): void {
    const between = this.#state.kind === 'talking' && this.#conversation.betweenTurns;
    if (!between) this.#timers.clear('drain_pause');
    else if (this.#conversation.owesAnswer) this.#handOver();
    else if (!this.#timers.has('drain_pause')) this.#timers.set('drain_pause', CALLER_ANSWERS_MS, () => this.#handOver());
  }

  /** Before the end. */
  get #live(): boolean {
    const { kind } = this.#state;
    return kind !== 'settling' && kind !== 'holding' && kind !== 'ended';
  }

  async #greet(): Promise<void> {
    const { disclosure, firstMessage } = this.options.setup.agent;
    const state: State = { kind: 'greeting' };
    this.#state = state;
    this.#conversation.setMode('closed');
    if (disclosure) await this.#say(disclosure, { interruptible: false });
    if (this.#state !== state) return;
    let result: LineResult = 'cut';
    if (firstMessage) {
      await this.#callerPauses();
      if (this.#state !== state) return;
      this.#conversation.setMode('greeting');
      result = await this.#say(firstMessage, { interruptible: true });
      if (this.#state !== state) return;
    }
    // Who said "hello" before the first message has got their answer.
    if (result === 'played') this.#conversation.forgetOwed();
    this.#talk();
    if (!firstMessage) this.#conversation.respond();
    this.#lines.prefetch(this.#phrase('apology').text);
  }

  #talk(): void {
    this.#state = { kind: 'talking' };
    for (const name of ['greeting_end', 'after_beep'] as const) this.#timers.clear(name);
    this.#conversation.setMode('open');
  }

  /** A breath; a longer one when the caller is speaking into what the agent is about to say. */
  async #callerPauses(): Promise<void> {
    await this.#reader.until(() => false, BREATH_MS);
    await this.#reader.until(() => !this.#conversation.callerSpeaks, POLITENESS_MS);
  }

  #say(line: string | Phrase, options: { interruptible: boolean }): Promise<LineResult> {
    return this.#reader.say(typeof line === 'string' ? { text: line, verbatim: true } : line, options);
  }

  #phrase(key: Parameters<typeof phrase>[1]): Phrase {
    return phrase(this.options.setup.agent.language, key);
  }

  /** Something was played, said or answered. */
  #changed(): void {
    if (this.#turns.settledTurns !== this.#settledTurns) {
      this.#settledTurns = this.#turns.settledTurns;
      this.options.progressed?.();
    }
    const sealed = this.#turns.seal();
    if (sealed) {
      const { sealedTurns } = this.#turns;
      this.options.emit({ kind: 'sealed_turns', turns: sealed });
      this.#timers.set('sealed', SEALED_ARRIVED_MS, () => this.#turns.handedOver(sealedTurns));
    }
    this.#reader.changed();
    if (this.#state.kind === 'settling') {
      if (!this.#conversation.awaitsTranscript) this.#complete();
      return;
    }
    if (this.#timers.has('drain')) this.#handOverBetweenTurns();
    if (this.#state.kind !== 'talking' || !this.#conversation.quiet) this.#timers.clear('idle');
    else if (!this.#timers.has('idle')) this.#timers.set('idle', IDLE_MS, () => this.#onIdle());
  }

  #onIdle(): void {
    if (this.#state.kind !== 'talking') return;
    if (this.#askedStillThere) {
      this.#finish('idle');
      return;
    }
    this.#askedStillThere = true;
    this.#run(this.#say(this.#phrase('stillThere'), { interruptible: true }));
  }

  /** The caller cut the agent off where only the greeting or a goodbye was going on. */
  #interrupted(): void {
    if (this.#state.kind === 'leaving' && this.#state.revocable) this.#talk();
  }

  #keys(digits: string): void {
    if (digits === this.options.setup.agent.optOutKey) {
      this.#optOut('key', digits);
      return;
    }
    const { kind } = this.#state;
    if (kind === 'greeting' || kind === 'talking') this.#conversation.keys(`[DTMF: ${digits}]`);
  }

  #optOut(by: 'voice' | 'key', text: string | undefined): void {
    if (!this.#live || this.#optedOut) return;
    this.#optedOut = true;
    this.options.emit({ kind: 'opt_out', by, text });
    this.#leave('opted_out', { cut: by === 'key', line: this.#phrase('optedOut') });
  }

  #builtIn(call: BuiltInCall): string {
    if (!this.#live) throw new Error('The call is over.');
    switch (call.name) {
      case 'transfer_call':
        if (!this.options.setup.canTransfer) throw new Error('Nobody is there to transfer to.');
        this.#transfer = { reason: call.reason };
        this.#leave('transfer_requested', {});
        return JSON.stringify({ status: 'connecting' });
      case 'end_call':
        this.#leave('agent_ended', { revocable: true, line: call.farewell ? { text: call.farewell, verbatim: true } : undefined });
        return JSON.stringify({ status: 'ending, unless the caller goes on to speak' });
      case 'opt_out':
        this.#optOut('voice', this.#turns.lastUserText());
        return JSON.stringify({ status: 'recorded and being confirmed' });
      case 'request_callback':
        this.#callback = { when: call.when, at: call.at };
        return JSON.stringify({ status: 'noted' });
      default:
        return call satisfies never;
    }
  }

  /** Ends the talk in good order. An end that is under way stands, except for an opt-out, an order, or one that the caller may object to. */
  #leave(end: ConversationEnd, options: { cut?: boolean; revocable?: boolean; line?: Phrase }): void {
    const { kind } = this.#state;
    const under = this.#state.kind === 'leaving' || this.#state.kind === 'last_words' ? this.#state.end : undefined;
    const overrides = end === 'opted_out' || end === 'hung_up_by_request' || under === 'agent_ended';
    if (!this.#live || (under && (!overrides || under === 'opted_out'))) return;
    if (kind === 'voicemail' && end !== 'hung_up_by_request' && end !== 'opted_out') return;
    const state: State = { kind: 'leaving', end, revocable: options.revocable === true };
    this.#state = state;
    if (options.cut) this.#conversation.cut({ all: true });
    this.#conversation.setMode(state.revocable ? 'leaving' : 'closed');
    if (options.line?.verbatim) this.#lines.prefetch(options.line.text);
    this.#run(this.#depart(state, options.line));
  }

  async #depart(state: Extract<State, { kind: 'leaving' }>, line: Phrase | undefined): Promise<void> {
    await this.#reader.until(() => this.#conversation.idle, LEAVE_WITHIN_MS);
    if (this.#state !== state) return;
    if (line) {
      const lastWords: State = { kind: 'last_words', end: state.end };
      this.#state = lastWords;
      this.#conversation.setMode('closed');
      await this.#say(line, { interruptible: false });
      if (this.#state !== lastWords) return;
    }
    this.#finish(state.end);
  }

  #providerLost(error: string): void {
    if (!this.#live || this.#state.kind === 'voicemail') return;
    const line = this.#phrase('apology');
    this.#conversation.interrupted();
    if (this.#lines.ready(line.text)) this.#leave('provider_failed', { line });
    else this.#finish('provider_failed', error);
  }

  #listenForBeep(samples: Int16Array): void {
    const event = this.#beep.push(samples);
    if (event === 'beep') {
      this.#timers.clear('after_beep');
      this.#amd.beep();
    }
    if (event !== 'beep_ended') return;
    this.#beepEnded = true;
    if (this.#state.kind === 'voicemail') this.#afterBeep();
  }

  #afterBeep(): void {
    this.#timers.set('after_beep', AFTER_BEEP_MS, () => {
      if (this.#state.kind !== 'voicemail') return;
      if (this.#state.phase === 'waiting') this.#speakVoicemail(this.#state);
      // The machine records only now: what was said before its beep is lost.
      else if (this.#state.repeats === 0) this.#speakVoicemail({ ...this.#state, repeats: 1 });
    });
  }

  #dropVoicemail(text: string, waitForSilence: boolean): void {
    const { kind } = this.#state;
    if (kind === 'voicemail') {
      if (this.#state.phase === 'waiting' && !waitForSilence) this.#speakVoicemail(this.#state);
      return;
    }
    if (kind === 'leaving' || kind === 'last_words') return;
    this.#conversation.cut({ all: true });
    if (text === '') {
      this.#finish('voicemail_skipped');
      return;
    }
    const state = { kind: 'voicemail', phase: 'waiting', text, repeats: 0 } as const;
    this.#state = state;
    this.#conversation.setMode('closed');
    this.#lines.prefetch(text);
    this.#timers.set('greeting_end', GREETING_END_MS, () => {
      if (this.#state === state) this.#speakVoicemail(state);
    });
    if (this.#beep.sounding) return;
    if (this.#beepEnded || !waitForSilence) this.#speakVoicemail(state);
  }

  #speakVoicemail(from: { text: string; repeats: number }): void {
    const state: State = { kind: 'voicemail', phase: 'speaking', text: from.text, repeats: from.repeats };
    this.#state = state;
    this.#timers.clear('greeting_end');
    this.#conversation.cut({ all: true });
    this.#run(
      this.#say(from.text, { interruptible: false }).then((result) => {
        if (this.#state !== state) return;
        // A beep right now means that nothing of it was recorded; its end says it again.
        if (result === 'played' && state.repeats === 0 && (this.#beep.sounding || this.#timers.has('after_beep'))) return;
        if (result === 'played') this.#finish('voicemail_left');
        else this.#finish('voicemail_cut', `the message was ${result}`);
      }),
    );
  }

  #finish(end: ConversationEnd, error?: string): void {
    if (!this.#live) return;
    // What was heard is settled first: the report is made as soon as the state says that this is the end.
    this.#speaker.close();
    if (this.#conversation.callerSpeaks) this.#link.engine.commitAudio();
    this.#conversation.setMode('closed');
    this.#state = { kind: 'settling', end, error };
    this.#timers.clear('idle');
    this.#timers.clear('limit');
    this.#reader.changed();
    // The caller's last words are on their way; nobody waits long for them.
    if (this.#conversation.awaitsTranscript && this.#link.up) this.#timers.set('transcripts', LAST_TRANSCRIPTS_MS, () => this.#complete());
    else this.#complete();
  }

  #complete(): void {
    if (this.#state.kind !== 'settling') return;
    const { end, error } = this.#state;
    this.#state = end === 'transfer_requested' && this.#streamOpen ? { kind: 'holding' } : { kind: 'ended' };
    this.#timers.dispose();
    this.#conversation.dispose();
    this.#reader.dispose();
    this.#link.close();
    this.#tools.dispose();
    this.#fetch.close();
    this.#lines.dispose();
    const { usage } = this.checkpoint();
    this.#resolveDone({
      end,
      turns: this.#turns.turns(),
      usage,
      startedAt: this.#startedAt,
      endedAt: this.options.clock.now(),
      transfer: end === 'transfer_requested' ? this.#transfer : undefined,
      callback: this.#callback,
      toolCalls: this.#tools.records,
      error,
    });
  }

  /** A script of this call. It stops by itself when the state has moved on; an error in it ends the call, since nobody would go on. */
  #run(script: Promise<unknown>): void {
    script.catch((error: unknown) => {
      this.options.log.error({ err: error }, 'the session failed');
      this.#finish('provider_failed', error instanceof Error ? error.message : String(error));
    });
  }
}
