import { type AnsweringSpec, DEFAULT_ANSWERING } from '../../contracts/answering';
import type { Checkpoint, ConversationEnd, ConversationReport, GatewayCommand } from '../../contracts/call';
import type { RunToolRequest } from '../../contracts/durable-tool';
import { decodeMulaw } from '../../contracts/g711';
import { BackgroundSounds } from '../audio/background';
import { FaxDetector } from '../audio/fax-detector';
import { type CallerFilter, NoiseSuppressor } from '../audio/noise-suppressor';
import { VoiceActivity } from '../audio/voice-activity';
import { DtmfCollector, type Keys } from '../turns/dtmf-collector';
import type { Said } from './amd-watch';
import { type CallActions, runBuiltIn } from './built-in-actions';
import { CallParts } from './call-parts';
import { type CallState, endOnHangup, isLive, mayLeave } from './call-state';
import { Fillers } from './fillers';
import { greet } from './greeting';
import { HandOver } from './hand-over';
import { IdleWatch } from './idle-watch';
import { answeredNote, MENU_NOTE, pressedNote, resumeInstructions } from './instructions';
import { MenuWalk } from './menu-walk';
import { OrderedLines } from './ordered-lines';
import { type Phrase, type PhraseKey, phrase } from './phrases';
import type { CallSessionOptions, Session } from './ports';
import { apologyOf, prepareForTrouble, transfersOnFailure } from './prewarm';
import { providerFailure } from './provider-failure';
import { Screening } from './screening';
import { screeningLine } from './screening-line';
import { SilenceWatch } from './silence-watch';
import { TimeLimit } from './time-limit';
import { Timers } from './timers';
import { TurnUpkeep } from './turn-upkeep';
import { VoicemailDrop } from './voicemail-drop';
import { WorkflowRequests } from './workflow-requests';

const LAST_TRANSCRIPTS_MS = 800;
/** The record of a tool call that the end of the stream has answered. */
const TOOL_TOLD_MS = 300;
/** However long the agent still wants to speak: the end comes. */
const LEAVE_WITHIN_MS = 30_000;
/** For an apology that is still being made when it is needed. */
const LAST_CHANCE_MS = 500;
/** For a screener that is still asking. */
const SCREENER_SPEAKS_MS = 5_000;
/** How long a warning waits for a pause in the talk. */
const WARN_WITHIN_MS = 15_000;

/** One conversation on one media stream: a state machine that the carrier, the vendor, the workflow and the clock drive. It ends once. */
export class CallSession implements Session {
  readonly done: Promise<ConversationReport>;
  #state: CallState = { kind: 'new' };
  #resolveDone: (report: ConversationReport) => void = () => undefined;
  #startedAt: number;
  #optedOut = false;
  #replacing = false;
  #agentSpeaks = false;
  #transfer: ConversationReport['transfer'];
  #callback: ConversationReport['callback'];
  /** Why there is no AI provider any more. */
  #failure: string | undefined;
  readonly #commands = new Set<string>();
  readonly #timers: Timers<'digits' | 'transcripts'>;
  readonly #parts: CallParts;
  readonly #upkeep: TurnUpkeep;
  readonly #voicemail: VoicemailDrop;
  readonly #handOver: HandOver;
  readonly #fillers: Fillers;
  readonly #idle: IdleWatch;
  readonly #answering: AnsweringSpec;
  readonly #silence: SilenceWatch;
  readonly #screening: Screening;
  readonly #fax: FaxDetector | undefined;
  /** In a phone menu. */
  #menu: MenuWalk | undefined;
  #unreached: ConversationReport['unreached'];
  readonly #limit: TimeLimit;
  readonly #digits: DtmfCollector;
  readonly #requests: WorkflowRequests;
  readonly #ordered: OrderedLines;
  readonly #activity = new VoiceActivity();
  readonly #filter: CallerFilter | undefined;

