import OpenAI from 'openai';
import { PatterError } from '../../contracts/errors';
import type { SpeechSynthesizer } from './tts';

export interface OpenAiSpeechOptions {
  apiKey: string | undefined;
  /** With `/v1`. */
  baseUrl: string;
  model: string;
  /** For each of at most two tries. */
  timeoutMs: number;
}

export const DEFAULT_OPENAI_SPEECH = { model: 'gpt-4o-mini-tts', timeoutMs: 8_000 } as const satisfies Partial<OpenAiSpeechOptions>;

/** `audio.speech` with raw PCM: 24 kHz, 16 bits, little endian, no header. */
export class OpenAiSpeech implements SpeechSynthesizer {
  readonly sampleRate = 24_000;
  readonly model: string;
  readonly #client: OpenAI | undefined;

  constructor(options: Pick<OpenAiSpeechOptions, 'apiKey' | 'baseUrl'> & Partial<OpenAiSpeechOptions>) {
    const { apiKey, baseUrl, model, timeoutMs } = { ...DEFAULT_OPENAI_SPEECH, ...options };
    this.model = model;
    this.#client = apiKey ? new OpenAI({ apiKey, baseURL: baseUrl, timeout: timeoutMs, maxRetries: 1 }) : undefined;
  }

  async synthesize({ text, voice, signal }: { text: string; voice: string; signal?: AbortSignal }): Promise<Int16Array> {
    if (!this.#client) throw new PatterError('PATTER_CREDENTIAL_MISSING', 'Set OPENAI_API_KEY: the fixed lines are spoken by OpenAI');
    try {
      const response = await this.#client.audio.speech.create(
        { model: this.model, voice, input: text, response_format: 'pcm' },
        { signal },
      );
      const bytes = Buffer.from(await response.arrayBuffer());
      if (bytes.length < 2) throw new Error('the answer holds no audio');
      const samples = new Int16Array(bytes.length >> 1);
      for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(2 * i);
      return samples;
    } catch (error) {
      throw new PatterError(
        'PATTER_PROVIDER_FAILED',
        `OpenAI could not speak a line: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      );
    }
  }
}
