/** Names that were current once. They are accepted, mapped to what has taken their place, and warned of. */
import { warn } from '../options/warn';

/** What 0.3.0 used by default has been shut down; this one took its place, at about its price. */
export const DEFAULT_REALTIME_MODEL = 'gpt-realtime-mini';

const REALTIME_MODELS: readonly (readonly [RegExp, string])[] = [
  [/^gpt-4o-mini-realtime-preview(-.*)?$/, 'gpt-realtime-mini'],
  [/^gpt-4o-realtime-preview(-.*)?$/, 'gpt-realtime'],
];

/** Voices of speech synthesis that the Realtime models don't have, and the nearest that they have. */
const REALTIME_VOICES: Readonly<Record<string, string>> = { nova: 'coral', fable: 'ballad', onyx: 'ash' };

/** Stock voices of OpenAI's, of speech synthesis and of Realtime. */
const OPENAI_VOICES: readonly string[] = [
  ...['alloy', 'ash', 'ballad', 'cedar', 'coral', 'echo', 'fable', 'marin', 'nova', 'onyx', 'sage', 'shimmer', 'verse'],
];

export function isOpenAiVoice(name: string): boolean {
  return OPENAI_VOICES.includes(name.trim().toLowerCase());
}

/** The current name of a Realtime model. */
export function realtimeModel(name: string): string {
  for (const [old, current] of REALTIME_MODELS) if (old.test(name)) return current;
  return name;
}

export function realtimeVoice(name: string): string {
  return Object.hasOwn(REALTIME_VOICES, name) ? (REALTIME_VOICES[name] as string) : name;
}

/** Says once per agent what was put in the place of what. */
export function warnOfReplaced(model: string, voice: string): void {
  const current = realtimeModel(model);
  if (current !== model)
    warn('PATTER_MODEL_REPLACED', `The model ${model} is not offered any more: ${current} is used. Write model: '${current}'.`);
  const spoken = realtimeVoice(voice);
  if (spoken !== voice) {
    warn(
      'PATTER_VOICE_REPLACED',
      `The voice ${voice} is one of speech synthesis, not of OpenAI Realtime: ${spoken} is used. Write voice: '${spoken}'.`,
    );
  }
}
