/** A Realtime session of type `transcription`: hears and writes down, and answers nothing. */
import type { RealtimeTranscriptionSessionCreateRequest } from 'openai/resources/realtime/realtime';
import { z } from 'zod';
import { ApiError, parseOrThrow } from '../api-error';
import { newId } from '../ids';
import type { RealtimeEntry } from '../ledger-entry';
import { inputAudioTokens, textTokens } from '../tokens';
import { InputAudio } from './input-audio';
import type { ServerEventBody } from './server-event';
import { format, type TurnDetection, turnDetection } from './session-config';
import type { SessionDeps } from './session-deps';

/** From the end of speech to its transcript. */
const TRANSCRIPTION_MS = 60;
const MIN_COMMIT_MS = 100;
/** Streams words while they are spoken, and has no turn detection. */
const STREAMING_MODEL = 'gpt-realtime-whisper';

const updateSchema = z.strictObject({
  type: z.literal('transcription'),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: format.optional(),
          noise_reduction: z.strictObject({ type: z.enum(['near_field', 'far_field']) }).nullish(),
          transcription: z.strictObject({ model: z.string(), language: z.string().optional(), prompt: z.string().optional() }).optional(),
          turn_detection: turnDetection.nullish(),
        })
        .optional(),
    })
    .optional(),
  include: z.array(z.literal('item.input_audio_transcription.logprobs')).nullish(),
});

interface Config {
  format: z.output<typeof format>;
  turnDetection: TurnDetection | null;
  transcription: { model: string; language?: string | undefined; prompt?: string | undefined };
}

export class TranscriptionSession {
  readonly id = newId('sess');
  private config: Config = {
    format: { type: 'audio/pcm', rate: 24_000 },
    turnDetection: parseOrThrow(turnDetection, { type: 'server_vad' }),
    transcription: { model: 'gpt-4o-transcribe' },
  };
  private readonly input: InputAudio;
  private readonly timers = new Set<() => void>();
  private speech: { itemId: string; fromMs: number } | undefined;
  private lastItemId: string | null = null;

  constructor(
    private readonly deps: Pick<SessionDeps, 'clock' | 'baud' | 'send'> & { failsToTranscribe(): boolean },
    readonly entry: RealtimeEntry,
  ) {
    this.input = new InputAudio(this.config.format, this.config.turnDetection, deps.baud, {
      speechStarted: (atMs) => this.speechStarted(atMs),
      speechStopped: (atMs) => this.speechStopped(atMs),
    });
  }

  open(): void {
    this.send({ type: 'session.created', session: this.onTheWire() });
  }

  close(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.entry.inputMs = Math.round(this.input.totalMs);
  }

  receive(frame: string): void {
    let event: Record<string, unknown> = {};
    try {
      event = parseOrThrow(z.looseObject({ type: z.string() }), JSON.parse(frame));
      this.handle(event);
    } catch (error) {
      const known = error instanceof SyntaxError ? new ApiError('invalid_json', 'The event is not valid JSON.') : error;
      if (!(known instanceof ApiError)) throw error;
      this.fail(known, typeof event.event_id === 'string' ? event.event_id : null);
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
        this.update(event.session);
        break;
      case 'input_audio_buffer.append':
        this.input.append(parseOrThrow(z.string(), event.audio, 'audio'));
        break;
      case 'input_audio_buffer.commit':
        if (this.input.bufferedMs < MIN_COMMIT_MS) {
          throw new ApiError(
            'input_audio_buffer_commit_empty',
            `Error committing input audio buffer: buffer too small. Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${this.input.bufferedMs.toFixed(2)}ms of audio.`,
          );
        }
        this.commit();
        break;
      case 'input_audio_buffer.clear':
        this.input.clear();
        this.speech = undefined;
        this.send({ type: 'input_audio_buffer.cleared' });
        break;
      default:
        throw new ApiError('invalid_value', `Invalid value: '${String(event.type)}'. It is not for transcription sessions.`, 'type');
    }
  }