  constructor(private readonly options: CallSessionOptions) {
    const { setup, clock } = options;
    const { agent } = setup;
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.#startedAt = clock.now();
    this.#timers = new Timers(clock);
    this.#fax = setup.machineDetection ? new FaxDetector() : undefined;
    this.#filter = options.callerFilter?.() ?? (agent.noiseSuppression ? new NoiseSuppressor() : undefined);
    this.#parts = new CallParts(options, {
      changed: () => this.#changed(),
      active: () => {
        this.#idle.active();
        this.#silence.heard();
      },
      interrupted: () => this.#interrupted(),
      toolsBegan: () => this.#fillers.prepare(),
      toolsSlow: () => this.#run(this.#fillers.say()),
      answerLate: () => this.#run(this.#fillers.bridge()),
      builtIn: (call, toolCallId) => runBuiltIn(call, toolCallId, this.#actions),
      providerLost: (error) => this.#providerLost(error),
      machineSaid: (said, text) => this.#machineSaid(said, text),
      silentMs: () => this.#activity.silentMs,
    });
    this.#fillers = new Fillers(agent, this.#parts);
    this.#upkeep = new TurnUpkeep(clock, this.#parts.turns, options, () => this.checkpoint().usage);
    this.#voicemail = new VoicemailDrop(clock, {
      prepare: (text) => this.#parts.lines.prefetch(text),
      say: (text) => {
        this.#parts.conversation.cut({ all: true });
        return this.#parts.reader.say({ text, verbatim: true }, { interruptible: false });
      },
      beeped: () => this.#parts.amd.beep(),
      finished: (end, error) => this.#finish(end, error),
      failed: (error) => this.#failed(error),
    });
    this.#handOver = new HandOver(clock, this.#parts.conversation, () => this.#handedOver());
    this.#idle = new IdleWatch(clock, agent.turns.idle, agent.language, {
      prompt: (line) => this.#run(this.#parts.reader.say(line, { interruptible: true })),
      goodbye: (line) => this.#leave('idle', { line }),
    });
    this.#answering = setup.answering ?? DEFAULT_ANSWERING;
    this.#silence = new SilenceWatch(clock, setup.machineDetection && options.history.length === 0, this.#answering.silence, {
      suspected: () => this.#parts.amd.silence(),
      greetAgain: () => this.#run(this.#parts.reader.say(this.#greetingAgain, { interruptible: true })),
      giveUp: () => this.#giveUp({ because: 'silence' }, this.#phrase('idleGoodbye')),
    });
    this.#screening = new Screening(clock, this.#answering.screeningWait, {
      introduce: () => this.#introduceToScreener(),
      giveUp: (detail) => this.#giveUp({ because: 'call_screening', detail }),
    });
    this.#limit = new TimeLimit(clock, agent.maxDurationMs, {
      warn: () => this.#run(this.#warn()),
      end: () => this.#leave('time_limit', { cut: true, line: this.#phrase('timeLimit') }),
    });
    this.#digits = new DtmfCollector(
      { set: (ms, fn) => this.#timers.set('digits', ms, fn), clear: () => this.#timers.clear('digits') },
      agent.turns.keypad,
      (keys) => this.#keys(keys),
    );
    this.#requests = new WorkflowRequests(clock, options.emit);
    this.#ordered = new OrderedLines({
      reader: this.#parts.reader,
      prefetch: (text) => this.#parts.lines.prefetch(text),
      live: () => this.#live,
      talking: () => this.#state.kind === 'talking',
      quiet: () => this.#parts.conversation.quiet,
      emit: options.emit,
    });
    this.#parts.guardrails.listen(
      // Not from within the event that brought the words.
      { blocked: ({ replacement }) => queueMicrotask(() => this.#replace(replacement)) },
      () => this.#parts.turns.turns(),
    );
  }

  start(): void {
    if (this.#state.kind !== 'new') return;
    const { setup, history, clock, resume, digits } = this.options;
    const { link, conversation, lines } = this.#parts;
    this.#startedAt = clock.now();
    this.#limit.start(history[0] ? Math.max(0, this.#startedAt - history[0].at) : 0);
    link.start();
    prepareForTrouble(setup, lines);
    this.#playBackground();
    if (history.length === 0) {
      this.#run(this.#greet());
      return;
    }
    this.#state = { kind: 'talking' };
    conversation.setMode('open');
    if (resume === 'machine') return;
    if (resume === 'digits_sent' && digits) {
      link.engine.addUserText(pressedNote(digits));
      if (digits.sent) return;
    }
    conversation.respond({ instructions: resumeInstructions(setup, resume, history, this.#parts.unspoken) });
    for (const open of this.options.openTools ?? []) this.#run(this.#goOnWith(open));
  }

  /** A durable tool outlived the gateway that had called it. */
  async #goOnWith(open: RunToolRequest): Promise<void> {
    const { tools, link, conversation } = this.#parts;
    const answer = await tools.goOn(open);
    if (!answer || this.#state.kind !== 'talking') return;
    link.engine.addUserText(answeredNote({ ...open, result: answer.output }));
    conversation.respond();
  }

  #playBackground(): void {
    const { setup, sounds = new BackgroundSounds() } = this.options;
    if (setup.agent.backgroundAudio) this.#parts.speaker.playBackground(sounds.open(setup.agent.backgroundAudio, this.#startedAt));
  }

  onAudio(mulaw: Uint8Array): void {
    if (this.#state.kind === 'new' || !this.#live) return;
    const { amd, link, conversation } = this.#parts;
    // A beep is steady, as noise is: it is listened for before the filter.
    if (this.#state.kind === 'voicemail' || amd.listening) this.#voicemail.listen(decodeMulaw(mulaw));
    if (this.#fax?.push(decodeMulaw(mulaw))) amd.faxTone();
    const heard = this.#filter?.process(mulaw) ?? mulaw;
    this.#activity.push(decodeMulaw(heard));
    this.#tellWhoSpeaks();
    if (!this.#voicemail.speaking) {
      link.hear(heard);
      conversation.voiced(this.#activity.runMs);
      amd.voiced(this.#activity.runMs);
    }
    this.#voicemail.silentFor(this.#activity.silentMs);
  }

  /** For an engine that finds the turns itself: the agent's voice is no pause of the caller's. */
  #tellWhoSpeaks(): void {
    const { speaker, link } = this.#parts;
    if (this.#agentSpeaks === speaker.speaking) return;
    this.#agentSpeaks = speaker.speaking;
    link.engine.agentSpeaking?.(this.#agentSpeaks);
  }

  onMark(name: string): void {
    this.#parts.speaker.acknowledge(name);
  }

  onDtmf(digit: string): void {
    if (this.#live) this.#digits.push(digit);
  }

  onStreamClosed(): void {
    this.#parts.streamOpen = false;
    if (this.#requests.pressing && this.#state.kind === 'talking') {
      this.#run(this.#streamReplaced());
      return;
    }
    const end = endOnHangup(this.#state);
    if (end) this.#finish(end);
    else if (this.#state.kind === 'holding') this.#state = { kind: 'ended' };
  }

  /** The carrier closed the stream to press keys, and opens another one; or the caller has left, and the workflow hears of it. */
  async #streamReplaced(): Promise<void> {
    const { reader, tools } = this.#parts;
    this.#requests.pressed();
    await reader.until(() => !tools.busy, TOOL_TOLD_MS);
    this.#finish('digits_sent');
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
      case 'say':
        this.#run(this.#ordered.say(command));
        return true;
      case 'transfer':
        this.#transfer = { reason: '' };
        this.#leave('transfer_requested', {});
        return true;
      case 'human':
        this.#human();
        return true;
      case 'callee':
        if (command.is === 'ivr') this.#navigate();
        else this.#screen();
        return true;
      case 'tool_answer':
        this.#requests.answer(command.requestId, command);
        return true;
      case 'reattach':
      case 'still_holding':
        // The host's business.
        return true;
      default:
        return command satisfies never;
    }
  }

  checkpoint(): Checkpoint {
    return this.#parts.checkpoint();
  }

  drain(withinMs: number): void {
    if (!this.#live) return;
    this.#handOver.within(withinMs);
    this.#changed();
  }

  #handedOver(): void {
    const { kind } = this.#state;
    // A message or last words are nearly over: nobody could go on with them elsewhere.
    if (kind === 'new' || kind === 'greeting' || kind === 'talking' || kind === 'screening') this.#finish('drained');
  }

  get #live(): boolean {
    return isLive(this.#state);
  }

  /** What the model's tools may do here. */
  get #actions(): CallActions {
    return {
      live: this.#live,
      outbound: this.options.setup.direction === 'outbound',
      canTransfer: this.options.setup.canTransfer,
      transferNumbers: this.options.setup.transferNumbers ?? [],
      transfer: (transfer) => {
        this.#transfer = transfer;
        this.#leave('transfer_requested', {});
      },
      end: (farewell) => this.#leave('agent_ended', { revocable: true, line: farewell ? { text: farewell, verbatim: true } : undefined }),
      optOut: () => {
        if (this.#menu) throw new Error('A phone menu speaks, and no person: nobody has asked not to be called.');
        this.#optOut('voice', this.#parts.turns.lastUserText());
      },
      callback: (callback) => {
        this.#callback = callback;
      },
      sendDigits: (digits, requestId) => this.#sendDigits(digits, requestId),
      leaveVoicemail: () => this.#leaveVoicemail(),
      setRecording: (paused, requestId) => this.#requests.ask({ kind: 'set_recording', requestId, paused }),
    };
  }

  async #sendDigits(digits: string, requestId: string): Promise<string> {
    const { reader, speaker } = this.#parts;
    const { clock } = this.options;
    const pauseMs = this.#menu?.pauseMs(clock.now()) ?? 0;
    if (pauseMs > 0) await reader.until(() => !this.#live, pauseMs);
    const loop = this.#menu?.loop;
    if (loop !== undefined) {
      this.#giveUp({ because: 'ivr_loop', detail: loop });
      throw new Error('The menu leads nowhere. The call ends.');
    }
    this.#menu?.pressed(clock.now());
    // A stream that is taken away takes what is still to be heard with it.
    await reader.until(() => !speaker.busy, LEAVE_WITHIN_MS);
    if (!this.#live) throw new Error('The call is over.');
    return this.#requests.ask({ kind: 'send_digits', requestId, digits });
  }

  /** The model has heard that a machine speaks; the workflow, which holds the vote, hears of it too. */
  #leaveVoicemail(): void {
    const { setup, emit } = this.options;
    emit({ kind: 'machine_suspected', evidence: 'transcript', text: this.#parts.turns.lastUserText() });
    if (setup.voicemailMessage === '') this.#leave('voicemail_skipped', { cut: true });
    else this.#dropVoicemail(setup.voicemailMessage, true);
  }

  async #greet(): Promise<void> {
    const state: CallState = { kind: 'greeting' };
    this.#state = state;
    const { reader, conversation, lines } = this.#parts;
    const { modelBegins } = await greet(this.options.setup.agent, {
      reader,
      conversation,
      current: () => this.#state === state,
      consent: this.#consent,
    });
    if (this.#state !== state) return;
    this.#talk();
    if (modelBegins) conversation.respond();
    for (const replacement of this.#parts.guardrails.replacements) lines.prefetch(replacement);
  }

  get #consent(): Parameters<typeof greet>[1]['consent'] {
    const { recording } = this.options.setup;
    return recording && { text: recording.consent, heard: () => this.options.emit({ kind: 'consent_heard' }) };
  }

  #talk(): void {
    this.#state = { kind: 'talking' };
    this.#parts.conversation.setMode('open');
    this.#parts.reader.changed();
  }

  /** Said once more to somebody who has not said a word. */
  get #greetingAgain(): Phrase {
    const { firstMessage } = this.options.setup.agent;
    return firstMessage ? { text: firstMessage, verbatim: true } : this.#phrase('stillThere');
  }

  /** No person has come, and none will. */
  #giveUp(unreached: NonNullable<ConversationReport['unreached']>, line?: Phrase): void {
    if (!this.#live || this.#unreached) return;
    this.#unreached = unreached;
    this.#leave(unreached.because === 'silence' ? 'idle' : 'agent_ended', { cut: true, line });
  }

  /** Whatever was being said was said to a machine; a message that is being left is finished. */
  get #mayTurn(): boolean {
    const { kind } = this.#state;
    return kind === 'greeting' || kind === 'talking' || kind === 'screening' || (kind === 'voicemail' && this.#voicemail.waiting);
  }

  /** The vote has it that a phone menu speaks. */
  #navigate(): void {
    if (!this.#mayTurn) return;
    const { amd, conversation, link, tools, turns } = this.#parts;
    const wasTalking = this.#state.kind === 'talking';
    amd.callee('ivr');
    this.#voicemail.withdraw();
    this.#screening.stop();
    this.#silence.heard();
    const { history, toolCalls = [] } = this.options;
    this.#menu ??= new MenuWalk(this.#answering, [...history, ...turns.turns()], [...toolCalls, ...tools.records]);
    if (!wasTalking) conversation.cut({ all: true });
    link.engine.addUserText(MENU_NOTE);
    if (wasTalking) {
      conversation.release();
      return;
    }
    this.#talk();
    conversation.respond();
  }

  /** The vote has it that a call screener speaks. The model is not asked before a person comes. */
  #screen(): void {
    if (!this.#mayTurn || this.#state.kind === 'screening') return;
    const { amd, conversation } = this.#parts;
    amd.callee('call_screening');
    this.#voicemail.withdraw();
    this.#silence.heard();
    this.#menu = undefined;
    conversation.cut({ all: true });
    this.#state = { kind: 'screening' };
    conversation.setMode('closed');
    this.#screening.begin();
  }

  async #introduceToScreener(): Promise<void> {
    const { reader, conversation, lines } = this.#parts;
    const state = this.#state;
    const line = screeningLine(this.options.setup);
    if (line.verbatim) lines.prefetch(line.text);
    await reader.until(() => !conversation.callerSpeaks, SCREENER_SPEAKS_MS);
    if (this.#state === state) await reader.say(line, { interruptible: false });
  }

  #machineSaid(said: Said, text: string): void {
    if (said === 'human') {
      this.#personCame();
      return;
    }
    this.#screening.heard(said);
    if (said !== 'ivr' || !this.#menu) return;
    this.#menu.heard(text);
    const { loop } = this.#menu;
    if (loop !== undefined) this.#giveUp({ because: 'ivr_loop', detail: loop });
  }

  /** Behind a menu or a screener: nothing that was said before was said to them, the disclosure least of all. */
  #personCame(): void {
    if (!this.#menu && !this.#screening.active) return;
    this.#menu = undefined;
    this.#screening.stop();
    this.#parts.amd.human();
    const { kind } = this.#state;
    if (kind !== 'talking' && kind !== 'screening') return;
    this.#parts.conversation.cut({ all: true });
    this.#run(this.#greet());
  }

  /** The vote has it that a person speaks. */
  #human(): void {
    const { amd, conversation } = this.#parts;
    this.#personCame();
    amd.human();
    conversation.release();
    if (!this.#voicemail.waiting) return;
    this.#voicemail.withdraw();
    this.#talk();
    conversation.respond();
  }

  /** The agent was about to say what it must not. */
  #replace(replacement: string): void {
    if (!this.#live) return;
    const { conversation, reader } = this.#parts;
    conversation.cut();
    // What stands for a blocked answer and is blocked itself (a model reads it where no voice can be had) is left out.
    if (replacement === '' || this.#replacing) return;
    this.#replacing = true;
    const said = reader.say({ text: replacement, verbatim: true }, { interruptible: true });
    this.#run(
      said.finally(() => {
        this.#replacing = false;
      }),
    );
  }

  async #warn(): Promise<void> {
    const { conversation, reader } = this.#parts;
    await reader.until(() => conversation.quiet, WARN_WITHIN_MS);
    if (this.#state.kind === 'talking') await reader.say(this.#phrase('timeWarning'), { interruptible: true });
  }

  #phrase(key: PhraseKey): Phrase {
    return phrase(this.options.setup.agent.language, key);
  }

  /** Something was played, said or answered. */
  #changed(): void {
    const { reader, conversation } = this.#parts;
    this.#upkeep.changed();
    reader.changed();
    if (this.#state.kind === 'settling') {
      if (!conversation.awaitsTranscript) this.#complete();
      return;
    }
    const talking = this.#state.kind === 'talking';
    this.#handOver.changed(talking);
    const quiet = talking && conversation.quiet;
    this.#silence.changed(quiet);
    this.#idle.changed(quiet && !this.#silence.watching);
  }

  /** The caller cut the agent off where only the greeting or a goodbye was going on. */
  #interrupted(): void {
    if (this.#state.kind === 'leaving' && this.#state.revocable) this.#talk();
  }

  #keys({ digits, terminated }: Keys): void {
    // A machine's tones are nobody's wish.
    if (this.#state.kind === 'screening') return;
    // As part of an input it is a digit like any other.
    if (digits === this.options.setup.agent.optOutKey && !terminated) {
      this.#optOut('key', digits);
      return;
    }
    const { kind } = this.#state;
    if (kind === 'greeting' || kind === 'talking') this.#parts.conversation.keys(`[DTMF: ${digits}]`);
  }

  #optOut(by: 'voice' | 'key', text: string | undefined): void {
    if (!this.#live || this.#optedOut) return;
    this.#optedOut = true;
    this.options.emit({ kind: 'opt_out', by, text });
    this.#leave('opted_out', { cut: by === 'key', line: this.#phrase('optedOut') });
  }

  /** Ends the talk in good order. */
  #leave(end: ConversationEnd, options: { cut?: boolean; revocable?: boolean; line?: Phrase; alone?: boolean }): void {
    if (!mayLeave(this.#state, end)) return;
    const { conversation, lines } = this.#parts;
    const state: CallState = { kind: 'leaving', end, revocable: options.revocable === true };
    this.#state = state;
    this.#voicemail.withdraw();
    this.#screening.stop();
    if (options.cut) conversation.cut({ all: true });
    conversation.setMode(state.revocable ? 'leaving' : 'closed');
    if (options.line?.verbatim) lines.prefetch(options.line.text);
    this.#run(this.#depart(state, options.line, options.alone === true));
  }

  /** @param alone there is no vendor that could say or answer anything: only what is there already is said */
  async #depart(state: Extract<CallState, { kind: 'leaving' }>, line: Phrase | undefined, alone: boolean): Promise<void> {
    const { reader, conversation, speaker, lines } = this.#parts;
    await reader.until(() => (alone ? !speaker.busy : conversation.idle), LEAVE_WITHIN_MS);
    if (this.#state !== state) return;
    if (alone && line && !lines.ready(line.text))
      await Promise.race([lines.get(line.text).catch(() => undefined), reader.until(() => false, LAST_CHANCE_MS)]);
    if (this.#state !== state) return;
    if (line && (!alone || lines.ready(line.text))) {
      const lastWords: CallState = { kind: 'last_words', end: state.end };
      this.#state = lastWords;
      conversation.setMode('closed');
      await reader.say(line, { interruptible: false });
      if (this.#state !== lastWords) return;
    }
    this.#finish(state.end);
  }

  /** Nobody is there to talk any more: the caller is told so, by what was prepared for it, and given to a person or let go. */
  #providerLost(error: string): void {
    const { setup, resume } = this.options;
    if (!this.#live) return;
    this.#failure = providerFailure(setup.agent.engine, error);
    if (this.#state.kind === 'voicemail') return;
    this.#parts.conversation.providerLost();
    const line = apologyOf(setup, resume);
    if (!transfersOnFailure(setup, resume)) {
      this.#leave('provider_failed', { line, alone: true });
      return;
    }
    this.#transfer = { reason: 'The AI agent had a technical problem.' };
    this.#leave('transfer_requested', { line, alone: true });
  }

  #dropVoicemail(text: string, waitForSilence: boolean): void {
    const { kind } = this.#state;
    if (kind === 'leaving' || kind === 'last_words') return;
    this.#screening.stop();
    this.#menu = undefined;
    if (kind !== 'voicemail') {
      this.#parts.conversation.cut({ all: true });
      if (text === '') {
        this.#finish('voicemail_skipped');
        return;
      }
      this.#state = { kind: 'voicemail' };
      this.#parts.conversation.setMode('closed');
    }
    this.#voicemail.order(text, waitForSilence);
  }

  #finish(end: ConversationEnd, error?: string): void {
    if (!this.#live) return;
    const { speaker, conversation, link, reader } = this.#parts;
    conversation.end();
    // What was heard is settled first: the report is made as soon as the state says that this is the end.
    speaker.close();
    if (conversation.callerSpeaks) link.engine.commitAudio();
    conversation.setMode('closed');
    this.#state = { kind: 'settling', end, error };
    for (const part of [this.#voicemail, this.#idle, this.#limit, this.#handOver, this.#silence, this.#screening]) part.dispose();
    reader.changed();
    // The caller's last words are on their way; nobody waits long for them.
    if (conversation.awaitsTranscript && link.up) this.#timers.set('transcripts', LAST_TRANSCRIPTS_MS, () => this.#complete());
    else this.#complete();
  }

  #complete(): void {
    if (this.#state.kind !== 'settling') return;
    const { end, error = this.#failure } = this.#state;
    this.#state = end === 'transfer_requested' && this.#parts.streamOpen ? { kind: 'holding' } : { kind: 'ended' };
    this.#timers.dispose();
    this.#requests.dispose();
    this.#upkeep.dispose();
    this.#parts.dispose();
    const { usage } = this.checkpoint();
    this.#resolveDone({
      end,
      turns: this.#parts.turns.turns(),
      usage,
      startedAt: this.#startedAt,
      endedAt: this.options.clock.now(),
      transfer: end === 'transfer_requested' ? this.#transfer : undefined,
      callback: this.#callback,
      toolCalls: this.#parts.tools.records,
      ...(this.#unreached && { unreached: this.#unreached }),
      error,
    });
  }

  /** A script of this call. It stops by itself when the state has moved on; an error in it ends the call, since nobody would go on. */
  #run(script: Promise<unknown>): void {
    script.catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    this.options.log.error({ err: error }, 'the session failed');
    this.#finish('provider_failed', error instanceof Error ? error.message : String(error));
  }
}
