import type { DeepgramClient, listen } from '@deepgram/sdk';
import { TELEPHONE_AUDIO } from '../../contracts/audio';
import type { ProviderDeps } from '../deps';
import { AudioSeconds } from './audio-seconds';
import { deepgramClient, PACKAGE_CONNECT_SECONDS } from './deepgram-transport';
import type { DeepgramSttSpec } from './specs';
import type { SpeechToText, SttEvent, SttOptions } from './stt';
import { SttLife } from './stt-life';

type Socket = Awaited<ReturnType<DeepgramClient['listen']['v1']['connect']>>;
type ServerMessage = listen.ListenV1Results | listen.ListenV1Metadata | listen.ListenV1UtteranceEnd | listen.ListenV1SpeechStarted;

/** Deepgram hangs up (1011 NET-0001) after 10 s without audio or KeepAlive; every 3 to 5 s is advised. */
const KEEP_ALIVE_MS = 4_000;

/** Deepgram's v1 listen, µ-law as it comes from the telephone. Final segments add up to an utterance, which two different messages may end. */
export class DeepgramNova implements SpeechToText {
  readonly format = TELEPHONE_AUDIO;
  readonly p99FinalMs = 350;
  readonly endsTurns = true;
  readonly #life = new SttLife('Deepgram');
  readonly #seconds: AudioSeconds;
  #socket: Socket | undefined;
  /** Final segments of the utterance under way. */
  #segments: string[] = [];
  /** The last words are not final yet. */
  #openInterim = false;
  /** The utterance is over, but its last words are not final yet. */
  #endWhenFinal = false;
  #lastSentAt = 0;
  #cancelKeepAlive: (() => void) | undefined;

  constructor(
    private readonly spec: DeepgramSttSpec,
    private readonly options: SttOptions,
    private readonly deps: ProviderDeps,
  ) {
    this.#seconds = new AudioSeconds({ provider: 'deepgram', service: 'transcription', item: spec.model }, (lines) =>
      this.#life.emit({ kind: 'usage', lines }),
    );
    void this.#connect();
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  listen(listener: (event: SttEvent) => void): void {
    this.#life.listen(listener);
  }

