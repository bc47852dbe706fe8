/** `/v1/listen`: segments by silence, utterances by gaps between words. */
import type { listen } from '@deepgram/sdk';
import { type HeardWord, Hearing } from './hearing';
import type { ListenV1Query } from './query';
import { DelayedSender, type ListenSession, type SessionDeps, typeOf } from './session';

const INTERIM_EVERY_MS = 250;
/** A long speech is told in final segments of about so much, without an end of speech. */
const SEGMENT_MS = 4_000;
/** Silence is told too: final and empty. */
const EMPTY_FINAL_EVERY_MS = 3_000;
const MODEL = { name: 'general-nova-3', version: '2026-01-01.0', arch: 'nova-3' };

interface Told {
  words: readonly HeardWord[];
  isFinal: boolean;
  speechFinal?: boolean;
  fromFinalize?: boolean;
}

export class ListenV1 implements ListenSession {
  private readonly hearing: Hearing;
  private readonly out: DelayedSender;
  private interimAtMs = 0;
  private interimText = '';
  /** Where the segment under way begins. */
  private segmentAtMs = 0;
  private lastWordEndMs = 0;
  /** Its end of utterance has been told. */
  private endedWordMs = 0;
  private utterance: string[] = [];

  constructor(
    private readonly query: ListenV1Query,
    private readonly deps: SessionDeps,
  ) {
    this.out = new DelayedSender(deps);
    this.hearing = new Hearing({ encoding: query.encoding, sampleRate: query.sample_rate, baud: deps.baud }, (atMs) => {
      if (!query.vad_events) return;
      const started: listen.ListenV1SpeechStarted = { type: 'SpeechStarted', channel: [0], timestamp: atMs / 1_000 };
      this.out.send(started);
    });
  }

  audio(bytes: Uint8Array): void {
    this.hearing.push(bytes, () => this.step());
    this.deps.entry.audioMs = Math.round(this.hearing.positionMs);
  }

  text(frame: string): void {
    const message = typeOf(frame);
    switch (message?.type) {
      case 'KeepAlive':
        this.deps.entry.keepAlives++;
        break;
      case 'Finalize':
        this.deps.entry.finalizes++;
        // Without a word when no audio is waiting.
        if (this.hearing.positionMs > this.segmentAtMs) {
          this.tell({ words: this.hearing.take(), isFinal: true, speechFinal: true, fromFinalize: true });
        }
        break;
      case 'CloseStream':
        this.closeStream();
        break;
      default:
        this.deps.entry.errors.push({ code: 'DATA-0000', message: frame.slice(0, 200), at: this.deps.clock.now() });
        this.out.close(1008, 'DATA-0000');
    }
  }

  stop(): void {
    this.out.stop();
  }

  private step(): void {
    const { hearing, query } = this;
    const { positionMs, silentMs } = hearing;
    const waiting = hearing.words.length > 0;
    if (query.endpointing !== false && waiting && silentMs >= query.endpointing && !hearing.speaking) {
      this.tell({ words: hearing.take(), isFinal: true, speechFinal: true });
    } else if (positionMs - this.segmentAtMs >= SEGMENT_MS && hearing.words.length > 1) {
      this.tell({ words: hearing.take(true), isFinal: true });
    } else if (!waiting && positionMs - this.segmentAtMs >= EMPTY_FINAL_EVERY_MS) {
      this.tell({ words: [], isFinal: true });
    } else if (query.interim_results && waiting && positionMs - this.interimAtMs >= INTERIM_EVERY_MS && hearing.text !== this.interimText) {
      this.interimAtMs = positionMs;
      this.interimText = hearing.text;
      this.tell({ words: hearing.words, isFinal: false });
    }
    this.endUtterance(silentMs);
  }

  private endUtterance(silentMs: number): void {
    const { utterance_end_ms } = this.query;
    this.lastWordEndMs = this.hearing.words.at(-1)?.endMs ?? this.lastWordEndMs;
    if (utterance_end_ms === undefined || this.lastWordEndMs <= this.endedWordMs || silentMs < utterance_end_ms) return;
    const end: listen.ListenV1UtteranceEnd = { type: 'UtteranceEnd', channel: [0, 1], last_word_end: this.lastWordEndMs / 1_000 };
    this.endedWordMs = this.lastWordEndMs;
    this.out.send(end);
    this.noteUtterance();
  }

  private tell({ words, isFinal, speechFinal = false, fromFinalize = false }: Told): void {
    const { positionMs } = this.hearing;
    const transcript = words.map(({ text }) => text).join(' ');
    const results: listen.ListenV1Results = {
      type: 'Results',
      channel_index: [0, 1],
      start: this.segmentAtMs / 1_000,
      duration: (positionMs - this.segmentAtMs) / 1_000,
      is_final: isFinal,
      speech_final: speechFinal,
      from_finalize: fromFinalize,
      channel: {
        alternatives: [
          {
            transcript,
            confidence: words.length > 0 ? 0.99 : 0,
            words: words.map(({ text, startMs, endMs }) => ({
              word: text.toLowerCase().replace(/[^\p{L}\p{N}']/gu, ''),
              punctuated_word: text,
              start: startMs / 1_000,
              end: endMs / 1_000,
              confidence: 0.99,
            })),
          },
        ],
      },
      metadata: { request_id: this.deps.entry.requestId, model_info: MODEL, model_uuid: '00000000-0000-4000-8000-000000000000' },
    };
    this.out.send(results, isFinal && transcript !== '' ? this.deps.lateByMs() : 0);
    if (!isFinal) return;
    this.segmentAtMs = positionMs;
    this.interimText = '';
    this.lastWordEndMs = words.at(-1)?.endMs ?? this.lastWordEndMs;
    if (transcript !== '') this.utterance.push(transcript);
    if (speechFinal) this.noteUtterance();
  }

  private noteUtterance(): void {
    if (this.utterance.length > 0) this.deps.entry.heard.push({ text: this.utterance.join(' '), at: this.deps.clock.now() });
    this.utterance = [];
  }

  private closeStream(): void {
    const words = this.hearing.take();
    if (words.length > 0) this.tell({ words, isFinal: true, speechFinal: true });
    const metadata: listen.ListenV1Metadata = {
      type: 'Metadata',
      transaction_key: 'deprecated',
      request_id: this.deps.entry.requestId,
      sha256: '0'.repeat(64),
      created: new Date(this.deps.entry.openedAt).toISOString(),
      duration: this.hearing.positionMs / 1_000,
      channels: 1,
    };
    this.out.send(metadata);
    this.out.close(1000, '');
  }
}
