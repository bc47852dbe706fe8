/** The responses of one session: one at a time in the conversation, any number beside it. */
import { z } from 'zod';
import { ApiError, parseOrThrow } from '../api-error';
import { Brain } from '../brain/brain';
import type { RealtimeEntry } from '../ledger-entry';
import { textTokens } from '../tokens';
import { type Conversation, type Entry, entryOf, tokensOf } from './conversation';
import { ResponseRun } from './response-run';
import type { ServerEventBody } from './server-event';
import type { ResponseOptions, SessionConfig } from './session-config';
import type { SessionDeps } from './session-deps';
import { UsageMeter } from './usage-meter';

const string = z.string();

export interface ResponsesContext {
  conversation: Conversation;
  entry: RealtimeEntry;
  deps: SessionDeps;
  send(event: ServerEventBody): void;
  /** The socket breaks, on demand. */
  drop(): void;
  /** A response in the conversation is over, whose audio takes so many milliseconds to play. */
  ended(audioMs: number): void;
}

export class Responses {
  /** The model has been heard: its voice stays. */
  spoken = false;
  private readonly brain: Brain;
  private readonly usage = new UsageMeter();
  private active: ResponseRun | undefined;
  private readonly running = new Set<ResponseRun>();

  constructor(private readonly context: ResponsesContext) {
    this.brain = new Brain(context.deps.rules);
  }

  get busy(): boolean {
    return this.active !== undefined;
  }

  /** The caller speaks: what is under way in the conversation ends. */
  interrupt(): void {
    this.active?.cancel('turn_detected');
  }

  /** Ends all without a word: the socket is gone. */
  abandon(): void {
    for (const run of this.running) run.abandon();
    this.running.clear();
  }

  cancel(responseId: string | undefined): void {
    const run = responseId === undefined ? this.active : [...this.running].find((other) => other.id === responseId);
    if (!run) throw new ApiError('response_cancel_not_active', 'Cancellation failed: no active response found');
    run.cancel('client_cancelled');
  }

  create(config: SessionConfig, options: ResponseOptions): void {
    const outOfBand = options.conversation === 'none';
    if (!outOfBand && this.active) throw this.alreadyActive();
    const { deps, conversation, entry: note } = this.context;
    const given = options.input?.map((item) => this.inputItem(item));
    const instructions = options.instructions ?? config.instructions;
    const tools = options.tools ?? config.tools;
    const toolChoice = options.tool_choice ?? config.toolChoice;
    // The model sees the conversation as it is now: what the client adds while it thinks comes too late.
    const turns = given ? given.flatMap((item) => item.turn ?? []) : conversation.turns;
    const items = given ? tokensOf(given) : conversation.tokens();
    const fixed = textTokens(instructions) + (tools.length > 0 ? textTokens(JSON.stringify(tools)) : 0);
    const run: ResponseRun = new ResponseRun({
      modality: options.output_modalities?.[0] ?? config.modality,
      format: options.audio?.output?.format ?? config.outputFormat,
      voice: options.audio?.output?.voice ?? config.voice,
      baud: deps.baud,
      maxOutputTokens: options.max_output_tokens ?? config.maxOutputTokens,
      metadata: options.metadata ?? null,
      conversationId: outOfBand ? undefined : conversation.id,
      clock: deps.clock,
      send: this.context.send,
      think: () =>
        this.brain.think({
          instructions: config.instructions,
          order: options.instructions,
          tools: toolChoice === 'none' ? [] : tools,
          turns,
        }),
      begin: (entry) => {
        if (outOfBand) return null;
        const previous = conversation.lastId;
        conversation.add(entry);
        return previous;
      },
      dropAfterMs: deps.dropAfterMs,
      drop: this.context.drop,
      rateLimits: () => this.usage.rateLimits(),
      usage: (output) => this.usage.measure({ text: fixed + items.text, audio: items.audio }, output),
      said: (text, status, itemId) => {
        this.spoken = true;
        note.said.push({ text, at: deps.clock.now(), status, itemId });
      },
      called: (name, args, callId) => {
        this.brain.called(name, callId);
        note.toolCalls.push({ callId, name, arguments: args, at: deps.clock.now() });
      },
      ended: () => {
        this.running.delete(run);
        if (this.active !== run) return;
        this.active = undefined;
        this.context.ended(run.audioMs);
      },
    });
    this.running.add(run);
    if (!outOfBand) this.active = run;
    run.start();
  }

  private inputItem(item: Record<string, unknown>): Entry {
    if (item.type === 'item_reference') return this.context.conversation.retrieve(parseOrThrow(string, item.id, 'response.input.id'));
    return entryOf(item);
  }

  private alreadyActive(): ApiError {
    return new ApiError(
      'conversation_already_has_active_response',
      `Conversation already has an active response in progress: ${this.active?.id}. Wait until the response is finished before creating a new one.`,
    );
  }
}
