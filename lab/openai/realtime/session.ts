/** One Realtime session: client events in, server events out. Knows no socket, so that tests and sockets drive it alike. */
import { z } from 'zod';
import { textWithin } from '../../voice';
import { ApiError, parseOrThrow } from '../api-error';
import { newId } from '../ids';
import type { RealtimeEntry } from '../ledger-entry';
import { inputAudioTokens, textTokens } from '../tokens';
import { Conversation, type Entry } from './conversation';
import { InputAudio } from './input-audio';
import { Responses } from './responses';
import type { ServerEventBody } from './server-event';
import { defaultSession, responseCreateSchema, type SessionConfig, sessionOnTheWire, updatedSession } from './session-config';
import type { SessionDeps } from './session-deps';

/** Words come later than the response begins: transcription is a model of its own. */
const TRANSCRIPTION_MS = 60;
/** The least audio that can be committed. */
const MIN_COMMIT_MS = 100;

const string = z.string();

export class RealtimeSession {
  readonly id = newId('sess');
  private config: SessionConfig;
  private readonly conversation = new Conversation();
  private readonly input: InputAudio;
  private readonly responses: Responses;
  private readonly timers = new Set<() => void>();
  private stopWaiting: () => void = () => undefined;
  private speech: { itemId: string; fromMs: number } | undefined;

  constructor(
    model: string,
    private readonly deps: SessionDeps,
    readonly entry: RealtimeEntry,
    private readonly expiresAt: number,
  ) {
    this.config = defaultSession(model);
    this.responses = new Responses({
      conversation: this.conversation,
      entry,
      deps,
      send: (event) => this.send(event),
      drop: () => {
        this.close();
        deps.drop();
      },
      ended: (audioMs) => this.awaitCaller(audioMs),
    });
    this.input = new InputAudio(this.config.inputFormat, this.config.turnDetection, deps.baud, {
      speechStarted: (atMs) => this.speechStarted(atMs),
      speechStopped: (atMs) => this.speechStopped(atMs),
    });
  }

  open(): void {
    this.send({ type: 'session.created', session: sessionOnTheWire(this.id, this.config, this.expiresAt) });
  }

  /** Ends all that is going on, without a word. */
  close(): void {
    this.responses.abandon();
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.entry.inputMs = Math.round(this.input.totalMs);
  }

  /** One text frame of the client's. Every mistake becomes an `error` event; the session goes on. */
  receive(frame: string): void {
    let event: Record<string, unknown> = {};
    try {
      event = parseFrame(frame);
      this.handle(event);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.fail(error, typeof event.event_id === 'string' ? event.event_id : null);
    }
  }

  fail(error: ApiError, eventId: string | null = null): void {
    this.entry.errors.push({ code: error.code, message: error.message, at: this.deps.clock.now() });
    this.send({
      type: 'error',
      error: { type: error.type, code: error.code, message: error.message, param: error.param, event_id: eventId },
    });
  }

  private handle(event: Record<string, unknown>): void {
    switch (event.type) {
      case 'session.update':
        if (isTranscription(event.session)) {
          throw new ApiError('invalid_parameter', 'Passing a transcription session update event to a realtime session is not allowed.');
        }
        this.config = updatedSession(this.config, event.session, this.responses.spoken);
        this.input.configure(this.config.inputFormat, this.config.turnDetection);
        this.entry.instructions = this.config.instructions;
        this.entry.tools = this.config.tools.map((tool) => tool.name);
        this.send({ type: 'session.updated', session: sessionOnTheWire(this.id, this.config, this.expiresAt) });
        break;
      case 'input_audio_buffer.append':
        this.input.append(parseOrThrow(string, event.audio, 'audio'));
        break;
      case 'input_audio_buffer.commit':
        this.commitByClient();
        break;
      case 'input_audio_buffer.clear':
        this.input.clear();
        this.speech = undefined;
        this.send({ type: 'input_audio_buffer.cleared' });
        break;
      case 'conversation.item.create': {
        const after = parseOrThrow(string.optional(), event.previous_item_id, 'previous_item_id');
        const created = this.conversation.create(event.item, after);
        this.noteInjected(created);
        this.announce(created);
        break;
      }
      case 'conversation.item.delete': {
        const id = parseOrThrow(string, event.item_id, 'item_id');
        this.conversation.delete(id);
        this.send({ type: 'conversation.item.deleted', item_id: id });
        break;
      }
      case 'conversation.item.retrieve': {
        const { item } = this.conversation.retrieve(parseOrThrow(string, event.item_id, 'item_id'));
        this.send({ type: 'conversation.item.retrieved', item });
        break;
      }
      case 'conversation.item.truncate':
        this.truncate(event);
        break;
      case 'response.create':
        this.responses.create(
          this.config,
          event.response === undefined ? {} : parseOrThrow(responseCreateSchema, event.response, 'response'),
        );
        break;
      case 'response.cancel':
        this.responses.cancel(parseOrThrow(string.optional(), event.response_id, 'response_id'));
        break;
      case 'output_audio_buffer.clear':
        throw new ApiError('invalid_event', 'output_audio_buffer.clear is only for WebRTC and SIP sessions.', 'type');
      default:
        throw new ApiError('invalid_value', `Invalid value: '${String(event.type)}'. It is not the type of a client event.`, 'type');
    }
  }

