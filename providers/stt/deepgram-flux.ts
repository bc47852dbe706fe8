import type { DeepgramClient, listen } from '@deepgram/sdk';
import { TELEPHONE_AUDIO } from '../../contracts/audio';
import { BYTES_PER_MS, MULAW_SILENCE } from '../../contracts/g711';
import type { ProviderDeps } from '../deps';
import { AudioSeconds } from './audio-seconds';
import { deepgramClient, PACKAGE_CONNECT_SECONDS } from './deepgram-transport';
import type { DeepgramSttSpec } from './specs';
import type { SpeechToText, SttEvent, SttOptions } from './stt';
import { SttLife } from './stt-life';

type Socket = Awaited<ReturnType<DeepgramClient['listen']['v2']['connect']>>;
type ServerMessage =
  | listen.ListenV2Connected
  | listen.ListenV2TurnInfo
  | listen.ListenV2ConfigureSuccess
  | listen.ListenV2ConfigureFailure
  | listen.ListenV2FatalError;

/** v2 knows no KeepAlive: when no audio comes for so long, silence is sent, which is also what keeps its sense of time right. */
const SILENCE_AFTER_MS = 1_000;

/** Deepgram's v2 listen, which decides by itself when a turn is over. Each message has the whole turn so far. */
export class DeepgramFlux implements SpeechToText {
  readonly format = TELEPHONE_AUDIO;
  readonly p99FinalMs = 350;
  readonly endsTurns = true;
  readonly #life = new SttLife('Deepgram');
  readonly #seconds: AudioSeconds;
  #socket: Socket | undefined;
  /** The turn under way: what it has of words, and how many of them were told as final, because `finalize()` asked. */
  #turn = { index: 0, words: [] as string[], toldFinal: 0 };
  #lastSentAt = 0;
  #cancelSilence: (() => void) | undefined;

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

  /** v2 has no Finalize, but each of its messages has all words so far: the last ones are taken. */
  finalize(): void {
    if (this.#life.state !== 'open') return;
    this.#tellFinal();
    this.#life.emit({ kind: 'finalized' });
  }

  close(): void {
    if (this.#life.state === 'ended') return;
    this.#seconds.flush();
    if (this.#isOpen) this.#socket?.sendCloseStream({ type: 'CloseStream' });
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
      const socket = await client.listen.v2.connect({ ...this.#query(), connectionTimeoutInSeconds: PACKAGE_CONNECT_SECONDS });
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
    const { model, eotThreshold, eagerEotThreshold, eotTimeoutMs, keyterms } = this.spec;
    return {
      model,
      encoding: 'mulaw',
      sample_rate: 8_000,
      eot_threshold: eotThreshold,
      eot_timeout_ms: eotTimeoutMs,
      ...(eagerEotThreshold !== undefined && { eager_eot_threshold: eagerEotThreshold }),
      ...(keyterms.length > 0 && { keyterm: keyterms }),
      // The English model takes no hint.
      ...(model.endsWith('-multi') && { language_hint: this.options.language.split('-')[0] }),
    } as const;
  }

  get #isOpen(): boolean {
    return this.#life.state === 'open' && this.#socket !== undefined && this.#socket.readyState === this.#socket.socket.OPEN;
  }

  #opened(): void {
    const kept = this.#life.open();
    this.#lastSentAt = this.deps.clock.monotonic();
    this.#sendAudio(kept);
    this.#sendSilenceWhenIdle();
  }

  #sendAudio(audio: Uint8Array): void {
    if (audio.length === 0 || !this.#isOpen) return;
    this.#socket?.sendMedia(audio);
    this.#lastSentAt = this.deps.clock.monotonic();
    this.#seconds.sent(audio.length);
  }

  #sendSilenceWhenIdle(): void {
    const idleMs = this.deps.clock.monotonic() - this.#lastSentAt;
    this.#cancelSilence = this.deps.clock.after(Math.max(1, SILENCE_AFTER_MS - idleMs), () => {
      const missingMs = Math.floor(this.deps.clock.monotonic() - this.#lastSentAt);
      if (missingMs >= SILENCE_AFTER_MS) this.#sendAudio(new Uint8Array(missingMs * BYTES_PER_MS).fill(MULAW_SILENCE));
      this.#sendSilenceWhenIdle();
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
      case 'TurnInfo':
        this.#turnInfo(message);
        break;
      case 'Error':
        this.#failed(`failed: ${message.code} ${message.description}`);
        break;
      case 'Connected':
      case 'ConfigureSuccess':
      case 'ConfigureFailure':
        break;
      default:
        this.deps.log.debug({ type: (message as { type?: unknown }).type }, 'Deepgram sent a message of a kind that is not known');
    }
  }

  #turnInfo({ event, turn_index, transcript }: listen.ListenV2TurnInfo): void {
    // Late news of a turn that has ended.
    if (turn_index < this.#turn.index) return;
    if (turn_index > this.#turn.index) this.#turn = { index: turn_index, words: [], toldFinal: 0 };
    const words = transcript.split(/\s+/).filter((word) => word !== '');
    const changed = words.join(' ') !== this.#turn.words.join(' ');
    this.#turn.words = words;
    const text = words.slice(this.#turn.toldFinal).join(' ');
    if (event === 'StartOfTurn') this.#life.emit({ kind: 'speech_started' });
    else if (event === 'TurnResumed') this.#life.emit({ kind: 'turn_resumed' });
    if (event === 'EndOfTurn') {
      this.#tellFinal();
      if (words.length > 0) this.#life.emit({ kind: 'end_of_turn', text: words.join(' ') });
      this.#turn = { index: turn_index + 1, words: [], toldFinal: 0 };
      return;
    }
    if (changed && text !== '') this.#life.emit({ kind: 'interim', text });
    if (event === 'EagerEndOfTurn') this.#life.emit({ kind: 'eager_end_of_turn', text: words.join(' ') });
  }

  #tellFinal(): void {
    const text = this.#turn.words.slice(this.#turn.toldFinal).join(' ');
    this.#turn.toldFinal = this.#turn.words.length;
    if (text !== '') this.#life.emit({ kind: 'final', text });
  }

  #failed(error: string): void {
    this.#seconds.flush();
    this.#life.fail(error);
    this.#stop();
  }

  #stop(): void {
    this.#cancelSilence?.();
    this.#socket?.close();
  }
}
