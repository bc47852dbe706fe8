import type { HumanPersona, VoicemailPersona } from '../persona';
import { Detection } from './detection';
import type { Leg } from './leg';

/** Listens on an answered leg for a machine where the dial asked for it, and tells by webhooks and the ledger. */
export function detectionOn(leg: Leg, persona: HumanPersona | VoicemailPersona): Detection | undefined {
  if (!leg.params.detection) return undefined;
  const { mode, config } = leg.params.detection;
  const parts = () => ({ ...leg.ids, ...leg.parties });
  return new Detection(mode, config, persona, {
    after: (ms, fn) => leg.after(ms, fn),
    standard: (result) => {
      leg.entry.answeredBy = result;
      leg.tell('call.machine.detection.ended', { ...parts(), result });
    },
    standardGreeting: (result) => leg.tell('call.machine.greeting.ended', { ...parts(), result }),
    premium: (result) => {
      leg.entry.answeredBy = result;
      leg.tell('call.machine.premium.detection.ended', { ...parts(), result });
    },
    premiumGreeting: (result) => {
      leg.entry.answeredBy ??= 'machine';
      leg.tell('call.machine.premium.greeting.ended', { ...parts(), result });
    },
  });
}
