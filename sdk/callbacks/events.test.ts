import { agentSchema } from '../../contracts/agent';
import type { TranscriptTurn, UsageLine } from '../../contracts/call';
import type { CallEndEvent } from '../options/events';
import { eventsOf } from './events';
import type { CallFacts } from './facts';
import { callMetrics, costOf, turnMetrics } from './metrics';

const AT = Date.parse('2025-03-15T10:00:01.250Z');
const latency = (totalMs: number) => ({ sttMs: 0.5 * totalMs, llmMs: 0.25 * totalMs, ttsMs: 0.25 * totalMs, totalMs, speechMs: 1_500 });
const TURNS: TranscriptTurn[] = [
  { role: 'assistant', text: 'Hello! How can I help?', at: AT },
  { role: 'user', text: "I'd like to", at: AT + 4_000 },
  { role: 'user', text: 'check my order.', at: AT + 4_500 },
  { role: 'assistant', text: 'Sure! What is its number?', at: AT + 5_000, latency: latency(800) },
  { role: 'user', text: '42', at: AT + 9_000 },
  { role: 'assistant', text: 'It is on its way.', at: AT + 10_000, latency: latency(400) },
];
const USAGE: UsageLine[] = [
  { provider: 'deepgram', service: 'transcription', item: 'nova-3', unit: 'second', quantity: 60 },
  { provider: 'openai', service: 'llm', item: 'gpt-4o-mini', unit: 'output_text_token', quantity: 1_000_000 },
  { provider: 'elevenlabs', service: 'tts', item: 'eleven_flash_v2_5', unit: 'character', quantity: 1_000 },
];
const pipeline = agentSchema.parse({ engine: { type: 'pipeline' }, systemPrompt: 'Hi.', code: 'app/a' });

function facts(overrides: Partial<CallFacts> = {}): CallFacts {
  return {
    parties: { callId: 'call_1', caller: '+15550000001', callee: '+15550000002', direction: 'outbound' },
    ...{ customParams: { order: '42' }, carrier: 'twilio', agent: pipeline, started: true, startedAt: AT, turns: TURNS, usage: USAGE },
    ended: {
      ...{ outcome: 'completed', reason: undefined, answeredBy: 'human', endedAt: AT + 61_000, durationMs: 61_000 },
      costLines: [
        { label: 'Twilio outbound minutes', micros: 28_000 },
        { label: 'OpenAI gpt-4o-mini', micros: 600_000 },
        { label: 'OpenAI gpt-4o-mini (summary)', micros: 40 },
      ],
      ...{ machineDetection: true, answered: true },
    },
    answeredBy: 'human',
    ...overrides,
  };
}

const payloads = (known: CallFacts) => [...eventsOf(known)].map((event) => ({ kind: event.kind, told: event.payload() as unknown }));

test('peer defect 16: onTranscript tells both roles, as they were heard, with the history so far', () => {
  const transcripts = payloads(facts()).filter(({ kind }) => kind === 'transcript');
  expect(transcripts.map(({ told }) => told)).toMatchObject(
    TURNS.map(({ role, text }) => ({ role, text, callId: 'call_1', call_id: 'call_1' })),
  );
  expect(transcripts[1]?.told).toMatchObject({
    history: [
      { role: 'assistant', text: 'Hello! How can I help?', timestamp: '2025-03-15T10:00:01Z' },
      { role: 'user', text: "I'd like to", timestamp: '2025-03-15T10:00:05Z' },
    ],
  });
});

test('every event has the history: empty at the start, so far while the call goes on, whole at its end', () => {
  const lengths = payloads(facts()).map(({ kind, told }) => [kind, (told as CallEndEvent).history.length]);
  expect(lengths).toEqual([
    ...[
      ['start', 0],
      ['machine', 6],
      ['transcript', 1],
      ['metrics', 1],
      ['transcript', 2],
      ['transcript', 3],
      ['transcript', 4],
    ],
    ...[
      ['metrics', 4],
      ['transcript', 5],
      ['transcript', 6],
      ['metrics', 6],
      ['persist', 6],
      ['end', 6],
    ],
  ]);
  const [, machine] = payloads(facts({ turns: TURNS.slice(0, 1), ended: undefined }));
  expect(machine?.told).toMatchObject({ result: 'human', history: [{ text: 'Hello! How can I help?' }] });
});

test('every event has its fields in both spellings, and an id that does not depend on what else is known', () => {
  const whole = [...eventsOf(facts())].map(({ id }) => id);
  const live = [...eventsOf(facts({ turns: TURNS.slice(0, 3), ended: undefined, answeredBy: undefined }))].map(({ id }) => id);
  expect(new Set(whole).size).toBe(whole.length);
  expect(whole.filter((id) => live.includes(id))).toEqual(live);
  const [start] = payloads(facts());
  expect(start?.told).toEqual({
    ...{ callId: 'call_1', call_id: 'call_1', caller: '+15550000001', callee: '+15550000002', direction: 'outbound' },
    ...{
      customParams: { order: '42' },
      custom_params: { order: '42' },
      deliveryId: 'call_1:start:1',
      delivery_id: 'call_1:start:1',
      history: [],
    },
  });
  const end = payloads(facts()).at(-1)?.told as Record<string, unknown>;
  expect(end).toMatchObject({
    outcome: 'completed',
    duration: 61,
    answered_by: 'human',
    transcript: { length: 6 },
    history: { length: 6 },
  });
  expect(end.metrics).toMatchObject({ call_id: 'call_1', durationSeconds: 61, duration_seconds: 61, provider_mode: 'pipeline' });
});

