import type { UsageLine } from '../../contracts/call';
import type { ElevenLabsTtsSpec } from './specs';

export const ELEVENLABS_KEY_MISSING = 'Set ELEVENLABS_API_KEY: the agent is spoken by ElevenLabs';

/** Only these models take a language; the others refuse it, and hear it from the text. */
export function elevenLabsLanguage(model: string, language: string | undefined): string | undefined {
  return /_v2_5$/.test(model) ? language?.split('-')[0] : undefined;
}

/** What the agent sets of the voice; undefined: nothing, and the voice's own settings hold. */
export function elevenLabsVoiceSettings({ stability, similarityBoost, speed }: ElevenLabsTtsSpec) {
  const settings = {
    ...(stability !== undefined && { stability }),
    ...(similarityBoost !== undefined && { similarityBoost }),
    ...(speed !== undefined && { speed }),
  };
  return Object.keys(settings).length > 0 ? settings : undefined;
}

export function elevenLabsUsage(model: string, text: string): UsageLine[] {
  return [{ provider: 'elevenlabs', service: 'tts', item: model, unit: 'character', quantity: text.length }];
}
