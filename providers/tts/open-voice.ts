import type { TtsSpec } from '../../contracts/providers';
import type { ProviderDeps } from '../deps';
import { ElevenLabsHttpVoice } from './elevenlabs-http';
import { ElevenLabsSocketVoice } from './elevenlabs-ws';
import { OpenAiStreamingVoice } from './openai-stream';
import type { StreamingVoice } from './stream';
import type { VoiceOptions } from './voice-options';

/** A voice for one call. Never throws: what goes wrong is told by `failed` of the answer that it happened to. */
export function openVoice(spec: TtsSpec, options: VoiceOptions, deps: ProviderDeps): StreamingVoice {
  switch (spec.provider) {
    case 'openai':
      return new OpenAiStreamingVoice(spec, deps);
    case 'elevenlabs':
      return spec.transport === 'http' ? new ElevenLabsHttpVoice(spec, options, deps) : new ElevenLabsSocketVoice(spec, options, deps);
  }
}
