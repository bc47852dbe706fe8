import type { UsageLine } from '../contracts/call';
import type { CampaignSpec } from '../contracts/campaign';
import type { Micros } from '../contracts/money';
import { estimateEngineUsage, estimateLineUsage } from './engine-estimate';

/**
 * Micro-dollars for a million units, so that the price of one token is an integer too. The key is `provider/service/item/unit`; `*` stands for any item.
 * `perStarted`: billed in started blocks of so many units (60 seconds), and the price is for a million blocks.
 */
export interface Price {
  microsPerMillion: number;
  perStarted?: number;
  label: string;
}
export type PriceTable = Readonly<Record<string, Price>>;

const usdPerMillion = (usd: number) => Math.round(usd * 1_000_000);
const usdEach = (usd: number) => Math.round(usd * 1_000_000 * 1_000_000);
const perMinute = (usd: number, label: string): Price => ({ microsPerMillion: usdEach(usd), perStarted: 60, label });

/** Text and audio prices of a Realtime model, dollars for a million tokens. `input_*` units are the tokens that were not cached. */
function realtime(
  model: string,
  usd: { textIn: number; textCached: number; textOut: number; audioIn: number; audioCached: number; audioOut: number },
): Record<string, Price> {
  const price = (unit: string, amount: number) => [
    `openai/realtime/${model}/${unit}`,
    { microsPerMillion: usdPerMillion(amount), label: `OpenAI ${model}` },
  ];
  return Object.fromEntries([
    price('input_text_token', usd.textIn),
    price('cached_text_token', usd.textCached),
    price('output_text_token', usd.textOut),
    price('input_audio_token', usd.audioIn),
    price('cached_audio_token', usd.audioCached),
    price('output_audio_token', usd.audioOut),
  ]);
}

function llm(model: string, usd: { in: number; cached: number; out: number }): Record<string, Price> {
  const label = `OpenAI ${model}`;
  return {
    [`openai/llm/${model}/input_text_token`]: { microsPerMillion: usdPerMillion(usd.in), label },
    [`openai/llm/${model}/cached_text_token`]: { microsPerMillion: usdPerMillion(usd.cached), label },
    [`openai/llm/${model}/output_text_token`]: { microsPerMillion: usdPerMillion(usd.out), label },
  };
}

function transcription(model: string, usd: { audioIn: number; textIn: number; out: number; minute: number }): Record<string, Price> {
  const label = `OpenAI ${model}`;
  return {
    [`openai/transcription/${model}/input_audio_token`]: { microsPerMillion: usdPerMillion(usd.audioIn), label },
    [`openai/transcription/${model}/input_text_token`]: { microsPerMillion: usdPerMillion(usd.textIn), label },
    [`openai/transcription/${model}/output_text_token`]: { microsPerMillion: usdPerMillion(usd.out), label },
    [`openai/transcription/${model}/second`]: { microsPerMillion: Math.round(usdEach(usd.minute) / 60), label },
  };
}

/**
 * US list prices as known to the authors in 2026-11, not read from the vendors' live pages: carriers differ by country and contract, and vendors
 * change prices. Override what differs. Speech synthesis is sold by audio token (about $0.015 a minute), which its answer does not tell, so a
 * character is priced at the pace of speech, 900 a minute.
 */
