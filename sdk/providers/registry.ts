/**
 * The one table of vendors: what a configuration of theirs becomes in an agent's specification, and which key it needs. A new vendor is one entry here
 * (and its schema in contracts/providers.ts), and a class beside the others.
 */
import type { z } from 'zod';
import type { llmSchema, sttSchema, ttsSchema } from '../../contracts/providers';
import { PatterValidationError } from '../errors';
import type { LocalConfigFields } from '../options/constructor';
import { LLMConfig, STTConfig, TTSConfig } from './voice-configs';

export type ProviderKey = 'openaiKey' | 'deepgramKey' | 'elevenlabsKey';

interface Vendor<Config, Spec> {
  readonly key: ProviderKey & keyof LocalConfigFields;
  spec(config: Config): Spec;
}

export const STT_VENDORS: Readonly<Record<string, Vendor<STTConfig, z.input<typeof sttSchema>>>> = {
  deepgram: { key: 'deepgramKey', spec: ({ settings }) => ({ provider: 'deepgram', ...settings }) },
  whisper: { key: 'openaiKey', spec: ({ settings }) => ({ provider: 'openai', model: 'whisper-1', ...settings }) },
  openai: { key: 'openaiKey', spec: ({ settings }) => ({ provider: 'openai', ...settings }) },
};

export const TTS_VENDORS: Readonly<Record<string, Vendor<TTSConfig, z.input<typeof ttsSchema>>>> = {
  elevenlabs: { key: 'elevenlabsKey', spec: ({ voice, settings }) => ({ provider: 'elevenlabs', voice, ...settings }) },
  openai: { key: 'openaiKey', spec: ({ voice, settings }) => ({ provider: 'openai', voice, ...settings }) },
};

export const LLM_VENDORS: Readonly<Record<string, Vendor<LLMConfig, z.input<typeof llmSchema>>>> = {
  openai: { key: 'openaiKey', spec: ({ model, settings }) => ({ provider: 'openai', ...(model && { model }), ...settings }) },
};

export function sttVendor(config: STTConfig) {
  return vendor('stt', STT_VENDORS, config, STTConfig);
}
export function ttsVendor(config: TTSConfig) {
  return vendor('tts', TTS_VENDORS, config, TTSConfig);
}
export function llmVendor(config: LLMConfig) {
  return vendor('llm', LLM_VENDORS, config, LLMConfig);
}

function vendor<Config extends { provider: string }, Spec>(
  option: string,
  vendors: Readonly<Record<string, Vendor<Config, Spec>>>,
  config: Config,
  type: { name: string },
): Vendor<Config, Spec> {
  const found = Object.hasOwn(vendors, config.provider) ? vendors[config.provider] : undefined;
  if (found) return found;
  throw new PatterValidationError(
    `${option}.provider`,
    `${type.name} has no provider "${config.provider}". There are: ${Object.keys(vendors).join(', ')}.`,
  );
}
