import { TELEPHONE_AUDIO } from '../../contracts/audio';
import type { ProviderDeps } from '../deps';
import { socketUrl } from '../vendor-socket';
import { ELEVENLABS_KEY_MISSING, elevenLabsLanguage, elevenLabsUsage, elevenLabsVoiceSettings } from './elevenlabs-settings';
import { StreamInput } from './elevenlabs-stream-input';
import { elevenLabsVoiceId } from './elevenlabs-voices';
import { FailedSpeech } from './failed-speech';
import type { ElevenLabsTtsSpec } from './specs';
import type { SpeechStream, StreamingVoice } from './stream';
import type { VoiceOptions } from './voice-options';

/** Speaks while the text is still being written, in the telephone's own format. Keeps one socket open for the next answer. */
export class ElevenLabsSocketVoice implements StreamingVoice {
  readonly format = TELEPHONE_AUDIO;
  #next: StreamInput | undefined;
  readonly #speaking = new Set<StreamInput>();
  #closed = false;

  constructor(
    private readonly spec: ElevenLabsTtsSpec,
    private readonly options: VoiceOptions,
    private readonly deps: ProviderDeps,
  ) {}

  warm(): void {
    if (this.#closed || (this.#next && !this.#next.ended)) return;
    this.#next = this.#open();
  }

  speak(): SpeechStream {
    // A socket that broke before it was needed is no failure of an answer: another is opened.
    const ready = this.#next && !this.#next.ended ? this.#next : this.#open();
    this.#next = undefined;
    if (!ready) return new FailedSpeech(ELEVENLABS_KEY_MISSING);
    this.#speaking.add(ready);
    return ready;
  }

  close(): void {
    this.#closed = true;
    this.#next?.cancel();
    for (const stream of this.#speaking) stream.cancel();
  }

  #open(): StreamInput | undefined {
    return openStreamInput(this.spec, this.options, this.deps, (stream) => {
      // The next answer finds its socket open, after a farewell as after an interruption.
      if (this.#speaking.delete(stream)) this.warm();
    });
  }
}

/** Undefined: there is no key. */
export function openStreamInput(
  spec: ElevenLabsTtsSpec,
  { language }: VoiceOptions,
  { config, clock }: ProviderDeps,
  ended: (stream: StreamInput) => void,
): StreamInput | undefined {
  if (!config.ELEVENLABS_API_KEY) return undefined;
  const { model, voice } = spec;
  const settings = elevenLabsVoiceSettings(spec);
  return new StreamInput({
    url: socketUrl(config.ELEVENLABS_BASE_URL, `/v1/text-to-speech/${encodeURIComponent(elevenLabsVoiceId(voice))}/stream-input`, {
      model_id: model,
      output_format: 'ulaw_8000',
      language_code: elevenLabsLanguage(model, language),
      // Whole sentences come, so there is nothing to wait for before one is spoken.
      auto_mode: true,
      sync_alignment: true,
    }),
    apiKey: config.ELEVENLABS_API_KEY,
    clock,
    voiceSettings: settings && {
      ...(settings.stability !== undefined && { stability: settings.stability }),
      ...(settings.similarityBoost !== undefined && { similarity_boost: settings.similarityBoost }),
      ...(settings.speed !== undefined && { speed: settings.speed }),
    },
    usage: (text) => elevenLabsUsage(model, text),
    ended,
  });
}
