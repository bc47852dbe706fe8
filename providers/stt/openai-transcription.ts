import type { RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { TELEPHONE_AUDIO } from '../../contracts/audio';
import type { ProviderDeps } from '../deps';
import { socketUrl, VendorSocket } from '../vendor-socket';
import { transcriptionUsage } from './openai-usage';
import type { OpenAiSttSpec } from './specs';
import type { SpeechToText, SttEvent, SttOptions } from './stt';
import { SttLife } from './stt-life';

/** Has no turn detection; whoever listens says when, by `finalize()`. */
const WITHOUT_TURNS = /^gpt-realtime-whisper/;
/** A transcript that has not come by then does not come: the words after it are not held up. */
const TRANSCRIPT_TIMEOUT_MS = 8_000;
/** Shorter than the vendor's 500 ms: it ends a segment, and what a turn is others decide as well. */
const SEGMENT_SILENCE_MS = 400;

/** A committed stretch of speech on its way to text. */
interface Item {
  id: string;
  interim: string;
  /** Set when it is there; empty: nothing was understood. */
  text?: string;
  /** The vendor's turn detection has ended it, and not we. */
  byVendor: boolean;
  cancelTimeout: () => void;
}

/**
 * A Realtime session of type transcription, µ-law as it comes from the telephone. On a socket of our own with the package's event types: the
 * package's class dials wss whatever the base URL says, and always names a model, which this kind of session refuses.
 */
export class OpenAiTranscription implements SpeechToText {
  readonly format = TELEPHONE_AUDIO;
  readonly p99FinalMs = 1_660;
  readonly endsTurns: boolean;
  readonly #life = new SttLife('OpenAI');
  #socket: VendorSocket | undefined;
  #configured = false;
  /** In the order of speech; the vendor finishes them in any. */
  #items: Item[] = [];
  readonly #stoppedByVendor = new Set<string>();
  /** Of the last `finalize()`, until it is answered. */
  #commit: { eventId: string; answered: boolean } | undefined;
  #commits = 0;

  constructor(
    private readonly spec: OpenAiSttSpec,
    private readonly options: SttOptions,
    private readonly deps: ProviderDeps,
  ) {
    this.endsTurns = !WITHOUT_TURNS.test(spec.model);
    const { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseUrl } = deps.config;
    if (!key) {
      this.#life.fail('Set OPENAI_API_KEY: the caller is transcribed by OpenAI', 'PATTER_CREDENTIAL_MISSING');
      return;
    }
    this.#socket = new VendorSocket(
      {
        url: socketUrl(baseUrl, '/realtime', { intent: 'transcription' }),
        headers: { Authorization: `Bearer ${key}` },
        clock: deps.clock,
      },
      {
        open: () => this.#configure(),
        text: (text) => this.#text(text),
        closed: (error) => this.#failed(error),
      },
    );
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  listen(listener: (event: SttEvent) => void): void {
    this.#life.listen(listener);
  }

  push(audio: Uint8Array): void {
    if (this.#life.state === 'connecting') this.#life.keep(audio);
    else this.#append(audio);
  }

  finalize(): void {
    if (this.#life.state !== 'open') return;
    const eventId = `finalize_${++this.#commits}`;
    this.#commit = { eventId, answered: false };
    this.#send({ type: 'input_audio_buffer.commit', event_id: eventId });
  }

  close(): void {
    this.#life.close();
    this.#stop();
  }

  #configure(): void {
    const { model, prompt } = this.spec;
    this.#send({
      type: 'session.update',
      session: {
        type: 'transcription',
        audio: {
          input: {
            format: { type: 'audio/pcmu' },
            transcription: { model, language: this.options.language.split('-')[0], ...(prompt && { prompt }) },
            turn_detection: this.endsTurns ? { type: 'server_vad', silence_duration_ms: SEGMENT_SILENCE_MS } : null,
          },
        },
      },
    });
  }

  #append(audio: Uint8Array): void {
    if (audio.length === 0) return;
    const base64 = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength).toString('base64');
    // Fifty times a second: base64 has nothing to escape.
    this.#socket?.send(`{"type":"input_audio_buffer.append","audio":"${base64}"}`);
  }

  #send(event: RealtimeClientEvent): void {
    this.#socket?.send(JSON.stringify(event));
  }

  #text(text: string): void {
    let event: RealtimeServerEvent;
    try {
      event = JSON.parse(text) as RealtimeServerEvent;
    } catch {
      this.#failed('sent what is not JSON');
      return;
    }
    this.#event(event);
  }

  #event(event: RealtimeServerEvent): void {
    switch (event.type) {
      case 'session.updated':
        this.#configured = true;
        this.#append(this.#life.open());
        break;
      case 'input_audio_buffer.speech_started':
        this.#life.emit({ kind: 'speech_started' });
        break;
      case 'input_audio_buffer.speech_stopped':
        this.#stoppedByVendor.add(event.item_id);
        break;
      case 'input_audio_buffer.committed':
        this.#committed(event.item_id);
        break;
      case 'conversation.item.input_audio_transcription.delta':
        this.#delta(event.item_id, event.delta ?? '');
        break;
      case 'conversation.item.input_audio_transcription.completed': {
        this.#life.emit({ kind: 'usage', lines: transcriptionUsage(this.spec.model, event.usage, 0) });
        this.#complete(event.item_id, event.transcript.trim());
        break;
      }
      case 'conversation.item.input_audio_transcription.failed':
        this.deps.log.warn({ code: event.error.code, message: event.error.message }, 'OpenAI could not transcribe what the caller said');
        this.#complete(event.item_id, '');
        break;
      case 'error':
        this.#error(event.error);
        break;
      default:
    }
  }

  #committed(id: string): void {
    const byVendor = this.#stoppedByVendor.delete(id);
    const cancelTimeout = this.deps.clock.after(TRANSCRIPT_TIMEOUT_MS, () => {
      this.deps.log.warn({}, 'OpenAI did not transcribe what the caller said in time');
      this.#complete(id, '');
    });
    this.#items.push({ id, interim: '', byVendor, cancelTimeout });
    if (this.#commit && !byVendor) this.#commit.answered = true;
  }

  #delta(id: string, delta: string): void {
    const item = this.#items.find((other) => other.id === id);
    if (!item) return;
    item.interim += delta;
    // Words of a later item wait: an interim replaces the last one.
    if (item === this.#items[0] && item.interim.trim() !== '') this.#life.emit({ kind: 'interim', text: item.interim.trim() });
  }

  #complete(id: string, text: string): void {
    const item = this.#items.find((other) => other.id === id);
    if (!item || item.text !== undefined) return;
    item.cancelTimeout();
    item.text = text;
    while (this.#items[0]?.text !== undefined) {
      const [first] = this.#items.splice(0, 1);
      if (!first?.text) continue;
      this.#life.emit({ kind: 'final', text: first.text });
      if (first.byVendor) this.#life.emit({ kind: 'end_of_turn' });
    }
    this.#tellFinalized();
  }

  #tellFinalized(): void {
    if (!this.#commit?.answered || this.#items.length > 0) return;
    this.#commit = undefined;
    this.#life.emit({ kind: 'finalized' });
  }

  /** The socket stays open after most errors; those of a session that was never set up are the end. */
  #error(error: { code?: string | null; message: string; event_id?: string | null }): void {
    if (error.code === 'input_audio_buffer_commit_empty') {
      // The vendor's own detection was faster than our finalize.
      if (this.#commit?.eventId === error.event_id) this.#commit = { eventId: error.event_id ?? '', answered: true };
      this.#tellFinalized();
    } else if (!this.#configured) this.#failed(`refused the session: ${error.message}`);
    else this.deps.log.warn({ code: error.code, message: error.message }, 'OpenAI reported an error');
  }

  #failed(error: string): void {
    this.#life.fail(error);
    this.#stop();
  }

  #stop(): void {
    for (const { cancelTimeout } of this.#items.splice(0)) cancelTimeout();
    this.#socket?.close();
  }
}
