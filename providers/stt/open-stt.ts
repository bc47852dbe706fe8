import { isFlux, type SttSpec } from '../../contracts/providers';
import type { ProviderDeps } from '../deps';
import { DeepgramFlux } from './deepgram-flux';
import { DeepgramNova } from './deepgram-nova';
import { OpenAiTranscription } from './openai-transcription';
import { OpenAiWhisper } from './openai-whisper';
import type { SpeechToText, SttOptions } from './stt';

/** A recogniser for one call, which connects at once. Never throws: what goes wrong is told by `ready` and by `closed`. */
export function openSpeechToText(spec: SttSpec, options: SttOptions, deps: ProviderDeps): SpeechToText {
  switch (spec.provider) {
    case 'deepgram':
      return isFlux(spec) ? new DeepgramFlux(spec, options, deps) : new DeepgramNova(spec, options, deps);
    case 'openai':
      return spec.model === 'whisper-1' ? new OpenAiWhisper(spec, options, deps) : new OpenAiTranscription(spec, options, deps);
  }
}
