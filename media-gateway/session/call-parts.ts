import type { Checkpoint, ToolCallRecord } from '../../contracts/call';
import { parseDurationMs } from '../../contracts/duration';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import { ArgumentSchemas } from '../../runtime/json-schema';
import type { EngineEvent } from '../engines/engine';
import { Guardrails } from '../guardrails/guardrails';
import { SpeechHold } from '../guardrails/speech-hold';
import type { BuiltInCall } from '../tools/built-in';
import type { CallMcp } from '../tools/mcp/call-mcp';
import { ToolMemory } from '../tools/tool-memory';
import { ToolRunner } from '../tools/tool-runner';
import { AmdWatch, type Said } from './amd-watch';
import { Conversation, type ConversationListener } from './conversation';
import { DeafWatch } from './deaf-watch';
import { EngineLink } from './engine-link';
import type { FixedLines } from './fixed-lines';
import { goOnInstructions } from './instructions';
import { LatencyMeter } from './latency-meter';
import { LineReader } from './line-reader';
import type { CallSessionOptions } from './ports';
import { engineFactory, fixedLines, openMcp, PrewarmedSession, toolsFor } from './prewarm';
import { Speaker } from './speaker';
import { TurnLog } from './turn-log';
import { UsageMeter } from './usage-meter';

export interface CallPartsListener extends ConversationListener {
  builtIn(call: BuiltInCall, toolCallId: string): string | Promise<string>;
  /** No vendor any more. */
  providerLost(error: string): void;
  /** A menu or a call screener, or the person behind it. */
  machineSaid(said: Said, text: string): void;
  /** Of the caller's silence until now. */
  silentMs(): number;
}

/** What a conversation on one stream is made of, wired up. The session drives it and decides where it leads. */
export class CallParts {
  readonly turns: TurnLog;
  readonly speaker: Speaker;
  readonly lines: FixedLines;
  readonly link: EngineLink;
  readonly tools: ToolRunner;
  readonly amd: AmdWatch;
  readonly conversation: Conversation;
  readonly reader: LineReader;
  readonly guardrails: Guardrails;
  readonly deaf: DeafWatch;
  /** Of a vendor whose words and audio come together; a pipeline's are judged before they are spoken. */
  readonly #hold: SpeechHold | undefined;
  /** False: the carrier is gone, and nothing is sent any more. */
  streamOpen = true;
  readonly #meter = new UsageMeter();
  readonly #fetch: GuardedFetch;
  readonly #mcp: CallMcp | undefined;
  readonly #memory: ToolMemory;

