import type { TtsSpec } from '../../contracts/providers';
import type { ProviderDeps } from '../deps';
import { OpenAiStreamingVoice } from './openai-stream';
import type { StreamingVoice } from './stream';
import type { VoiceOptions } from './voice-options';

/** A voice for one call. Never throws: what goes wrong is told by `failed` of the answer that it happened to. */
export function openVoice(spec: TtsSpec, _options: VoiceOptions, deps: ProviderDeps): StreamingVoice {
  return new OpenAiStreamingVoice(spec as never, deps);
}
