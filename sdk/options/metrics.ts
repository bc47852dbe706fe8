/** What a call cost and how fast it was. Dollars and milliseconds as floats. */
import type { BothSpellings } from './spellings';

/** US dollars. */
export interface CostBreakdown {
  /** Hearing. */
  readonly stt: number;
  /** Speaking. */
  readonly tts: number;
  /** With the tokens of a speech-to-speech model, whose hearing and speaking are not billed apart. */
  readonly llm: number;
  /** Minutes, media streams, answering machine detection, transfers. */
  readonly telephony: number;
  /** All of it. */
  readonly total: number;
  /** `telephony` is by the price list: the carrier has not told its own price of the call, or not in dollars. False too where it has nothing to bill. */
  readonly estimated: boolean;
}

/** Milliseconds from the caller's last word. 0 where the engine does not tell the part. */
export type LatencyBreakdown = BothSpellings<{
  /** Until the transcript was final. */
  sttMs: number;
  /** From there until the model's first words. */
  llmMs: number;
  /** From there until the first audio of the answer. */
  ttsMs: number;
  /** From the end of the caller's speech to the first audio that was sent to the carrier. */
  totalMs: number;
}>;

/** One exchange: what the caller said, and the answer. */
export type TurnMetrics = BothSpellings<{
  /** From 0. */
  turnIndex: number;
  userText: string;
  agentText: string;
  latency: LatencyBreakdown;
  sttAudioSeconds: number;
  ttsCharacters: number;
  /** Unix time in seconds. */
  timestamp: number;
}>;

/** What a call cost and how fast it was, as `onCallEnd` gets it. */
export type CallMetrics = BothSpellings<{
  callId: string;
  durationSeconds: number;
  turns: readonly TurnMetrics[];
  cost: CostBreakdown;
  latencyAvg: LatencyBreakdown;
  latencyP50: LatencyBreakdown;
  latencyP95: LatencyBreakdown;
  latencyP99: LatencyBreakdown;
  /** `openai_realtime`, `elevenlabs_convai` or `pipeline`. */
  providerMode: string;
  sttProvider: string;
  ttsProvider: string;
  llmProvider: string;
  telephonyProvider: string;
}>;