export const DEFAULT_PRICES: PriceTable = {
  'twilio/voice/outbound/second': perMinute(0.014, 'Twilio outbound minutes'),
  'twilio/voice/inbound/second': perMinute(0.0085, 'Twilio inbound minutes'),
  'twilio/voice/transfer/second': perMinute(0.014, 'Twilio transfer minutes'),
  'twilio/voice/media_stream/second': perMinute(0.004, 'Twilio media stream minutes'),
  'twilio/voice/*/second': perMinute(0.014, 'Twilio minutes'),
  'twilio/amd/*/request': { microsPerMillion: usdEach(0.0075), label: 'Twilio answering machine detection' },
  'telnyx/voice/outbound/second': perMinute(0.007, 'Telnyx outbound minutes'),
  'telnyx/voice/inbound/second': perMinute(0.0055, 'Telnyx inbound minutes'),
  'telnyx/voice/transfer/second': perMinute(0.007, 'Telnyx transfer minutes'),
  'telnyx/voice/media_stream/second': perMinute(0.0035, 'Telnyx media stream minutes'),
  'telnyx/voice/*/second': perMinute(0.007, 'Telnyx minutes'),
  'telnyx/amd/*/request': { microsPerMillion: usdEach(0.0065), label: 'Telnyx answering machine detection (premium)' },
  ...realtime('gpt-realtime', { textIn: 4, textCached: 0.4, textOut: 16, audioIn: 32, audioCached: 0.4, audioOut: 64 }),
  ...realtime('*', { textIn: 4, textCached: 0.4, textOut: 16, audioIn: 32, audioCached: 0.4, audioOut: 64 }),
  ...realtime('gpt-realtime-mini', { textIn: 0.6, textCached: 0.06, textOut: 2.4, audioIn: 10, audioCached: 0.3, audioOut: 20 }),
  ...llm('gpt-4o-mini', { in: 0.15, cached: 0.075, out: 0.6 }),
  ...llm('gpt-4o', { in: 2.5, cached: 1.25, out: 10 }),
  ...llm('gpt-4.1-mini', { in: 0.4, cached: 0.1, out: 1.6 }),
  ...transcription('gpt-4o-mini-transcribe', { audioIn: 3, textIn: 1.25, out: 5, minute: 0.003 }),
  ...transcription('gpt-4o-transcribe', { audioIn: 6, textIn: 2.5, out: 10, minute: 0.006 }),
  ...transcription('whisper-1', { audioIn: 0, textIn: 0, out: 0, minute: 0.006 }),
  // Streamed through the transcription socket: sold by the minute.
  ...transcription('gpt-realtime-whisper', { audioIn: 0, textIn: 0, out: 0, minute: 0.017 }),
  'deepgram/transcription/nova-3/second': { microsPerMillion: Math.round(usdEach(0.0077) / 60), label: 'Deepgram nova-3' },
  'deepgram/transcription/flux-general-en/second': { microsPerMillion: Math.round(usdEach(0.0065) / 60), label: 'Deepgram Flux' },
  'deepgram/transcription/flux-general-multi/second': { microsPerMillion: Math.round(usdEach(0.0078) / 60), label: 'Deepgram Flux' },
  'deepgram/transcription/*/second': { microsPerMillion: Math.round(usdEach(0.0077) / 60), label: 'Deepgram transcription' },
  // A character is half a credit with the Flash and Turbo models, one with the others.
  'elevenlabs/tts/eleven_flash_v2_5/character': {
    microsPerMillion: Math.round(usdEach(0.05) / 1_000),
    label: 'ElevenLabs speech synthesis',
  },
  'elevenlabs/tts/eleven_turbo_v2_5/character': {
    microsPerMillion: Math.round(usdEach(0.05) / 1_000),
    label: 'ElevenLabs speech synthesis',
  },
  'elevenlabs/tts/*/character': { microsPerMillion: Math.round(usdEach(0.1) / 1_000), label: 'ElevenLabs speech synthesis' },
  'elevenlabs/convai/*/second': { microsPerMillion: Math.round(usdEach(0.08) / 60), label: 'ElevenLabs agent' },
  'openai/tts/*/character': { microsPerMillion: Math.round(usdEach(0.015) / 900), label: 'OpenAI speech synthesis' },
  'openai/tts/*/second': { microsPerMillion: Math.round(usdEach(0.015) / 60), label: 'OpenAI speech synthesis' },
};

/**
 * Time of a call's legs: what the carrier's own price of a call or leg stands for. Neither Twilio's nor Telnyx' has machine detection in it, nor media streams: these stay
 * priced by the list.
 */
export function isLegTime({ service, item }: UsageLine): boolean {
  return service === 'voice' && item !== 'media_stream';
}

export interface CostLine {
  label: string;
  micros: Micros;
}

