import { bothSpellings, snakeCase } from './spellings';

test('every field is there in both spellings, also as a type', () => {
  const event = bothSpellings({ callId: 'call_1', latencyP95: 7, text: 'hi', reason: undefined });
  const [id, latency]: [string, number] = [event.call_id, event.latency_p95];
  expect([id, latency]).toEqual(['call_1', 7]);
  expect(event).toEqual({ callId: 'call_1', call_id: 'call_1', latencyP95: 7, latency_p95: 7, text: 'hi', reason: undefined });
  expect(Object.isFrozen(event)).toBe(true);
  expect(['sttMs', 'isHungUp', 'text'].map(snakeCase)).toEqual(['stt_ms', 'is_hung_up', 'text']);
});
