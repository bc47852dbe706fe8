import { isFlux, type SttSpec } from '../../../contracts/providers';
import type { SttTiming } from '../../turns/endpointing/turn-detector';

/** Flux is so sure of a turn's end when an answer is prepared: the vendor's own advice lies between 0.3 and 0.5, and a lower one is wrong more often. */
const EAGER_EOT = 0.5;

/** The recogniser as it is opened: one that can is told to say when a turn is probably over, where answers are prepared. */
export function recogniserOf(stt: SttSpec, preemptive: boolean): SttSpec {
  if (!preemptive || !isFlux(stt) || stt.eagerEotThreshold !== undefined) return stt;
  return { ...stt, eagerEotThreshold: Math.min(EAGER_EOT, stt.eotThreshold) };
}

/** What its settings tell of when it ends a turn. */
export function turnTimingOf(stt: SttSpec): Pick<SttTiming, 'turnTimeoutMs' | 'tellsEager'> {
  return isFlux(stt) ? { turnTimeoutMs: stt.eotTimeoutMs, tellsEager: stt.eagerEotThreshold !== undefined } : {};
}
