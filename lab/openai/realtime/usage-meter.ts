/** Counts what a session uses, with the cache: a prefix that was sent before is billed at its own rate, and is part of the input. */
import type { RealtimeResponseUsage } from 'openai/resources/realtime/realtime';
import type { ServerEventBody } from './server-event';

/** The cache works in blocks of so many tokens. */
const CACHE_BLOCK = 64;
const TOKENS_PER_MINUTE = 40_000;

export class UsageMeter {
  private seen = { text: 0, audio: 0 };
  private used = 0;

  measure({ text, audio }: { text: number; audio: number }, output: { text: number; audio: number }): RealtimeResponseUsage {
    const cachedText = blocks(Math.min(this.seen.text, text));
    const cachedAudio = blocks(Math.min(this.seen.audio, audio));
    this.seen = { text, audio };
    const input = text + audio;
    const out = output.text + output.audio;
    this.used += input + out;
    return {
      input_tokens: input,
      output_tokens: out,
      total_tokens: input + out,
      input_token_details: {
        text_tokens: text,
        audio_tokens: audio,
        image_tokens: 0,
        cached_tokens: cachedText + cachedAudio,
        cached_tokens_details: { text_tokens: cachedText, audio_tokens: cachedAudio, image_tokens: 0 },
      },
      output_token_details: { text_tokens: output.text, audio_tokens: output.audio },
    };
  }

  rateLimits(): ServerEventBody {
    return {
      type: 'rate_limits.updated',
      rate_limits: [{ name: 'tokens', limit: TOKENS_PER_MINUTE, remaining: Math.max(0, TOKENS_PER_MINUTE - this.used), reset_seconds: 60 }],
    };
  }
}

function blocks(tokens: number): number {
  return Math.floor(tokens / CACHE_BLOCK) * CACHE_BLOCK;
}