  private update(session: unknown): void {
    const { audio } = parseOrThrow(updateSchema, session, 'session');
    const { input } = audio ?? {};
    const next: Config = {
      format: input?.format ?? this.config.format,
      transcription: input?.transcription ?? this.config.transcription,
      turnDetection: input?.turn_detection === undefined ? this.config.turnDetection : input.turn_detection,
    };
    if (next.transcription.model === STREAMING_MODEL && next.turnDetection) {
      throw new ApiError(
        'invalid_value',
        'Turn detection is not supported for this transcription model.',
        'session.audio.input.turn_detection',
      );
    }
    this.config = next;
    this.entry.model = next.transcription.model;
    this.entry.instructions = next.transcription.prompt ?? '';
    this.input.configure(next.format, next.turnDetection);
    this.send({ type: 'session.updated', session: this.onTheWire() });
  }

  private speechStarted(atMs: number): void {
    this.speech = { itemId: newId('item'), fromMs: atMs };
    this.send({ type: 'input_audio_buffer.speech_started', audio_start_ms: atMs, item_id: this.speech.itemId });
  }

  private speechStopped(atMs: number): void {
    // Committed by the client in the middle of the speech: what follows is another item.
    this.speech ??= { itemId: newId('item'), fromMs: atMs };
    this.send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: atMs, item_id: this.speech.itemId });
    this.commit();
  }

  private commit(): void {
    const itemId = this.speech?.itemId ?? newId('item');
    const { text, durationMs } = this.input.commit(this.speech?.fromMs);
    this.speech = undefined;
    const previous = this.lastItemId;
    this.lastItemId = itemId;
    this.send({ type: 'input_audio_buffer.committed', item_id: itemId, previous_item_id: previous });
    const item = {
      id: itemId,
      object: 'realtime.item' as const,
      type: 'message' as const,
      status: 'completed' as const,
      role: 'user' as const,
      content: [{ type: 'input_audio' as const }],
    };
    this.send({ type: 'conversation.item.added', previous_item_id: previous, item });
    this.send({ type: 'conversation.item.done', previous_item_id: previous, item });
    this.entry.heard.push({ text, at: this.deps.clock.now(), via: 'audio', itemId });
    const cancel = this.deps.clock.after(TRANSCRIPTION_MS, () => {
      this.timers.delete(cancel);
      this.transcribe(itemId, text, durationMs);
    });
    this.timers.add(cancel);
  }

  private transcribe(item_id: string, transcript: string, durationMs: number): void {
    if (this.deps.failsToTranscribe()) {
      this.send({
        type: 'conversation.item.input_audio_transcription.failed',
        item_id,
        content_index: 0,
        error: { type: 'server_error', code: 'audio_unintelligible', message: 'The audio could not be transcribed.' },
      });
      return;
    }
    for (const delta of transcript.match(/\s*\S+\s*$|\s*\S+/g) ?? []) {
      this.send({ type: 'conversation.item.input_audio_transcription.delta', item_id, content_index: 0, delta });
    }
    const audio = inputAudioTokens(durationMs);
    const output = textTokens(transcript);
    this.send({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id,
      content_index: 0,
      transcript,
      usage:
        this.config.transcription.model === 'whisper-1'
          ? { type: 'duration', seconds: durationMs / 1_000 }
          : {
              type: 'tokens',
              input_tokens: audio,
              output_tokens: output,
              total_tokens: audio + output,
              input_token_details: { audio_tokens: audio, text_tokens: 0 },
            },
    });
  }

  private onTheWire(): RealtimeTranscriptionSessionCreateRequest {
    const session = {
      object: 'realtime.transcription_session',
      id: this.id,
      type: 'transcription' as const,
      audio: {
        input: {
          format: this.config.format,
          noise_reduction: null as never,
          transcription: this.config.transcription as never,
          turn_detection: this.config.turnDetection,
        },
      },
    };
    return session;
  }

  private send(event: ServerEventBody): void {
    this.deps.send(JSON.stringify({ event_id: newId('event'), ...event }));
  }
}
