/** What a conversation uses of its vendors, by the agent's engine; for forecasts. */
import type { EngineSpec } from '../contracts/agent';
import type { UsageLine } from '../contracts/call';

/** Answers of an agent in a minute. */
const TURNS_A_MINUTE = 6;
/** At the pace of speech. */
const CHARACTERS_A_SECOND = 15;
const CHARACTERS_A_TOKEN = 4;

/** A conversation of so many seconds, of which each side speaks half. */
export function estimateEngineUsage(engine: EngineSpec, seconds: number, prompt: string): UsageLine[] {
  const promptTokens = Math.ceil(prompt.length / CHARACTERS_A_TOKEN);
  switch (engine.type) {
    case 'openai-realtime': {
      // Audio is 10 tokens a second in, 20 out; what was said before comes back cached with every answer.
      const line = (unit: string, quantity: number) => usage('openai', 'realtime', engine.model, unit, quantity);
      return [
        line('input_audio_token', (seconds / 2) * 10),
        line('cached_audio_token', (seconds / 2) * 10 * (TURNS_A_MINUTE / 2)),
        line('output_audio_token', (seconds / 2) * 20),
        line('input_text_token', promptTokens),
        line('cached_text_token', promptTokens * (TURNS_A_MINUTE - 1)),
      ];
    }
    case 'elevenlabs-convai':
      return [usage('elevenlabs', 'convai', 'agent', 'second', seconds)];
    case 'pipeline': {
      const { stt, tts, llm, onMessage } = engine;
      const spoken = (seconds / 2) * CHARACTERS_A_SECOND;
      const saidTokens = Math.ceil((2 * spoken) / CHARACTERS_A_TOKEN);
      const lines = [
        // The whole call is listened to, also while the agent speaks.
        usage(stt.provider, 'transcription', stt.model, 'second', seconds),
        usage(tts.provider, 'tts', tts.model, 'character', spoken),
      ];
      if (onMessage) return lines;
      return [
        ...lines,
        // Every answer reads the prompt, and on average half of what was said.
        usage(llm.provider, 'llm', llm.model, 'input_text_token', TURNS_A_MINUTE * (promptTokens + saidTokens / 2)),
        usage(llm.provider, 'llm', llm.model, 'output_text_token', saidTokens / 2),
      ];
    }
  }
}

/** A fixed line (voicemail, disclosure) of so many characters, in the agent's own voice. */
export function estimateLineUsage(engine: EngineSpec, characters: number): UsageLine {
  switch (engine.type) {
    case 'openai-realtime':
      return usage('openai', 'tts', 'gpt-4o-mini-tts', 'character', characters);
    case 'elevenlabs-convai':
      return usage('elevenlabs', 'tts', engine.lineModel, 'character', characters);
    case 'pipeline':
      return usage(engine.tts.provider, 'tts', engine.tts.model, 'character', characters);
  }
}

function usage(provider: UsageLine['provider'], service: string, item: string, unit: string, quantity: number): UsageLine {
  return { provider, service, item, unit, quantity };
}
