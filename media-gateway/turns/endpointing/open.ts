import type { EndpointingSpec } from '../../../contracts/turns';
import { endpointingSchema } from '../../../contracts/turns';
import type { LocalEndpointing } from './delay-policy';
import { EnergyVoice } from './energy-voice';
import { LocalDetector } from './local-detector';
import { ProviderDetector } from './provider-detector';
import { loadSilero } from './silero-model';
import { SileroVoice } from './silero-voice';
import { SttVoice } from './stt-voice';
import type { TurnDetector, TurnDetectorDeps } from './turn-detector';
import { DEFAULT_VOICE_TIMING, type VoiceDetector, type VoiceTiming } from './voice-detector';

/** `provider` where the recogniser leaves it to us. */
const OURS = endpointingSchema.parse({ type: 'vad' }) as LocalEndpointing;

/** The agent's way of telling when a turn is over. Never throws: a caller is not sent away for a missing package (see `loadSilero` for a check before). */
export function openTurnDetector(spec: EndpointingSpec, deps: TurnDetectorDeps): TurnDetector {
  if (spec.type !== 'provider') return new LocalDetector(voiceOf(spec, deps), spec, deps);
  return deps.stt?.endsTurns ? new ProviderDetector(deps) : new LocalDetector(new EnergyVoice(), OURS, deps);
}

function voiceOf(spec: LocalEndpointing, { clock, log, stt, silero }: TurnDetectorDeps): VoiceDetector {
  switch (spec.type) {
    case 'vad':
      return new EnergyVoice(timingOf(spec));
    case 'stt':
      // Without a recogniser there are no words to go by, nor with one that has none before it is told where an utterance ends.
      return stt?.endsTurns ? new SttVoice(clock, stt.p99FinalMs) : new EnergyVoice();
    case 'silero':
      try {
        return new SileroVoice(silero?.get(spec.modelPath) ?? loadSilero(spec.modelPath), spec.threshold, log, timingOf(spec));
      } catch (error) {
        log.error({ err: error }, 'the call goes on with the voice detection by loudness');
        return new EnergyVoice(timingOf(spec));
      }
    default:
      return spec satisfies never;
  }
}

/** An agent that was stored before there were such options has none of them. */
function timingOf({ minSpeechMs, minSilenceMs }: Partial<Record<'minSpeechMs' | 'minSilenceMs', number>>): VoiceTiming {
  return { minSpeechMs: minSpeechMs ?? DEFAULT_VOICE_TIMING.minSpeechMs, hangoverMs: minSilenceMs ?? DEFAULT_VOICE_TIMING.hangoverMs };
}
