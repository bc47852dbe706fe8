import OpenAI, { toFile } from 'openai';
import { TELEPHONE_AUDIO } from '../../contracts/audio';
import type { ProviderDeps } from '../deps';
import { transcriptionUsage } from './openai-usage';
import type { OpenAiSttSpec } from './specs';
import type { SpeechToText, SttEvent, SttOptions } from './stt';
import { SttLife } from './stt-life';
import { WhisperUtterance } from './whisper-utterance';

/** For each of at most two tries: a caller does not wait longer. */
const REQUEST_TIMEOUT_MS = 6_000;

/** `audio.transcriptions`: one utterance at a time. Hears nothing by itself; `finalize()` says where an utterance ends. */
export class OpenAiWhisper implements SpeechToText {
  readonly format = TELEPHONE_AUDIO;
  readonly p99FinalMs = 2_010;
  readonly endsTurns = false;
  readonly #life = new SttLife('OpenAI');
  readonly #client: OpenAI | undefined;
  readonly #utterance = new WhisperUtterance();
  readonly #abort = new AbortController();
  /** One after the other: words come in the order of speech. */
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(
    private readonly spec: OpenAiSttSpec,
    private readonly options: SttOptions,
    deps: ProviderDeps,
  ) {
    const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = deps.config;
    if (apiKey) {
      this.#client = new OpenAI({ apiKey, baseURL, timeout: REQUEST_TIMEOUT_MS, maxRetries: 1 });
      this.#life.open();
    } else this.#life.fail('Set OPENAI_API_KEY: the caller is transcribed by OpenAI', 'PATTER_CREDENTIAL_MISSING');
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  listen(listener: (event: SttEvent) => void): void {
    this.#life.listen(listener);
  }

  push(audio: Uint8Array): void {
    if (this.#life.state === 'open') this.#utterance.push(audio);
  }

  finalize(): void {
    if (this.#life.state !== 'open') return;
    const utterance = this.#utterance.take();
    this.#waiting++;
    this.#queue = this.#queue
      .then(() => (utterance ? this.#transcribe(utterance) : undefined))
      .then(() => {
        if (--this.#waiting === 0) this.#life.emit({ kind: 'finalized' });
      });
  }

  close(): void {
    this.#life.close();
    this.#abort.abort();
  }

  /** Never rejects. */
  async #transcribe({ wav, seconds }: { wav: Buffer; seconds: number }): Promise<void> {
    if (this.#life.state !== 'open' || !this.#client) return;
    const { model, prompt } = this.spec;
    try {
      const answer = await this.#client.audio.transcriptions.create(
        {
          file: await toFile(wav, 'speech.wav', { type: 'audio/wav' }),
          model,
          language: this.options.language.split('-')[0],
          response_format: 'json',
          ...(prompt && { prompt }),
        },
        { signal: this.#abort.signal },
      );
      this.#life.emit({ kind: 'usage', lines: transcriptionUsage(model, answer.usage, seconds) });
      const text = answer.text.trim();
      if (text !== '') this.#life.emit({ kind: 'final', text });
    } catch (error) {
      this.#life.fail(`could not transcribe: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
