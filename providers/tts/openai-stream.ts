import OpenAI from 'openai';
import type { AudioFormat } from '../../contracts/audio';
import { PatterError } from '../../contracts/errors';
import type { ProviderDeps } from '../deps';
import { RequestQueue } from './request-queue';
import type { OpenAiTtsSpec } from './specs';
import type { SpeechStream, StreamingVoice } from './stream';

/** `audio.speech`, one request a sentence, streamed. It has no telephone format: 24 kHz comes, and the gateway resamples. */
export class OpenAiStreamingVoice implements StreamingVoice {
  readonly format = { encoding: 'linear16', sampleRate: 24_000 } as const satisfies AudioFormat;
  readonly #client: OpenAI | undefined;
  readonly #open = new Set<SpeechStream>();

  constructor(
    private readonly spec: OpenAiTtsSpec,
    private readonly deps: ProviderDeps,
  ) {
    const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = deps.config;
    // Its own deadline runs to the headers only; the queue's, which is as long, also sees a stream that stalls.
    this.#client = apiKey ? new OpenAI({ apiKey, baseURL, timeout: 8_000, maxRetries: 1 }) : undefined;
  }

  /** HTTP connections are kept by the package; there is nothing to open. */
  warm(): void {}

  speak(): SpeechStream {
    const { model } = this.spec;
    const stream = new RequestQueue({
      vendor: 'OpenAI',
      clock: this.deps.clock,
      blockBytes: 2,
      request: (text, signal) => this.#request(text, signal),
      usage: (text) => [{ provider: 'openai', service: 'tts', item: model, unit: 'character', quantity: text.length }],
      ended: (ended) => this.#open.delete(ended),
    });
    this.#open.add(stream);
    return stream;
  }

  close(): void {
    for (const stream of this.#open) stream.cancel();
  }

  async #request(text: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    if (!this.#client) throw new PatterError('PATTER_CREDENTIAL_MISSING', 'Set OPENAI_API_KEY: the agent is spoken by OpenAI');
    const { model, voice, instructions, speed } = this.spec;
    const response = await this.#client.audio.speech.create(
      { model, voice, input: text, response_format: 'pcm', ...(instructions && { instructions }), ...(speed !== 1 && { speed }) },
      { signal },
    );
    if (!response.body) throw new Error('the answer holds no audio');
    return response.body as AsyncIterable<Uint8Array>;
  }
}
