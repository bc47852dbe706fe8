import type { Checkpoint, ConversationReport, GatewayCommand } from '../../contracts/call';
import { DtmfCollector } from '../turns/dtmf-collector';
import { runBuiltIn } from './built-in-actions';
import { CallControl } from './call-control';
import { CallParts } from './call-parts';
import { CallStage, endOnHangup } from './call-state';
import { Callee } from './callee';
import { CallerAudio, callerFilter } from './caller-audio';
import { Ending } from './ending';
import { Fillers } from './fillers';
import { HandOver } from './hand-over';
import { IdleWatch } from './idle-watch';
import { Opening } from './opening';
import { OrderedLines } from './ordered-lines';
import { phrase } from './phrases';
import type { CallSessionOptions, Session } from './ports';
import { TimeLimit, WARNING_BEFORE_MS } from './time-limit';
import { Timers } from './timers';
import { TurnUpkeep } from './turn-upkeep';
import { WorkflowRequests } from './workflow-requests';

/** The record of a tool call that the end of the stream has answered. */
const TOOL_TOLD_MS = 300;
/** How long a warning waits for a pause in the talk. */
const WARN_WITHIN_MS = 15_000;

/**
 * One conversation on one media stream: a state machine (./call-state) that the carrier, the vendor, the workflow and the clock drive. It ends once.
 * Here it is put together, and here is what the host asks of it. How a talk begins is for ./opening, who picked up for ./callee, who has the floor for
 * ./conversation, what the model does to the call for ./call-control, and the way out for ./ending.
 */
export class CallSession implements Session {
  readonly #stage = new CallStage();
  #replacing = false;
  readonly #commands = new Set<string>();
  readonly #timers: Timers<'digits'>;
  readonly #parts: CallParts;
  readonly #opening: Opening;
  readonly #ending: Ending;
  readonly #callee: Callee;
  readonly #audio: CallerAudio;
  readonly #upkeep: TurnUpkeep;
  readonly #handOver: HandOver;
  readonly #fillers: Fillers;
  readonly #idle: IdleWatch;
  readonly #limit: TimeLimit;
  readonly #digits: DtmfCollector;
  readonly #requests: WorkflowRequests;
  readonly #ordered: OrderedLines;
  readonly #control: CallControl;

