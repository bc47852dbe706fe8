import type { SttSpec } from '../../contracts/providers';
import type { ProviderDeps } from '../deps';
import { DeepgramNova } from './deepgram-nova';
import type { SpeechToText, SttOptions } from './stt';

/** A recogniser for one call, which connects at once. Never throws: what goes wrong is told by `ready` and by `closed`. */
export function openSpeechToText(spec: SttSpec, options: SttOptions, deps: ProviderDeps): SpeechToText {
  return new DeepgramNova(spec as never, options, deps);
}
