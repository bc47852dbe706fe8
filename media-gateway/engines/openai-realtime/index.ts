import type { ConversationItem, RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import type { OpenAiRealtimeSpec } from '../../../contracts/agent';
import type { TranscriptTurn } from '../../../contracts/call';
import type { Clock } from '../../../contracts/clock';
import { PatterError } from '../../../contracts/errors';
import type { EndpointingSpec } from '../../../contracts/turns';
import type { Logger } from '../../../runtime/log';
import type { SileroModels } from '../../turns/endpointing/silero-model';
import { AudioBacklog } from '../audio-backlog';
import type { EngineEvent, EngineTool, HistoryPlace, RespondOptions, VoiceEngine } from '../engine';
import { EventOutlet } from '../event-outlet';
import { LocalTurns } from './local-turns';
import { ResponseTurn } from './response-turn';
import { functionsOf, sessionOf } from './session-config';
import { RealtimeSocket } from './socket';
import { responseUsage, transcriptionUsage } from './usage';

export interface OpenAiRealtimeOptions {
  spec: OpenAiRealtimeSpec;
  instructions: string;
  /** ISO 639-1 of the language that the caller speaks, for the transcription. */
  language: string;
  tools: readonly EngineTool[];
  apiKey: string | undefined;
  baseUrl: string;
  /** Absent, or `provider`: OpenAI finds the turns. */
  endpointing?: EndpointingSpec;
  silero?: SileroModels;
  clock: Clock;
  log: Logger;
}

const READY_TIMEOUT_MS = 3_500;
/** The vendor ends every session after an hour. */
const MAX_LIFE_MS = 60 * 60_000;
/** Begins the ids of our commits, so that a refusal is known as one's. */
const COMMIT = 'commit_';

/**
 * OpenAI Realtime. The vendor detects and transcribes the caller's speech; when to answer and when to be interrupted is ours
 * (`create_response` and `interrupt_response` are off), since only we know what was heard.
 */
export class OpenAiRealtime implements VoiceEngine {
  readonly ready: Promise<void>;
  readonly maxLifeMs = MAX_LIFE_MS;
  readonly #socket: RealtimeSocket;
  readonly #backlog: AudioBacklog;
  readonly #turn: ResponseTurn;
  readonly #local: LocalTurns | undefined;
  /** Milliseconds of audio received, by item of this socket. */
  readonly #received = new Map<string, number>();
  readonly #toolCalls = new Set<string>();
  readonly #events = new EventOutlet();
  #settleReady: { resolve: () => void; reject: (error: Error) => void } | undefined;
  /** Items that the vendor has, oldest first, but for those that were put between others. */
  readonly #order: string[] = [];
  #items = 0;
  #closed = false;
  #tools: readonly EngineTool[];
  /** Items made before the session was configured. */
  #waiting: RealtimeClientEvent[] | undefined = [];
  /** Of audio from before that: more turns than one are one. */
  #waitingCommit: RealtimeClientEvent | undefined;

  constructor(private readonly options: OpenAiRealtimeOptions) {
    const { spec, clock } = options;
    this.#tools = options.tools;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // Whoever waits sees the rejection; when nobody does, it is no unhandled one.
    this.ready.catch(() => undefined);
    const cancelDeadline = clock.after(READY_TIMEOUT_MS, () => this.#fail('was not ready in time'));
    this.ready.then(cancelDeadline, cancelDeadline);
    this.#socket = new RealtimeSocket(
      { apiKey: options.apiKey, baseUrl: options.baseUrl, model: spec.model, clock },
      {
        open: () => this.#socket.send({ type: 'session.update', session: sessionOf({ ...options, tools: this.#tools }) }),
        event: (event) => this.#onEvent(event),
        closed: (error) => this.#fail(error),
      },
    );
    this.#backlog = new AudioBacklog((audio) => this.#socket.appendAudio(audio));
    this.#turn = new ResponseTurn((event) => this.#socket.send(event));
    if (options.endpointing && options.endpointing.type !== 'provider') this.#local = this.#localTurns(options.endpointing);
  }

  get responding(): boolean {
    return !this.#closed && this.#turn.busy;
  }

  listen(listener: (event: EngineEvent) => void): void {
    this.#events.listen(listener);
  }

  appendAudio(mulaw: Uint8Array): void {
    if (this.#closed) return;
    if (this.#local) this.#local.push(mulaw);
    else this.#backlog.push(mulaw);
  }

  commitAudio(): void {
    if (this.#local) this.#local.commit();
    else this.#commit();
  }

  agentSpeaking(speaking: boolean): void {
    this.#local?.agentSpeaking(speaking);
  }

  respond(options: RespondOptions = {}): void {
    this.#turn.request(options);
  }

  cancel(): void {
    this.#turn.cancel();
  }

  interrupt(itemId: string, heardMs: number): void {
    const received = this.#received.get(itemId);
    // An item of an earlier socket is text here, and is told as text.
    if (received === undefined) return;
    const audioEndMs = Math.min(Math.floor(heardMs), Math.floor(received));
    if (audioEndMs > 0)
      this.#socket.send({ type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: audioEndMs });
    // Truncating to nothing is refused; of what nobody heard, nothing is left.
    else this.#delete(itemId);
  }

  place(): HistoryPlace {
    return { after: this.#order.at(-1) };
  }

  addAssistantText(text: string, place?: HistoryPlace): void {
    const item: ConversationItem = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
    this.#create(item, place && (place.after ?? 'root'));
  }

  addUserText(text: string): void {
    this.#create({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
  }

  addHistory(turns: readonly TranscriptTurn[]): void {
    for (const { role, text } of turns) {
      if (role === 'assistant') this.addAssistantText(text);
      else this.addUserText(text);
    }
  }

  toolResult(toolCallId: string, output: string): void {
    if (this.#toolCalls.has(toolCallId)) this.#create({ type: 'function_call_output', call_id: toolCallId, output });
    // The call was made on an earlier socket: as an answer it would be refused.
    else
      this.#create({
        type: 'message',
        role: 'system',
        content: [{ type: 'input_text', text: `Result of the tool you called: ${output}` }],
      });
  }

  setTools(tools: readonly EngineTool[]): void {
    this.#tools = tools;
    // Before the socket is open this goes nowhere: they are part of the session that is asked for then.
    this.#socket.send({ type: 'session.update', session: { type: 'realtime', tools: functionsOf(tools) } });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#settleReady?.reject(new PatterError('PATTER_PROVIDER_FAILED', 'OpenAI Realtime was closed before it was ready'));
    this.#local?.dispose();
    this.#socket.close();
  }

  #localTurns(endpointing: EndpointingSpec): LocalTurns {
    return new LocalTurns(endpointing, this.options, {
      append: (mulaw) => this.#backlog.push(mulaw),
      commit: () => this.#commit(),
      emit: (event) => this.#emit(event),
    });
  }

  /** Behind its audio, which is kept until the session is configured, and before the answer that is asked for next. */
  #commit(): void {
    const event: RealtimeClientEvent = { type: 'input_audio_buffer.commit', event_id: `${COMMIT}${++this.#items}` };
    if (this.#waiting) this.#waitingCommit = event;
    else this.#socket.send(event);
  }

  #delete(itemId: string): void {
    const index = this.#order.lastIndexOf(itemId);
    if (index >= 0) this.#order.splice(index, 1);
    this.#socket.send({ type: 'conversation.item.delete', item_id: itemId });
  }

  /** With an id of ours, so that later items can be put behind it. */
  #create(item: ConversationItem, after?: string): void {
    const id = `patter_${++this.#items}`;
    // Behind one that is gone: at the end, rather than refused.
    const between = after !== undefined && after !== this.#order.at(-1) && (after === 'root' || this.#order.includes(after));
    const previous = between ? { previous_item_id: after } : {};
    if (!between) this.#order.push(id);
    const event: RealtimeClientEvent = { type: 'conversation.item.create', item: { ...item, id } as ConversationItem, ...previous };
    if (this.#waiting) this.#waiting.push(event);
    else this.#socket.send(event);
  }

  #emit(event: EngineEvent): void {
    if (!this.#closed) this.#events.emit(event);
  }

  #fail(error: string): void {
    if (this.#closed) return;
    const message = `OpenAI Realtime ${error}`;
    this.#settleReady?.reject(new PatterError('PATTER_PROVIDER_FAILED', message));
    this.#emit({ kind: 'closed', error: message });
    this.#closed = true;
    this.#local?.dispose();
    this.#socket.close();
  }

  #onEvent(event: RealtimeServerEvent): void {
    switch (event.type) {
      case 'session.updated':
        for (const item of this.#waiting ?? []) this.#socket.send(item);
        this.#waiting = undefined;
        this.#backlog.open();
        if (this.#waitingCommit) this.#socket.send(this.#waitingCommit);
        this.#waitingCommit = undefined;
        this.#turn.open();
        this.#settleReady?.resolve();
        break;
      case 'input_audio_buffer.speech_started':
        this.#emit({ kind: 'speech_started', itemId: event.item_id });
        break;
      case 'input_audio_buffer.speech_stopped':
        this.#emit({ kind: 'speech_stopped', itemId: event.item_id });
        break;
      case 'input_audio_buffer.committed':
        this.#local?.confirmed(event.item_id);
        break;
      case 'conversation.item.added':
        if (event.item.id && !this.#order.includes(event.item.id)) this.#order.push(event.item.id);
        break;
      case 'conversation.item.input_audio_transcription.completed':
        this.#usage(transcriptionUsage(this.options.spec.transcriptionModel, event.usage));
        this.#emit({ kind: 'user_transcript', itemId: this.#callerItem(event.item_id), text: event.transcript.trim() });
        break;
      case 'conversation.item.input_audio_transcription.failed':
        this.#emit({ kind: 'user_transcript', itemId: this.#callerItem(event.item_id), text: '' });
        break;
      case 'response.created':
        this.#turn.created(event.response.id);
        break;
      case 'response.output_audio.delta': {
        if (this.#turn.cancelled(event.response_id)) return;
        const mulaw = Buffer.from(event.delta, 'base64');
        this.#received.set(event.item_id, (this.#received.get(event.item_id) ?? 0) + mulaw.length / 8);
        this.#emit({ kind: 'audio', itemId: event.item_id, mulaw });
        break;
      }
      case 'response.output_audio_transcript.delta':
        if (this.#turn.cancelled(event.response_id)) return;
        this.#emit({ kind: 'agent_text', itemId: event.item_id, delta: event.delta });
        break;
      case 'response.output_item.done': {
        if (this.#turn.cancelled(event.response_id)) return;
        if (event.item.type === 'message' && event.item.id) this.#emit({ kind: 'item_completed', itemId: event.item.id });
        if (event.item.type === 'function_call') this.#toolCall(event.item.call_id, event.item.name, event.item.arguments);
        break;
      }
      case 'response.done':
        this.#responseDone(event);
        break;
      case 'error':
        this.#error(event.error);
        break;
      default:
        break;
    }
  }

  #callerItem(vendorId: string): string {
    return this.#local?.idOf(vendorId) ?? vendorId;
  }

  #responseDone({ response }: Extract<RealtimeServerEvent, { type: 'response.done' }>): void {
    this.#usage(responseUsage(this.options.spec.model, response.usage));
    const cancelled = this.#turn.cancelled(response.id) || response.status === 'cancelled';
    for (const item of response.output ?? []) {
      if (cancelled) this.#forgetUnknown(item);
      // Whatever the events before left out.
      else if (item.type === 'function_call') this.#toolCall(item.call_id, item.name, item.arguments);
    }
    this.#turn.done();
    const failed = response.status === 'failed' ? (response.status_details?.error?.code ?? 'failed') : undefined;
    const failure = failed ?? (!cancelled && this.#isMute(response.output ?? []) ? 'words came without audio' : undefined);
    this.#emit({ kind: 'response_done', status: cancelled ? 'cancelled' : failure ? 'failed' : 'completed', error: failure });
  }

  /** The vendor is ahead of what has come here when it is told to stop: what it believes to have said or asked for then, nobody has heard of. */
  #forgetUnknown(item: ConversationItem): void {
    const unheard = item.type === 'message' && item.id !== undefined && !this.#received.has(item.id);
    const unasked = item.type === 'function_call' && item.call_id !== undefined && !this.#toolCalls.has(item.call_id);
    if ((unheard || unasked) && item.id) this.#delete(item.id);
  }

  /** Something was said, and none of it can be heard: as after a renaming of the vendor's events, which nothing else would tell. */
  #isMute(output: readonly ConversationItem[]): boolean {
    const said = output.filter((item) => item.type === 'message' && item.content.some((part) => 'transcript' in part && part.transcript));
    return said.length > 0 && said.every(({ id }) => id !== undefined && !this.#received.has(id));
  }

  #toolCall(toolCallId: string | undefined, name: string, args: string): void {
    if (!toolCallId || this.#toolCalls.has(toolCallId)) return;
    this.#toolCalls.add(toolCallId);
    this.#emit({ kind: 'tool_call', toolCallId, name, arguments: args });
  }

  #usage(lines: Extract<EngineEvent, { kind: 'usage' }>['lines']): void {
    if (lines.length > 0) this.#emit({ kind: 'usage', lines });
  }

  /** Most errors concern one event of ours, and the socket stays usable; one that ends the session closes it itself. */
  #error(error: { code?: string | null; message: string; event_id?: string | null }): void {
    // Nothing else was sent before: without a session nothing will come.
    if (this.#waiting) {
      this.#fail(`refused the session: ${error.message}`);
      return;
    }
    const lost = this.#turn.refused(error.event_id ?? undefined, error.code ?? undefined);
    if (error.event_id?.startsWith(COMMIT)) this.#local?.refused();
    this.options.log.warn({ code: error.code, message: error.message }, 'OpenAI Realtime refused an event');
    if (lost) this.#emit({ kind: 'response_done', status: 'failed', error: error.code ?? error.message });
  }
}