  constructor(private readonly options: CallSessionOptions) {
    const { setup, clock } = options;
    const { agent } = setup;
    const stage = this.#stage;
    this.#timers = new Timers(clock);
    const filter = callerFilter(options);
    const parts = new CallParts(options, {
      changed: () => this.#changed(),
      active: () => {
        this.#idle.active();
        this.#callee.silence.heard();
      },
      interrupted: () => this.#interrupted(),
      toolsBegan: () => this.#fillers.prepare(),
      toolsSlow: () => this.#run(this.#fillers.say()),
      answerLate: () => this.#run(this.#fillers.bridge()),
      builtIn: (call, toolCallId) => runBuiltIn(call, toolCallId, this.#control),
      providerLost: (error) => this.#ending.providerLost(error),
      machineSaid: (said, text) => this.#callee.said(said, text),
      silentMs: () => this.#audio.silentMs,
    });
    this.#parts = parts;
    this.#ending = new Ending(options, parts, stage, {
      leaving: () => this.#callee.withdraw(),
      over: () => {
        for (const part of [this.#callee, this.#idle, this.#limit, this.#handOver]) part.dispose();
      },
      settled: () => {
        for (const part of [this.#timers, this.#requests, this.#upkeep]) part.dispose();
      },
    });
    this.#opening = new Opening(options, parts, stage, this.#ending);
    this.#callee = new Callee(options, parts, stage, this.#opening, this.#ending);
    this.#audio = new CallerAudio(filter, parts, stage, this.#callee.voicemail, setup.machineDetection);
    this.#fillers = new Fillers(agent, parts);
    this.#upkeep = new TurnUpkeep(clock, parts.turns, options, () => this.checkpoint().usage);
    this.#handOver = new HandOver(clock, parts.conversation, () => this.#handedOver());
    this.#idle = new IdleWatch(clock, agent.turns.idle, agent.language, {
      prompt: (line) => this.#run(parts.reader.say(line, { interruptible: true })),
      goodbye: (line) => this.#ending.leave('idle', { line }),
    });
    this.#limit = new TimeLimit(
      clock,
      agent.maxDurationMs,
      {
        warn: () => this.#run(this.#warn()),
        end: () => this.#ending.leave('time_limit', { cut: true, line: phrase(agent.language, 'timeLimit') }),
      },
      agent.maxDurationWarningMs,
    );
    this.#digits = new DtmfCollector(
      { set: (ms, fn) => this.#timers.set('digits', ms, fn), clear: () => this.#timers.clear('digits') },
      agent.turns.keypad,
      (keys) => this.#keys(keys),
    );
    this.#requests = new WorkflowRequests(clock, options.emit);
    this.#control = new CallControl(options, parts, stage, this.#ending, this.#callee, this.#requests);
    this.#ordered = new OrderedLines({
      reader: parts.reader,
      prefetch: (text) => parts.lines.prefetch(text),
      live: () => stage.live,
      talking: () => stage.kind === 'talking',
      quiet: () => parts.conversation.quiet,
      emit: options.emit,
    });
    parts.guardrails.listen(
      // Not from within the event that brought the words.
      { blocked: ({ replacement }) => queueMicrotask(() => this.#replace(replacement)) },
      () => parts.turns.turns(),
    );
  }

  get done(): Promise<ConversationReport> {
    return this.#ending.done;
  }

  start(): void {
    if (this.#stage.kind !== 'new') return;
    const { history, clock } = this.options;
    const startedAt = clock.now();
    this.#ending.startedAt = startedAt;
    this.#limit.start(history[0] ? Math.max(0, startedAt - history[0].at) : 0);
    this.#opening.begin(startedAt);
  }

  onAudio(mulaw: Uint8Array): void {
    this.#parts.speaker.alive();
    if (this.#stage.kind !== 'new' && this.#stage.live) this.#audio.push(mulaw);
  }

  onMark(name: string): void {
    this.#parts.speaker.acknowledge(name);
  }

  onDtmf(digit: string): void {
    if (this.#stage.live) this.#digits.push(digit);
  }

  onStreamClosed(): void {
    this.#parts.streamOpen = false;
    if (this.#requests.pressing && this.#stage.kind === 'talking') {
      this.#run(this.#streamReplaced());
      return;
    }
    const end = endOnHangup(this.#stage.state);
    if (end) this.#ending.finish(end);
    else if (this.#stage.kind === 'holding') this.#stage.enter({ kind: 'ended' });
  }

  onCommand(command: GatewayCommand): boolean {
    if (this.#commands.has(command.commandId)) return true;
    if (!this.#stage.live) return false;
    this.#commands.add(command.commandId);
    switch (command.kind) {
      case 'drop_voicemail':
        this.#callee.dropVoicemail(command.text, command.waitForSilence);
        return true;
      case 'hangup':
        this.#ending.leave('hung_up_by_request', {
          cut: true,
          line: command.say ? { text: command.say, verbatim: true } : undefined,
        });
        return true;
      case 'say':
        this.#run(this.#ordered.say(command));
        return true;
      case 'transfer':
        this.#ending.transfer({ reason: '' });
        return true;
      case 'human':
        this.#callee.human();
        return true;
      case 'callee':
        if (command.is === 'ivr') this.#callee.navigate();
        else this.#callee.screen();
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
    if (!this.#stage.live) return;
    this.#handOver.within(withinMs);
    this.#changed();
  }

  #handedOver(): void {
    const { kind } = this.#stage;
    // A message or last words are nearly over: nobody could go on with them elsewhere.
    if (kind === 'new' || kind === 'greeting' || kind === 'talking' || kind === 'screening') this.#ending.finish('drained');
  }

  /** The carrier closed the stream to press keys, and opens another one; or the caller has left, and the workflow hears of it. */
  async #streamReplaced(): Promise<void> {
    const { reader, tools } = this.#parts;
    this.#requests.pressed();
    await reader.until(() => !tools.busy, TOOL_TOLD_MS);
    this.#ending.finish('digits_sent');
  }

  /** The agent was about to say what it must not. */
  #replace(replacement: string): void {
    if (!this.#stage.live) return;
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
    if (this.#stage.kind !== 'talking') return;
    const { language, maxDurationWarningMs = WARNING_BEFORE_MS } = this.options.setup.agent;
    // It says "half a minute", which is true of the default and of little else.
    const words = maxDurationWarningMs === WARNING_BEFORE_MS ? 'timeWarning' : 'timeNearlyOver';
    await reader.say(phrase(language, words), { interruptible: true });
  }

  /** Something was played, said or answered. */
  #changed(): void {
    const { reader, conversation } = this.#parts;
    this.#upkeep.changed();
    reader.changed();
    if (this.#stage.kind === 'settling') {
      this.#ending.changed();
      return;
    }
    const talking = this.#stage.kind === 'talking';
    this.#handOver.changed(talking);
    const quiet = talking && conversation.quiet;
    this.#callee.silence.changed(quiet);
    this.#idle.changed(quiet && !this.#callee.silence.watching);
  }

  /** The caller cut the agent off where only the greeting or a goodbye was going on. */
  #interrupted(): void {
    const { state } = this.#stage;
    if (state.kind === 'leaving' && state.revocable) this.#opening.talk();
  }

  #keys(digits: string): void {
    const { kind } = this.#stage;
    // A machine's tones are nobody's wish.
    if (kind === 'screening') return;
    // As part of an input it is a digit like any other.
    if (digits === this.options.setup.agent.optOutKey) {
      this.#ending.optOut('key', digits);
      return;
    }
    if (kind === 'greeting' || kind === 'talking') this.#parts.conversation.keys(`[DTMF: ${digits}]`);
  }

  #run(script: Promise<unknown>): void {
    this.#ending.run(script);
  }
}
