/** The events of a call in their order, and what each of them tells. Pure: the same facts give the same events with the same ids. */
import type { TranscriptTurn } from '../../contracts/call';
import type { AnsweredBy } from '../../contracts/outcomes';
import type { PriceTable } from '../../policy/cost';
import type { Callbacks } from '../options/callbacks';
import type { CallEndEvent, CallStartEvent, HistoryEntry, MachineDetectionResult, MetricsEvent, TranscriptEvent } from '../options/events';
import { bothSpellings } from '../options/spellings';
import type { CallFacts } from './facts';
import { callMetrics, costOf, turnMetrics } from './metrics';

/** Silence is none: nobody has been heard, and an unknown callee is a person. */
const MACHINES: ReadonlySet<AnsweredBy> = new Set(['machine', 'ivr', 'call_screening', 'fax']);

export const EVENT_KINDS = ['start', 'machine', 'transcript', 'metrics', 'persist', 'end'] as const;
/** `persist` is the file on disk: it is made as events are delivered, so that it is not lost either. */
export type EventKind = (typeof EVENT_KINDS)[number];

interface Of<Kind extends EventKind, Payload> {
  readonly kind: Kind;
  /** `<kind>:<n>`. Turns are told by the moment in which they began, which no restart changes. */
  readonly id: string;
  /** Epoch milliseconds of what happened. */
  readonly at: number;
  payload(): Payload;
}

export type CallbackEvent =
  | Of<'start', CallStartEvent>
  | Of<'machine', MachineDetectionResult>
  | Of<'transcript', TranscriptEvent>
  | Of<'metrics', MetricsEvent>
  | Of<'persist', CallEndEvent>
  | Of<'end', CallEndEvent>;

/** Which callback hears of which event. */
export const CALLBACK_OF = {
  start: 'onCallStart',
  machine: 'onMachineDetection',
  transcript: 'onTranscript',
  metrics: 'onMetrics',
  end: 'onCallEnd',
} as const satisfies Record<Exclude<EventKind, 'persist'>, keyof Callbacks>;

/** In order. Lazily: a long call has many, of which most have been delivered. */
export function* eventsOf(facts: CallFacts, prices?: PriceTable): Generator<CallbackEvent> {
  const { parties, customParams, turns, ended } = facts;
  const deliveryId = (id: string) => `${parties.callId}:${id}`;
  if (facts.started) {
    const id = 'start:1';
    yield {
      kind: 'start',
      id,
      at: facts.startedAt,
      payload: () => bothSpellings({ ...parties, customParams, history: historyOf([]), deliveryId: deliveryId(id) }),
    };
  }
  if (facts.answeredBy !== undefined) {
    const id = 'machine:1';
    const result = facts.answeredBy;
    yield {
      kind: 'machine',
      id,
      at: facts.startedAt,
      payload: () =>
        bothSpellings({
          ...parties,
          result,
          answeredBy: result,
          isMachine: MACHINES.has(result),
          history: historyOf(turns),
          deliveryId: deliveryId(id),
        }),
    };
  }
  yield* turnEvents(facts, prices);
  if (!ended) return;
  const end = (id: string) => () =>
    bothSpellings({
      ...parties,
      customParams,
      deliveryId: deliveryId(id),
      transcript: historyOf(turns),
      history: historyOf(turns),
      duration: ended.durationMs / 1_000,
      outcome: ended.outcome,
      reason: ended.reason,
      answeredBy: ended.answeredBy,
      metrics: callMetrics(facts, prices),
    });
  yield { kind: 'persist', id: 'persist:1', at: ended.endedAt, payload: end('end:1') };
  yield { kind: 'end', id: 'end:1', at: ended.endedAt, payload: end('end:1') };
}

function* turnEvents(facts: CallFacts, prices: PriceTable | undefined): Generator<CallbackEvent> {
  const { parties, turns } = facts;
  const keys = new Set<string>();
  let answers = 0;
  for (const [index, turn] of turns.entries()) {
    const key = keyOf(turn, keys);
    const transcript = `transcript:${key}`;
    yield {
      kind: 'transcript',
      id: transcript,
      at: turn.at,
      payload: () =>
        bothSpellings({
          ...parties,
          role: turn.role,
          text: turn.text,
          history: historyOf(turns.slice(0, index + 1)),
          deliveryId: `${parties.callId}:${transcript}`,
        }),
    };
    if (turn.role !== 'assistant') continue;
    const metrics = `metrics:${key}`;
    const answer = answers++;
    yield {
      kind: 'metrics',
      id: metrics,
      at: turn.at,
      payload: () =>
        bothSpellings({
          ...parties,
          turn: turnMetrics({ agent: facts.agent, turns: turns.slice(0, index + 1) })[answer] as MetricsEvent['turn'],
          costSoFar: costOf(facts, prices),
          history: historyOf(turns.slice(0, index + 1)),
          deliveryId: `${parties.callId}:${metrics}`,
        }),
    };
  }
}

/** Who and when; a second one in the same millisecond gets a number. */
function keyOf({ role, at }: TranscriptTurn, taken: Set<string>): string {
  const base = `${Math.round(at).toString(36)}${role === 'user' ? 'u' : 'a'}`;
  let key = base;
  for (let n = 2; taken.has(key); n++) key = `${base}${n}`;
  taken.add(key);
  return key;
}

export function historyOf(turns: readonly TranscriptTurn[]): readonly HistoryEntry[] {
  return Object.freeze(turns.map(({ role, text, at }) => Object.freeze({ role, text, timestamp: timestamp(at) })));
}

/** As documented: whole seconds. */
export function timestamp(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
