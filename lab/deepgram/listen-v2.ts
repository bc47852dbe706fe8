/** `/v2/listen`, Flux: whole turns, whose end is a matter of confidence. */
import type { listen } from '@deepgram/sdk';
import { z } from 'zod';
import { type HeardWord, Hearing } from './hearing';
import type { ListenV2Query } from './query';
import { DelayedSender, type ListenSession, type SessionDeps, typeOf } from './session';

const UPDATE_EVERY_MS = 250;
/** After so much silence it is certain that a finished sentence is over. */
const CERTAIN_AFTER_MS = 600;
/** A turn that ends in such a word probably goes on. */
const UNFINISHED = /(?:\b(?:and|but|or|so|because|the|my|is|to|um|uh)|[,:]|\.\.\.|…)$/i;
const UNFINISHED_CONFIDENCE = 0.2;

const configureSchema = z.looseObject({
  thresholds: z
    .strictObject({
      eager_eot_threshold: z.number().min(0.3).max(0.9).nullish(),
      eot_threshold: z.number().min(0.5).max(1).optional(),
      eot_timeout_ms: z.number().int().min(500).max(60_000).optional(),
    })
    .optional(),
  keyterms: z.array(z.string()).optional(),
});

type Turn = { state: 'waiting' } | { state: 'speaking' } | { state: 'eager' };

export class ListenV2 implements ListenSession {
  private readonly hearing: Hearing;
  private readonly out: DelayedSender;
  private query: ListenV2Query;
  private sequence = 0;
  private turnIndex = 0;
  private turn: Turn = { state: 'waiting' };
  private turnAtMs = 0;
  private updatedAtMs = 0;
  private updatedText = '';

  constructor(
    query: ListenV2Query,
    private readonly deps: SessionDeps,
  ) {
    this.query = query;
    this.out = new DelayedSender(deps);
    this.hearing = new Hearing({ encoding: query.encoding, sampleRate: query.sample_rate, baud: deps.baud }, () => this.resumed());
    this.send<listen.ListenV2Connected>({ type: 'Connected', request_id: deps.entry.requestId });
  }

  audio(bytes: Uint8Array): void {
    this.hearing.push(bytes, () => this.step());
    this.deps.entry.audioMs = Math.round(this.hearing.positionMs);
  }

  text(frame: string): void {
    const message = typeOf(frame);
    switch (message?.type) {
      case 'Configure':
        this.configure(message.body);
        break;
      case 'CloseStream':
        this.out.close(1000, '');
        break;
      default:
        // Also KeepAlive, Finalize and ForceEndTurn: v2 has none of the first two, and the third only where it was enabled.
        this.fail('UNPARSABLE_CLIENT_MESSAGE', `The message could not be understood: ${frame.slice(0, 100)}`);
    }
  }

  stop(): void {
    this.out.stop();
  }

  private step(): void {
    const { words, text, silentMs, positionMs } = this.hearing;
    if (words.length === 0) return;
    if (this.turn.state === 'waiting') {
      this.turn = { state: 'speaking' };
      this.tell('StartOfTurn', words, 0);
    }
    if (positionMs - this.updatedAtMs >= UPDATE_EVERY_MS && text !== this.updatedText) this.tell('Update', words, 0);
    if (silentMs === 0) return;
    const confidence = UNFINISHED.test(text) ? UNFINISHED_CONFIDENCE : Math.min(1, silentMs / CERTAIN_AFTER_MS);
    const { eot_threshold, eager_eot_threshold, eot_timeout_ms } = this.query;
    if (confidence >= eot_threshold) this.endTurn(confidence, 'model');
    else if (silentMs >= eot_timeout_ms) this.endTurn(confidence, 'timeout');
    else if (this.turn.state === 'speaking' && eager_eot_threshold !== undefined && confidence >= eager_eot_threshold) {
      this.turn = { state: 'eager' };
      this.tell('EagerEndOfTurn', words, confidence);
    }
  }

  private resumed(): void {
    if (this.turn.state !== 'eager') return;
    this.turn = { state: 'speaking' };
    this.tell('TurnResumed', this.hearing.words, 0);
  }

  private endTurn(confidence: number, trigger: string): void {
    const words = this.hearing.take();
    this.tell('EndOfTurn', words, confidence, trigger);
    this.deps.entry.heard.push({ text: words.map(({ text }) => text).join(' '), at: this.deps.clock.now() });
    this.turn = { state: 'waiting' };
    this.turnIndex++;
    this.turnAtMs = this.hearing.positionMs;
    this.updatedText = '';
  }

  private tell(event: listen.ListenV2TurnInfo.Event, words: readonly HeardWord[], confidence: number, trigger?: string): void {
    const transcript = words.map(({ text }) => text).join(' ');
    this.updatedAtMs = this.hearing.positionMs;
    this.updatedText = transcript;
    this.send<listen.ListenV2TurnInfo>(
      {
        type: 'TurnInfo',
        request_id: this.deps.entry.requestId,
        event,
        turn_index: this.turnIndex,
        audio_window_start: this.turnAtMs / 1_000,
        audio_window_end: this.hearing.positionMs / 1_000,
        transcript,
        words: words.map(({ text, startMs, endMs }) => ({ word: text, confidence: 0.99, start: startMs / 1_000, end: endMs / 1_000 })),
        end_of_turn_confidence: confidence,
        ...(trigger && { trigger }),
      },
      event === 'EndOfTurn' ? this.deps.lateByMs() : 0,
    );
  }

  private configure(body: Record<string, unknown>): void {
    this.deps.entry.configures++;
    const parsed = configureSchema.safeParse(body);
    const { request_id } = { request_id: this.deps.entry.requestId };
    const { eager_eot_threshold: eager, ...thresholds } = parsed.data?.thresholds ?? {};
    const next = {
      ...this.query,
      ...thresholds,
      ...(eager !== undefined && { eager_eot_threshold: eager ?? undefined }),
      keyterm: parsed.data?.keyterms ?? this.query.keyterm,
    };
    if (!parsed.success || (next.eager_eot_threshold ?? 0) > next.eot_threshold) {
      this.send<listen.ListenV2ConfigureFailure>({ type: 'ConfigureFailure', request_id });
      return;
    }
    this.query = next;
    this.send<listen.ListenV2ConfigureSuccess>({
      type: 'ConfigureSuccess',
      request_id,
      thresholds: {
        eager_eot_threshold: next.eager_eot_threshold,
        eot_threshold: next.eot_threshold,
        eot_timeout_ms: next.eot_timeout_ms,
      },
      keyterms: next.keyterm,
    });
  }

  private fail(code: string, description: string): void {
    this.deps.entry.errors.push({ code, message: description, at: this.deps.clock.now() });
    this.send<listen.ListenV2FatalError>({ type: 'Error', code, description });
    this.out.close(1008, code);
  }

  private send<T extends { sequence_id: number }>(message: Omit<T, 'sequence_id'>, extraMs = 0): void {
    this.out.send({ ...message, sequence_id: this.sequence++ }, extraMs);
  }
}