  push(audio: Uint8Array): void {
    if (this.#life.state === 'connecting') this.#life.keep(audio);
    else this.#sendAudio(audio);
  }

  finalize(): void {
    if (this.#life.state === 'open') this.#control('Finalize');
  }

  close(): void {
    if (this.#life.state === 'ended') return;
    this.#seconds.flush();
    if (this.#life.state === 'open') this.#control('CloseStream');
    this.#life.close();
    this.#stop();
  }

  async #connect(): Promise<void> {
    const { config, clock } = this.deps;
    if (!config.DEEPGRAM_API_KEY) {
      this.#life.fail('Set DEEPGRAM_API_KEY: the caller is transcribed by Deepgram', 'PATTER_CREDENTIAL_MISSING');
      return;
    }
    try {
      const client = deepgramClient(config.DEEPGRAM_API_KEY, config.DEEPGRAM_BASE_URL, clock);
      const socket = await client.listen.v1.connect({ ...this.#query(), connectionTimeoutInSeconds: PACKAGE_CONNECT_SECONDS });
      if (this.#life.state === 'ended') return;
      this.#socket = socket;
      socket.on('open', () => this.#opened());
      socket.on('message', (message) => this.#safely(message));
      socket.on('close', (event) => this.#failed(event.reason));
      socket.on('error', (error) => this.#failed(error.message));
      socket.connect();
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  #query() {
    const { model, endpointingMs, utteranceEndMs, keyterms } = this.spec;
    const words = keyterms.length === 0 ? {} : model.startsWith('nova-3') ? { keyterm: keyterms } : { keywords: keyterms };
    return {
      model,
      language: this.options.language,
      encoding: 'mulaw',
      sample_rate: 8_000,
      channels: 1,
      interim_results: 'true',
      endpointing: endpointingMs,
      utterance_end_ms: utteranceEndMs,
      vad_events: 'true',
      smart_format: 'true',
      ...words,
    } as const;
  }

  #opened(): void {
    const kept = this.#life.open();
    this.#lastSentAt = this.deps.clock.monotonic();
    this.#sendAudio(kept);
    this.#keepAlive();
  }

  #sendAudio(audio: Uint8Array): void {
    if (audio.length === 0 || this.#life.state !== 'open') return;
    this.#socket?.sendMedia(audio);
    this.#lastSentAt = this.deps.clock.monotonic();
    this.#seconds.sent(audio.length);
  }

  /** A text frame: as a binary one it would be taken for audio. */
  #control(type: 'KeepAlive' | 'Finalize' | 'CloseStream'): void {
    const socket = this.#socket;
    if (!socket || socket.readyState !== socket.socket.OPEN) return;
    if (type === 'KeepAlive') socket.sendKeepAlive({ type });
    else if (type === 'Finalize') socket.sendFinalize({ type });
    else socket.sendCloseStream({ type });
  }

  #keepAlive(): void {
    const idleMs = this.deps.clock.monotonic() - this.#lastSentAt;
    this.#cancelKeepAlive = this.deps.clock.after(Math.max(1, KEEP_ALIVE_MS - idleMs), () => {
      if (this.deps.clock.monotonic() - this.#lastSentAt >= KEEP_ALIVE_MS) {
        this.#control('KeepAlive');
        this.#lastSentAt = this.deps.clock.monotonic();
      }
      this.#keepAlive();
    });
  }

  /** The package writes what a handler throws to the console and goes on; we end instead, and say why. */
  #safely(message: ServerMessage): void {
    try {
      this.#message(message);
    } catch (error) {
      this.#failed(`sent what could not be handled: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #message(message: ServerMessage): void {
    if (this.#life.state !== 'open') return;
    switch (message.type) {
      case 'Results':
        this.#results(message);
        break;
      case 'SpeechStarted':
        this.#endWhenFinal = false;
        this.#life.emit({ kind: 'speech_started' });
        break;
      case 'UtteranceEnd':
        // Words that were heard and are not final yet belong to this utterance: they are asked for, and it ends with them.
        if (this.#openInterim) {
          if (!this.#endWhenFinal) this.#control('Finalize');
          this.#endWhenFinal = true;
        } else this.#endUtterance();
        break;
      case 'Metadata':
        break;
      default:
        this.deps.log.debug({ type: (message as { type?: unknown }).type }, 'Deepgram sent a message of a kind that is not known');
    }
  }

  #results({ channel, is_final, speech_final, from_finalize }: listen.ListenV1Results): void {
    const text = channel.alternatives[0]?.transcript.trim() ?? '';
    if (!is_final) {
      if (text === '') return;
      this.#openInterim = true;
      this.#life.emit({ kind: 'interim', text });
      return;
    }
    this.#openInterim = false;
    if (text !== '') {
      this.#segments.push(text);
      this.#life.emit({ kind: 'final', text });
    }
    if (from_finalize) this.#life.emit({ kind: 'finalized' });
    if (speech_final || this.#endWhenFinal) this.#endUtterance();
  }

  /** `speech_final` and `UtteranceEnd` may both come for one utterance: the second finds nothing to end. */
  #endUtterance(): void {
    // Before anything else: an utterance without words is over too.
    this.#endWhenFinal = false;
    if (this.#segments.length === 0) return;
    const text = this.#segments.join(' ');
    this.#segments = [];
    this.#life.emit({ kind: 'end_of_turn', text });
  }

  #failed(error: string): void {
    this.#seconds.flush();
    this.#life.fail(error);
    this.#stop();
  }

  #stop(): void {
    this.#cancelKeepAlive?.();
    this.#socket?.close();
  }
}
