import type { LlmSpec } from '../../contracts/providers';
import type { ProviderDeps } from '../deps';
import type { ChatModel } from './chat';
import { OpenAiChat } from './openai-chat';

/** A text model for one call. Never throws: what goes wrong is told by the first answer. */
export function openChatModel(spec: LlmSpec, { config, clock }: ProviderDeps): ChatModel {
  switch (spec.provider) {
    case 'openai':
      return new OpenAiChat({ spec, apiKey: config.OPENAI_API_KEY, baseUrl: config.OPENAI_BASE_URL, clock });
    default:
      return spec.provider satisfies never;
  }
}
