/** What a call cost and how fast it answered, from what is known of it. Micro-dollars become dollars here. */
import type { AgentSpec } from '../../contracts/agent';
import type { TranscriptTurn, TurnLatency, UsageLine } from '../../contracts/call';
import { type Micros, microsToUsd } from '../../contracts/money';
import { isLegTime, type PriceTable, priceUsage } from '../../policy/cost';
import type { CallMetrics, CostBreakdown, LatencyBreakdown, TurnMetrics } from '../options/metrics';
import { bothSpellings } from '../options/spellings';
import type { CallFacts } from './facts';

const PARTS = ['sttMs', 'llmMs', 'ttsMs', 'totalMs'] as const;
type Parts = Record<(typeof PARTS)[number], number>;

/** One for each of the agent's turns: what the caller had said since the last one, and how long they waited. */
export function turnMetrics(facts: Pick<CallFacts, 'turns' | 'agent'>): TurnMetrics[] {
  const pipeline = facts.agent.engine.type === 'pipeline';
  const metrics: TurnMetrics[] = [];
  let said: string[] = [];
  for (const turn of facts.turns) {
    if (turn.role === 'user') {
      said.push(turn.text);
      continue;
    }
    metrics.push(metricsOf(turn, said.join(' '), metrics.length, pipeline));
    said = [];
  }
  return metrics;
}

function metricsOf({ text, at, latency }: TranscriptTurn, userText: string, turnIndex: number, pipeline: boolean): TurnMetrics {
  return bothSpellings({
    turnIndex,
    userText,
    agentText: text,
    latency: breakdown(latency ?? NONE),
    sttAudioSeconds: pipeline ? (latency?.speechMs ?? 0) / 1_000 : 0,
    ttsCharacters: pipeline ? text.length : 0,
    timestamp: at / 1_000,
  });
}

export function costOf(facts: CallFacts, prices?: PriceTable): CostBreakdown {
  const { usage, ended, carrier } = facts;
  const of = (lines: readonly UsageLine[]) => priceUsage(lines, prices).costMicros;
  const vendors = usage.filter((line) => line.provider !== 'twilio' && line.provider !== 'telnyx');
  const stt = of(vendors.filter(({ service }) => service === 'transcription'));
  const tts = of(vendors.filter(({ service }) => service === 'tts'));
  const llm = of(vendors.filter(({ service }) => service !== 'transcription' && service !== 'tts'));
  const carried = new RegExp(`^${carrier}\\b`, 'i');
  const lines = ended?.costLines ?? [];
  // Of a summary or an extraction after the call.
  const afterwards = sum(lines.filter(({ label }) => / \((summary|extraction)\)$/.test(label)));
  const own = prices && ended?.answered ? [...minutes(facts), ...only(usage, carrier)] : undefined;
  const billed = ended?.billedMicros;
  // The developer's prices stand for what the carrier has not billed itself.
  const listed = own && (billed === undefined ? of(own) : billed + of(own.filter((line) => !isLegTime(line))));
  const telephony = listed ?? sum(lines.filter(({ label }) => carried.test(label)));
  return dollars({ stt, tts, llm: llm + afterwards, telephony }, billed === undefined && (ended?.answered ?? true));
}

/** The carrier's own units, which the record holds priced only. */
function minutes({ carrier, parties, ended }: CallFacts): UsageLine[] {
  if (!ended) return [];
  const quantity = Math.ceil(ended.durationMs / 1_000);
  const voice: UsageLine = { provider: carrier, service: 'voice', item: parties.direction, unit: 'second', quantity };
  return ended.machineDetection ? [voice, { provider: carrier, service: 'amd', item: 'async', unit: 'request', quantity: 1 }] : [voice];
}

function only(usage: readonly UsageLine[], carrier: string): UsageLine[] {
  return usage.filter(({ provider }) => provider === carrier);
}

function sum(lines: readonly { micros: Micros }[]): Micros {
  return lines.reduce((total, { micros }) => total + micros, 0);
}

function dollars(micros: Record<'stt' | 'tts' | 'llm' | 'telephony', Micros>, estimated: boolean): CostBreakdown {
  const { stt, tts, llm, telephony } = micros;
  return Object.freeze({
    stt: microsToUsd(stt),
    tts: microsToUsd(tts),
    llm: microsToUsd(llm),
    telephony: microsToUsd(telephony),
    total: microsToUsd(stt + tts + llm + telephony),
    estimated,
  });
}

export function callMetrics(facts: CallFacts, prices?: PriceTable): CallMetrics {
  const waits = facts.turns.flatMap(({ latency }) => (latency ? [latency] : []));
  return bothSpellings({
    callId: facts.parties.callId,
    durationSeconds: (facts.ended?.durationMs ?? 0) / 1_000,
    turns: Object.freeze(turnMetrics(facts)),
    cost: costOf(facts, prices),
    latencyAvg: breakdown(each((part) => average(waits.map((wait) => wait[part])))),
    latencyP50: breakdown(each((part) => percentile(waits, part, 50))),
    latencyP95: breakdown(each((part) => percentile(waits, part, 95))),
    latencyP99: breakdown(each((part) => percentile(waits, part, 99))),
    ...providers(facts.agent),
    telephonyProvider: facts.carrier,
  });
}

function providers({ engine }: AgentSpec): Pick<CallMetrics, 'providerMode' | 'sttProvider' | 'ttsProvider' | 'llmProvider'> {
  const providerMode = engine.type.replaceAll('-', '_');
  switch (engine.type) {
    case 'openai-realtime':
      return { providerMode, sttProvider: '', ttsProvider: '', llmProvider: 'openai' };
    case 'elevenlabs-convai':
      return { providerMode, sttProvider: '', ttsProvider: '', llmProvider: 'elevenlabs' };
    case 'pipeline':
      return { providerMode, sttProvider: engine.stt.provider, ttsProvider: engine.tts.provider, llmProvider: engine.llm.provider };
    default:
      return engine satisfies never;
  }
}

const NONE: Parts = { sttMs: 0, llmMs: 0, ttsMs: 0, totalMs: 0 };

function breakdown({ sttMs, llmMs, ttsMs, totalMs }: Parts): LatencyBreakdown {
  return bothSpellings({ sttMs, llmMs, ttsMs, totalMs });
}

function each(of: (part: keyof Parts) => number): Parts {
  return Object.fromEntries(PARTS.map((part) => [part, of(part)])) as Parts;
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;
}

/** Nearest rank: always a value that was measured; 0 where none was. */
function percentile(waits: readonly TurnLatency[], part: keyof Parts, percent: number): number {
  const sorted = waits.map((wait) => wait[part]).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
