import type { ConversationItemInputAudioTranscriptionCompletedEvent, RealtimeResponseUsage } from 'openai/resources/realtime/realtime';
import type { UsageLine } from '../../../contracts/call';

/** Cached tokens are part of the input tokens: each token is on one line only. */
export function responseUsage(model: string, usage: RealtimeResponseUsage | undefined): UsageLine[] {
  const input = usage?.input_token_details;
  const cached = input?.cached_tokens_details;
  // Without the split by kind, what was cached is taken for text: the prompt is what caches best.
  const cachedAudio = cached?.audio_tokens ?? 0;
  const cachedText = cached?.text_tokens ?? Math.max(0, (input?.cached_tokens ?? 0) - cachedAudio);
  const output = usage?.output_token_details;
  return lines('realtime', model, {
    input_text_token: (input?.text_tokens ?? 0) - cachedText,
    cached_text_token: cachedText,
    input_audio_token: (input?.audio_tokens ?? 0) - cachedAudio,
    cached_audio_token: cachedAudio,
    output_text_token: output?.text_tokens ?? 0,
    output_audio_token: output?.audio_tokens ?? 0,
  });
}

export function transcriptionUsage(
  model: string,
  usage: ConversationItemInputAudioTranscriptionCompletedEvent['usage'] | undefined,
): UsageLine[] {
  if (!usage) return [];
  if (usage.type === 'duration') return lines('transcription', model, { second: usage.seconds });
  const audio = usage.input_token_details?.audio_tokens ?? usage.input_tokens;
  return lines('transcription', model, {
    input_audio_token: audio,
    input_text_token: usage.input_tokens - audio,
    output_text_token: usage.output_tokens,
  });
}

function lines(service: string, item: string, quantities: Record<string, number>): UsageLine[] {
  return Object.entries(quantities)
    .filter(([, quantity]) => quantity > 0)
    .map(([unit, quantity]) => ({ provider: 'openai', service, item, unit, quantity }));
}