/**
 * Prices what was used. Lines of one key are added up before they are rounded, each label's line is rounded up to a whole micro-dollar, and the
 * total is the sum of the lines. What has no price is listed with 0, so that it shows.
 */
export function priceUsage(lines: readonly UsageLine[], overrides: PriceTable = {}): { costMicros: Micros; costLines: CostLine[] } {
  const quantities = new Map<string, { line: UsageLine; quantity: number }>();
  for (const line of lines) {
    const price = priceOf(line, overrides);
    // A started minute is counted per leg, so those lines must not be added up.
    const key = price?.perStarted ? `${keyOf(line, line.item)}#${quantities.size}` : keyOf(line, line.item);
    const entry = quantities.get(key) ?? { line, quantity: 0 };
    entry.quantity += line.quantity;
    quantities.set(key, entry);
  }
  const byLabel = new Map<string, number>();
  for (const { line, quantity } of quantities.values()) {
    const price = priceOf(line, overrides);
    const label = price?.label ?? `${line.provider} ${line.service} ${line.item} ${line.unit} (no price known)`;
    const units = price?.perStarted ? Math.ceil(quantity / price.perStarted) : quantity;
    byLabel.set(label, (byLabel.get(label) ?? 0) + units * (price?.microsPerMillion ?? 0));
  }
  const costLines = [...byLabel].map(([label, millionths]) => ({ label, micros: Math.ceil(Math.round(millionths) / 1_000_000) }));
  return { costMicros: costLines.reduce((sum, line) => sum + line.micros, 0), costLines };
}

function keyOf(line: UsageLine, item: string): string {
  return `${line.provider}/${line.service}/${item}/${line.unit}`;
}

function priceOf(line: UsageLine, overrides: PriceTable): Price | undefined {
  for (const item of [line.item, '*']) {
    const key = keyOf(line, item);
    const price = overrides[key] ?? DEFAULT_PRICES[key];
    if (price) return price;
  }
  return undefined;
}

const TYPICAL_CALL_SECONDS = 60;

/** What one answered call of a campaign costs at about a minute; for forecasts and for calls whose cost is not known yet. */
export function estimateCallMicros(spec: CampaignSpec, overrides: PriceTable = {}): Micros {
  const seconds = Math.min(TYPICAL_CALL_SECONDS, spec.agent.maxDurationMs / 1_000);
  const line = (service: string, item: string, unit: string, quantity: number): UsageLine => ({
    provider: 'openai',
    service,
    item,
    unit,
    quantity,
  });
  const usage: UsageLine[] = [
    { provider: spec.carrier, service: 'voice', item: 'outbound', unit: 'second', quantity: seconds },
    { provider: spec.carrier, service: 'amd', item: 'async', unit: 'request', quantity: spec.dialing.machineDetection ? 1 : 0 },
    ...estimateEngineUsage(spec.agent.engine, seconds, spec.agent.systemPrompt),
  ];
  if (spec.postCall.summary)
    usage.push(line('llm', spec.postCall.model, 'input_text_token', 500), line('llm', spec.postCall.model, 'output_text_token', 100));
  if (spec.postCall.extract)
    usage.push(line('llm', spec.postCall.model, 'input_text_token', 600), line('llm', spec.postCall.model, 'output_text_token', 100));
  return priceUsage(usage, overrides).costMicros;
}

/** What a dial that nobody answers costs: nothing with either carrier; a voicemail is a started minute, the detection and the spoken message. */
export function estimateVoicemailMicros(spec: CampaignSpec, overrides: PriceTable = {}): Micros {
  return priceUsage(
    [
      { provider: spec.carrier, service: 'voice', item: 'outbound', unit: 'second', quantity: 45 },
      { provider: spec.carrier, service: 'amd', item: 'async', unit: 'request', quantity: spec.dialing.machineDetection ? 1 : 0 },
      estimateLineUsage(spec.agent.engine, spec.dialing.voicemailMessage.length),
    ],
    overrides,
  ).costMicros;
}
