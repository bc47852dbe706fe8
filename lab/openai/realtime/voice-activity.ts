/** The server's turn detection: energy over a threshold, and then silence of a length. */
import type { TurnDetection } from './session-config';

export type ActivityEvent = { kind: 'started' | 'stopped' /** Of the session's audio. */; atMs: number };

/** Mean magnitude that the default threshold of 0.5 stands for, of 32,768. */
const LEVEL_AT_HALF = 300;
/** A click is shorter than this. */
const LOUD_BLOCKS_TO_START = 2;
/** How long semantic detection waits, by eagerness: short, because the lab's speakers have no hesitation. */
const SEMANTIC_SILENCE_MS = { low: 1_000, medium: 600, high: 300, auto: 600 } as const;

export class VoiceActivity {
  private readonly level: number;
  private readonly silenceMs: number;
  private readonly prefixMs: number;
  private loudBlocks = 0;
  private lastLoudMs = 0;

  constructor(
    detection: TurnDetection,
    public speaking: boolean,
  ) {
    const server = detection.type === 'server_vad';
    this.level = LEVEL_AT_HALF * (server ? detection.threshold / 0.5 : 1);
    this.silenceMs = server ? detection.silence_duration_ms : SEMANTIC_SILENCE_MS[detection.eagerness];
    this.prefixMs = server ? detection.prefix_padding_ms : 300;
  }

  /** A block of about 5 ms that ends at `endMs`. */
  push(block: Int16Array, endMs: number): ActivityEvent | undefined {
    let sum = 0;
    for (let i = 0; i < block.length; i++) {
      const sample = block[i] as number;
      sum += sample < 0 ? -sample : sample;
    }
    if (sum > this.level * block.length) {
      this.lastLoudMs = endMs;
      this.loudBlocks++;
      if (this.speaking || this.loudBlocks < LOUD_BLOCKS_TO_START) return undefined;
      this.speaking = true;
      return { kind: 'started', atMs: Math.max(0, endMs - this.loudBlocks * 5 - this.prefixMs) };
    }
    this.loudBlocks = 0;
    if (!this.speaking || endMs - this.lastLoudMs < this.silenceMs) return undefined;
    this.speaking = false;
    return { kind: 'stopped', atMs: endMs };
  }
}