test('after each answer its metrics, with what the call has cost', () => {
  const all = payloads(facts());
  expect(all.map(({ kind }) => kind).join(' ')).toBe(
    'start machine transcript metrics transcript transcript transcript metrics transcript transcript metrics persist end',
  );
  expect(all[7]?.told).toMatchObject({ turn: { turnIndex: 1, agentText: 'Sure! What is its number?' }, costSoFar: { stt: 0.0077 } });
  expect(all[1]?.told).toMatchObject({ result: 'human', isMachine: false, is_machine: false });
});

test('two turns that began in the same millisecond have ids of their own', () => {
  const at = AT;
  const turns: TranscriptTurn[] = [
    { role: 'user', text: '[DTMF: 1]', at },
    { role: 'user', text: '[DTMF: 2]', at },
  ];
  const ids = [...eventsOf(facts({ turns, ended: undefined }))].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('peer defect 18: a call that nobody answered has an end, and no start', () => {
  const end = facts().ended as NonNullable<CallFacts['ended']>;
  const busy = facts({ started: false, turns: [], usage: [], answeredBy: undefined, ended: { ...end, outcome: 'busy', durationMs: 0 } });
  expect([...eventsOf(busy)].map(({ kind }) => kind)).toEqual(['persist', 'end']);
  expect(payloads(busy).at(-1)?.told).toMatchObject({ outcome: 'busy', duration: 0, transcript: [] });
});

test('the metrics of a turn: what the caller said since the last answer, and how long they waited for this one', () => {
  expect(turnMetrics(facts())).toMatchObject([
    { turnIndex: 0, userText: '', agentText: 'Hello! How can I help?', latency: { totalMs: 0 }, sttAudioSeconds: 0 },
    {
      ...{
        turn_index: 1,
        user_text: "I'd like to check my order.",
        ttsCharacters: 25,
        sttAudioSeconds: 1.5,
        timestamp: (AT + 5_000) / 1_000,
      },
      latency: { sttMs: 400, llm_ms: 200, ttsMs: 200, total_ms: 800 },
    },
    { turnIndex: 2, userText: '42', latency: { totalMs: 400 } },
  ]);
});

test('what a call cost by part, in dollars: the carrier as the record has it, a summary with the model', () => {
  expect(costOf(facts())).toEqual({ stt: 0.0077, tts: 0.05, llm: 0.60004, telephony: 0.028, total: 0.68574, estimated: true });
  // While it goes on the carrier has not told anything yet.
  expect(costOf(facts({ ended: undefined }))).toMatchObject({ telephony: 0, llm: 0.6 });
  // Prices of one's own: two started minutes, and who answered.
  const own = { 'twilio/voice/outbound/second': { microsPerMillion: 1_000_000 * 10_000, perStarted: 60, label: 'mine' } };
  expect(costOf(facts(), own).telephony).toBeCloseTo(0.02 + 0.0075);
});

test('what the carrier has billed stands for our list, and for the developer’s own; what it does not bill stays listed', () => {
  const ended = facts().ended as NonNullable<CallFacts['ended']>;
  const billedMicros = 33_000;
  const costLines = [
    { label: 'Twilio call, as billed', micros: billedMicros },
    { label: 'Twilio answering machine detection', micros: 7_500 },
  ];
  const billed = facts({ ended: { ...ended, billedMicros, costLines } });
  expect(costOf(billed)).toMatchObject({ telephony: 0.0405, estimated: false });
  const own = { 'twilio/voice/outbound/second': { microsPerMillion: 1_000_000 * 10_000, perStarted: 60, label: 'mine' } };
  expect(costOf(billed, own)).toMatchObject({ telephony: 0.033 + 0.0075, estimated: false });
  expect(costOf(facts({ ended: { ...ended, answered: false, costLines: [] } }))).toMatchObject({ telephony: 0, estimated: false });
});

test('latency of a call: averages and percentiles over the answers that were measured', () => {
  const { latencyAvg, latencyP50, latencyP95, latencyP99, turns } = callMetrics(facts());
  expect([latencyAvg.totalMs, latencyP50.totalMs, latencyP95.totalMs, latencyP99.total_ms]).toEqual([600, 400, 800, 800]);
  expect(turns).toHaveLength(3);
  expect(callMetrics(facts({ turns: [] })).latencyP95.totalMs).toBe(0);
});