  /** With `idle_timeout_ms`: a caller who stays silent after the response was played is taken for having said nothing. */
  private awaitCaller(audioMs: number): void {
    const { turnDetection } = this.config;
    const idleMs = turnDetection?.type === 'server_vad' ? turnDetection.idle_timeout_ms : undefined;
    if (!idleMs) return;
    this.stopWaiting();
    const fromMs = Math.round(this.input.totalMs);
    this.stopWaiting = this.later(audioMs + idleMs, () => {
      if (this.speech || this.responses.busy) return;
      const itemId = newId('item');
      const audio_end_ms = Math.round(this.input.totalMs);
      this.send({ type: 'input_audio_buffer.timeout_triggered', audio_start_ms: fromMs, audio_end_ms, item_id: itemId });
      this.commit(itemId, fromMs);
      this.responses.create(this.config, {});
    });
  }

  private speechStarted(atMs: number): void {
    this.stopWaiting();
    this.speech = { itemId: newId('item'), fromMs: atMs };
    this.send({ type: 'input_audio_buffer.speech_started', audio_start_ms: atMs, item_id: this.speech.itemId });
    if (this.config.turnDetection?.interrupt_response) this.responses.interrupt();
  }

  private speechStopped(atMs: number): void {
    const { itemId, fromMs } = this.speech ?? { itemId: newId('item'), fromMs: atMs };
    this.send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: atMs, item_id: itemId });
    this.commit(itemId, fromMs);
    if (!this.config.turnDetection?.create_response) return;
    try {
      this.responses.create(this.config, {});
    } catch (error) {
      // One is under way, which was not to be interrupted. No client event is to blame.
      if (!(error instanceof ApiError)) throw error;
      this.fail(error);
    }
  }

  private commitByClient(): void {
    const { bufferedMs } = this.input;
    if (bufferedMs < MIN_COMMIT_MS) {
      throw new ApiError(
        'input_audio_buffer_commit_empty',
        `Error committing input audio buffer: buffer too small. Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`,
      );
    }
    this.commit(this.speech?.itemId ?? newId('item'), this.speech?.fromMs);
  }

  private commit(itemId: string, fromMs?: number): void {
    this.speech = undefined;
    const { text, durationMs } = this.input.commit(fromMs);
    this.send({ type: 'input_audio_buffer.committed', item_id: itemId, previous_item_id: this.conversation.lastId });
    this.conversation.add({
      id: itemId,
      item: {
        id: itemId,
        object: 'realtime.item',
        type: 'message',
        status: 'completed',
        role: 'user',
        content: [{ type: 'input_audio' }],
      },
      turn: { role: 'user', text },
      audioMs: durationMs,
    });
    this.entry.heard.push({ text, at: this.deps.clock.now(), via: 'audio', itemId });
    this.announce(this.conversation.retrieve(itemId));
    if (this.config.transcription) this.later(TRANSCRIPTION_MS, () => this.transcribe(itemId, text, durationMs));
  }

  private transcribe(itemId: string, text: string, durationMs: number): void {
    const entry = this.conversation.find(itemId);
    if (entry?.item.type === 'message' && entry.item.role === 'user') entry.item.content = [{ type: 'input_audio', transcript: text }];
    for (const delta of text.match(/\s*\S+\s*$|\s*\S+/g) ?? []) {
      this.send({ type: 'conversation.item.input_audio_transcription.delta', item_id: itemId, content_index: 0, delta });
    }
    const audio = inputAudioTokens(durationMs);
    const output = textTokens(text);
    this.send({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id: itemId,
      content_index: 0,
      transcript: text,
      usage: {
        type: 'tokens',
        input_tokens: audio,
        output_tokens: output,
        total_tokens: audio + output,
        input_token_details: { audio_tokens: audio, text_tokens: 0 },
      },
    });
  }

  private truncate(event: Record<string, unknown>): void {
    const { item_id, content_index, audio_end_ms } = parseOrThrow(
      z.object({ item_id: z.string(), content_index: z.number().int(), audio_end_ms: z.number().int().min(0) }),
      event,
    );
    const modem = { sampleRate: 8000, baud: this.deps.baud } as const;
    const { turn } = this.conversation.truncate(item_id, content_index, audio_end_ms, (full) => textWithin(full, audio_end_ms * 8, modem));
    const said = this.entry.said.find((other) => other.itemId === item_id);
    if (said && turn?.role === 'assistant') said.truncatedTo = turn.text;
    this.send({ type: 'conversation.item.truncated', item_id, content_index, audio_end_ms });
  }

  private announce(entry: Entry): void {
    const previous = this.conversation.previousOf(entry.id);
    this.send({ type: 'conversation.item.added', previous_item_id: previous, item: { ...entry.item } });
    this.send({ type: 'conversation.item.done', previous_item_id: previous, item: { ...entry.item } });
  }

  private noteInjected({ id, turn }: Entry): void {
    const at = this.deps.clock.now();
    if (turn?.role === 'user') this.entry.heard.push({ text: turn.text, at, via: 'text', itemId: id });
    if (turn?.role !== 'result') return;
    const call = this.entry.toolCalls.find((other) => other.callId === turn.callId);
    if (call) call.output = turn.output;
  }

  private later(ms: number, fn: () => void): () => void {
    const cancel = this.deps.clock.after(ms, () => {
      this.timers.delete(cancel);
      fn();
    });
    this.timers.add(cancel);
    return cancel;
  }

  private send(event: ServerEventBody): void {
    this.deps.send(JSON.stringify({ event_id: newId('event'), ...event }));
  }
}

function isTranscription(session: unknown): boolean {
  return typeof session === 'object' && session !== null && 'type' in session && session.type === 'transcription';
}

function parseFrame(frame: string): Record<string, unknown> {
  let event: unknown;
  try {
    event = JSON.parse(frame);
  } catch {
    throw new ApiError('invalid_json', 'The event is not valid JSON.');
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw new ApiError('invalid_event', 'An event is a JSON object.');
  if (!('type' in event)) throw new ApiError('missing_required_parameter', "Missing required parameter: 'type'.", 'type');
  return event as Record<string, unknown>;
}
