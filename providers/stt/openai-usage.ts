import type { UsageLine } from '../../contracts/call';

/** The shape that all of OpenAI's transcriptions share; absent where the answer does not tell. */
export type TranscriptionUsage =
  | { type: 'duration'; seconds: number }
  | {
      type: 'tokens';
      input_tokens: number;
      output_tokens: number;
      input_token_details?: { audio_tokens?: number; text_tokens?: number };
    };

/** `seconds` of audio are what is billed when the vendor does not say. */
export function transcriptionUsage(model: string, usage: TranscriptionUsage | undefined, seconds: number): UsageLine[] {
  if (!usage || usage.type === 'duration') return lines(model, { second: usage?.seconds ?? seconds });
  const audio = usage.input_token_details?.audio_tokens ?? usage.input_tokens;
  return lines(model, {
    input_audio_token: audio,
    input_text_token: usage.input_tokens - audio,
    output_text_token: usage.output_tokens,
  });
}

function lines(item: string, quantities: Record<string, number>): UsageLine[] {
  return Object.entries(quantities)
    .filter(([, quantity]) => quantity > 0)
    .map(([unit, quantity]) => ({ provider: 'openai', service: 'transcription', item, unit, quantity }));
}
