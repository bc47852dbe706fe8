import type { ElevenLabsClient } from '@elevenlabs/elevenlabs-js';
import { TELEPHONE_AUDIO } from '../../contracts/audio';
import { PatterError } from '../../contracts/errors';
import type { ProviderDeps } from '../deps';
import { ELEVENLABS_KEY_MISSING, elevenLabsLanguage, elevenLabsUsage, elevenLabsVoiceSettings } from './elevenlabs-settings';
import { elevenLabsVoiceId } from './elevenlabs-voices';
import { RequestQueue } from './request-queue';
import type { ElevenLabsTtsSpec } from './specs';
import type { SpeechStream, StreamingVoice } from './stream';
import type { VoiceOptions } from './voice-options';

const REQUEST_TIMEOUT_SECONDS = 8;

/** Loads the package; it is optional, because it has 108 MB. */
export type LoadElevenLabs = () => { ElevenLabsClient: typeof ElevenLabsClient };

/** A request a sentence, through the vendor's package, in the telephone's own format. */
export class ElevenLabsHttpVoice implements StreamingVoice {
  readonly format = TELEPHONE_AUDIO;
  readonly #open = new Set<SpeechStream>();
  #client: ElevenLabsClient | undefined;

  constructor(
    private readonly spec: ElevenLabsTtsSpec,
    private readonly options: VoiceOptions,
    private readonly deps: ProviderDeps,
    private readonly load: LoadElevenLabs = () => require('@elevenlabs/elevenlabs-js'),
  ) {}

  /** Loads the package, which takes most of a second the first time. A failure is told by the answer that needs it. */
  warm(): void {
    try {
      this.#package();
    } catch (error) {
      this.deps.log.debug({ err: error }, 'the ElevenLabs client could not be made');
    }
  }

  speak(): SpeechStream {
    const stream = new RequestQueue({
      vendor: 'ElevenLabs',
      clock: this.deps.clock,
      blockBytes: 1,
      request: (text, signal) => this.#request(text, signal),
      usage: (text) => elevenLabsUsage(this.spec.model, text),
      ended: (ended) => this.#open.delete(ended),
    });
    this.#open.add(stream);
    return stream;
  }

  close(): void {
    for (const stream of this.#open) stream.cancel();
  }

  async #request(text: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { model, voice } = this.spec;
    const settings = elevenLabsVoiceSettings(this.spec);
    const languageCode = elevenLabsLanguage(model, this.options.language);
    try {
      const audio = await this.#package().textToSpeech.stream(
        elevenLabsVoiceId(voice),
        {
          text,
          modelId: model,
          outputFormat: 'ulaw_8000',
          ...(languageCode && { languageCode }),
          ...(settings && { voiceSettings: settings }),
        },
        { timeoutInSeconds: REQUEST_TIMEOUT_SECONDS, maxRetries: 1, abortSignal: signal },
      );
      return audio as unknown as AsyncIterable<Uint8Array>;
    } catch (error) {
      // The package's messages have several lines, the last of which is the whole body.
      throw error instanceof PatterError
        ? error
        : new Error(
            String((error as Error).message)
              .replace(/\s+/g, ' ')
              .slice(0, 300),
          );
    }
  }

  #package(): ElevenLabsClient {
    const { ELEVENLABS_API_KEY: apiKey, ELEVENLABS_BASE_URL: baseUrl } = this.deps.config;
    if (!apiKey) throw new PatterError('PATTER_CREDENTIAL_MISSING', ELEVENLABS_KEY_MISSING);
    if (this.#client) return this.#client;
    let loaded: ReturnType<LoadElevenLabs>;
    try {
      loaded = this.load();
    } catch (error) {
      throw new PatterError(
        'PATTER_CREDENTIAL_MISSING',
        'ElevenLabs over HTTP needs its package: npm install @elevenlabs/elevenlabs-js (or set the transport to websocket)',
        { cause: error },
      );
    }
    this.#client = new loaded.ElevenLabsClient({ apiKey, baseUrl });
    return this.#client;
  }
}
