import type { EngineSpec } from '../../contracts/agent';
import { maskPhones } from '../../runtime/log';

const LONGEST = 300;
/** Keys and tokens, also half masked by a vendor, and what an address carries beside its place. */
const SECRETS: readonly [RegExp, string][] = [
  [/\b(?:sk|pk|rk|ek|dg|xi|pt|whsec)[-_][^\s"',;]+/gi, '***'],
  [/\b(bearer|token|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 ***'],
  [/((?:api[-_ ]?key|token|secret|signature|authorization)(?: provided)?["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi, '$1***'],
  [/\b((?:https?|wss?):\/\/)(?:[^\s/@]+@)?([^\s?"']+)\?[^\s"']*/gi, '$1$2'],
];

/** Why a call lost its AI provider, for the call's record: code, provider, and the vendor's own words without secrets. */
export function providerFailure(engine: EngineSpec, error: string): string {
  const told = SECRETS.reduce((text, [secret, instead]) => text.replace(secret, instead), maskPhones(error));
  return `PATTER_PROVIDER_FAILED ${providerOf(engine)}: ${told}`.slice(0, LONGEST);
}

function providerOf(engine: EngineSpec): string {
  switch (engine.type) {
    case 'openai-realtime':
    case 'elevenlabs-convai':
      return engine.type;
    case 'pipeline':
      return `pipeline (${engine.stt.provider}, ${engine.onMessage ? 'onMessage' : engine.llm.provider}, ${engine.tts.provider})`;
    default:
      return engine satisfies never;
  }
}