  constructor(
    private readonly options: CallSessionOptions,
    listener: CallPartsListener,
  ) {
    const { setup, history, stream, clock, log } = options;
    const warm = options.prewarmed instanceof PrewarmedSession ? options.prewarmed.take() : undefined;
    const { agent } = setup;
    const latency = new LatencyMeter(clock, agent.engine.type === 'pipeline' ? 'in parts' : 'whole', () => listener.silentMs());
    this.turns = new TurnLog(history, { latencyOf: (itemId) => latency.began(itemId) });
    const sink = {
      sendAudio: (mulaw: Uint8Array) => this.streamOpen && stream.sendAudio(mulaw),
      sendMark: (name: string) => this.streamOpen && stream.sendMark(name),
      clear: () => this.streamOpen && stream.clear(),
    };
    this.speaker = new Speaker(sink, clock, this.turns, () => this.conversation.update(), options.pace);
    this.lines = warm?.lines ?? fixedLines(setup, options);
    this.guardrails = warm?.guardrails ?? new Guardrails(setup, options.code, clock, log);
    this.#hold =
      this.guardrails.none || agent.engine.type === 'pipeline'
        ? undefined
        : new SpeechHold(
            this.guardrails,
            (event) => this.conversation.onEvent(event),
            (itemId) => this.link.engine.interrupt(itemId, 0),
          );
    const mcp = warm ? warm.mcp : openMcp(setup, options);
    this.#mcp = mcp;
    this.link = new EngineLink(
      warm?.engine,
      engineFactory(setup, { ...options, guardrails: this.guardrails, mcp }),
      // What is being heard just now is told when it is known how much of it was.
      () => this.turns.all(),
      {
        event: (event) => {
          latency.onEvent(event);
          this.deaf.told(event, this.link.engine.wordsTell === true);
          if (event.kind === 'usage') this.#meter.add(event.lines);
          else if (event.kind !== 'first_words') this.#onEvent(event);
        },
        interrupted: () => {
          this.#hold?.reset();
          this.conversation.interrupted();
        },
        restored: () => this.conversation.restored(),
        resultRetold: (id) => this.#withRecord(id, (record) => this.#memory.recall(record)),
        resultSpoken: (id) => this.#withRecord(id, (record) => this.#memory.spoken(record)),
        nextReady: () => this.conversation.update(),
        lost: (error) => listener.providerLost(error),
      },
      clock,
      log,
    );
    this.deaf = new DeafWatch(parseDurationMs(options.config.PATTER_DEAF_AFTER) ?? 0, clock, {
      attentive: (bridged) => this.#attentive(bridged),
      waiting: () => this.#answerable && this.conversation.nothingAsked,
      keep: () => this.link.keep(),
      letGo: () => this.link.letGo(),
      nothing: () => this.conversation.nothingUntold(),
      deaf: (bridged) => {
        this.conversation.untold();
        if (bridged) listener.answerLate();
        this.link.restart('tells nothing of what the caller says');
      },
    });
    this.#fetch = new GuardedFetch({ allowPrivate: mayReachPrivate(options.config) });
    mcp?.onChanged(() => this.link.engine.setTools?.(toolsFor(setup, mcp)));
    this.#memory = new ToolMemory(options.toolCalls ?? [], history);
    const { code, durable } = options;
    this.tools = new ToolRunner({
      ...{ setup, clock, log, fetch: this.#fetch, code, mcp, durable, memory: this.#memory },
      schemas: options.schemas ?? new ArgumentSchemas(),
      builtIn: listener.builtIn,
      history: () => this.turns.turns(),
      answered: () => options.progressed?.(),
    });
    this.amd = new AmdWatch(
      setup.machineDetection && history.length === 0,
      (event) => options.emit(event),
      (said, text) => listener.machineSaid(said, text),
    );
    const { speaker, link, turns, tools, amd, lines } = this;
    this.conversation = new Conversation({
      speaker,
      link,
      turns,
      tools,
      amd,
      clock,
      spec: agent.turns,
      language: agent.language,
      goOnInstructions: goOnInstructions(setup),
      hold: this.#hold,
      listener,
    });
    this.reader = new LineReader(lines, speaker, this.conversation, link, agent.language, clock);
  }

  #onEvent(event: Exclude<EngineEvent, { kind: 'closed' | 'usage' | 'first_words' }>): void {
    switch (event.kind) {
      case 'audio':
      case 'agent_text':
      case 'item_completed':
      case 'response_done':
        if (this.#hold) this.#hold.push(event);
        else this.conversation.onEvent(event);
        break;
      default:
        this.conversation.onEvent(event);
    }
  }

  /** What the caller says now is to be answered, and nothing but the vendor's ears is between the two. A turn that it has told of may have more than one pause. */
  #attentive(bridged: boolean): boolean {
    const { conversation, link } = this;
    const free = bridged ? conversation.nothingAsked : conversation.idle;
    if (!this.#answerable || !free || !link.up) return false;
    return link.engine.wordsTell === true || !conversation.callerSpeaks;
  }

  get #answerable(): boolean {
    const { amd, conversation } = this;
    return conversation.mode === 'open' && !conversation.muted && !amd.suspected;
  }

  #withRecord(toolCallId: string, act: (record: ToolCallRecord) => void): void {
    const record = this.tools.records.find(({ id }) => id === toolCallId);
    if (record) act(record);
  }

  /** What tools have answered before this stream, and the caller has not heard of. */
  get unspoken(): readonly ToolCallRecord[] {
    return this.#memory.unspoken;
  }

  checkpoint(): Checkpoint {
    this.#meter.add(this.lines.takeUsage());
    return {
      ...this.turns.checkpoint((id) => this.speaker.heardSoFar(id)),
      usage: this.#meter.lines(),
      toolCalls: this.tools.records,
      at: this.options.clock.now(),
    };
  }

  dispose(): void {
    this.deaf.dispose();
    this.conversation.dispose();
    this.reader.dispose();
    this.link.close();
    this.tools.dispose();
    this.#mcp?.dispose();
    this.#fetch.close();
    this.lines.dispose();
    this.guardrails.dispose();
  }
}
