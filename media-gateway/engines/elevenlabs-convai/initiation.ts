import type { ConversationConfigOverride, ConversationInitiation } from '@elevenlabs/types';
import type { ElevenLabsConvaiSpec } from '../../../contracts/agent';
import { elevenLabsVoiceId } from '../../../providers/tts/elevenlabs-voices';
import type { ServerEvent } from './server-event';

export interface InitiationOptions {
  spec: Pick<ElevenLabsConvaiSpec, 'override'>;
  instructions: string;
  /** BCP 47. */
  language: string;
  /** Become the agent's dynamic variables. */
  variables: Readonly<Record<string, string>>;
}

/**
 * The first message of a conversation. Only what the specification allows is overridden: anything that the agent's settings at ElevenLabs do not allow
 * ends the conversation. `first_message` is none of it: the agent's first words are ours (see `Answers`).
 */
export function initiationOf({ spec: { override }, instructions, language, variables }: InitiationOptions): ConversationInitiation {
  const { llm, similarityBoost, speed, stability, voiceId } = override;
  const prompt = { ...(override.prompt && { prompt: instructions }), ...(llm !== undefined && { llm }) };
  const agent = {
    ...(Object.keys(prompt).length > 0 && { prompt }),
    // The package's type lists what it knew; the vendor adds languages.
    ...(override.language && { language: convaiLanguage(language) as Languages }),
  };
  const tts = {
    ...(voiceId !== undefined && { voice_id: elevenLabsVoiceId(voiceId) }),
    ...(stability !== undefined && { stability }),
    ...(similarityBoost !== undefined && { similarity_boost: similarityBoost }),
    ...(speed !== undefined && { speed }),
  };
  const overrides: ConversationConfigOverride = {
    ...(Object.keys(agent).length > 0 && { agent }),
    ...(Object.keys(tts).length > 0 && { tts }),
  };
  return {
    type: 'conversation_initiation_client_data',
    ...(Object.keys(overrides).length > 0 && { conversation_config_override: overrides }),
    dynamic_variables: { ...variables },
  };
}

type Languages = NonNullable<NonNullable<ConversationConfigOverride['agent']>['language']>;

/** ISO 639-1; Brazilian Portuguese is the vendor's only one with a region. */
function convaiLanguage(language: string): string {
  const lower = language.toLowerCase();
  return lower === 'pt-br' ? lower : (lower.split('-')[0] ?? lower);
}

export type InitiationMetadata = Extract<
  ServerEvent,
  { type: 'conversation_initiation_metadata' }
>['conversation_initiation_metadata_event'];

const FORMAT = 'ulaw_8000';

/** Undefined where the agent speaks and hears as a telephone does. */
export function wrongFormats(
  agentId: string,
  { agent_output_audio_format: output, user_input_audio_format: input = output }: InitiationMetadata,
): { formats: { output: string; input: string }; problem: string } | undefined {
  if (output === FORMAT && input === FORMAT) return undefined;
  return {
    formats: { output, input },
    problem: `agent ${agentId} speaks ${output} and hears ${input}: set both of its audio formats to "μ-law 8000 Hz" (${FORMAT}) in its settings (Voice, and Advanced)`,
  };
}
