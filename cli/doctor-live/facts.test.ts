import { callFacts } from './call-facts';
import { DEFAULT_PROBE_TIMINGS } from './probe-call';
import type { Observation, Recorded } from './recording';
import { streamFacts } from './stream-facts';

const SID = `MZ${'0'.repeat(32)}`;
const at = (sinceMs: number, observation: Observation): Recorded => ({ at: 0, sinceMs, ...observation });
const mark = (sinceMs: number, name: string) =>
  at(sinceMs, { kind: 'frame', stream: 1, frame: { event: 'mark', streamSid: SID, sequenceNumber: '9', mark: { name } } });
const status = (sinceMs: number, CallStatus: string, SequenceNumber: string) =>
  at(sinceMs, { kind: 'callback', callback: 'status', signed: true, params: { CallStatus, SequenceNumber } });

function verdictOf(fact: string, recorded: readonly Recorded[]): string {
  return [...callFacts(), ...streamFacts()].find((one) => one.fact === fact)!.judge(recorded).verdict;
}

test('of nothing, no fact is observed', () => {
  expect([...callFacts(), ...streamFacts()].filter(({ judge }) => judge([]).verdict !== 'not observed')).toEqual([]);
});

test('numbers that are no strings are a difference, which names what is not so', () => {
  const frame = {
    event: 'media',
    streamSid: SID,
    sequenceNumber: 4,
    media: { track: 'inbound', chunk: 2, timestamp: 40, payload: 'AAAA' },
  };
  const media = streamFacts().find(({ fact }) => fact === 'stream.media')!;
  const { verdict, seen } = media.judge([at(0, { kind: 'frame', stream: 1, frame })]);
  expect({ verdict, seen }).toEqual({ verdict: 'different', seen: expect.stringContaining('strings of digits; 160 bytes. Seen: {') });
});

const { toneMs, slackMs } = DEFAULT_PROBE_TIMINGS;
const sent = at(1_000, { kind: 'sent', stream: 1, message: 'mark', name: 'played' });
test.each<[string, Recorded[], string]>([
  ['when the audio was played', [sent, mark(1_000 + toneMs, 'played')], 'as expected'],
  ['as soon as the audio arrived', [sent, mark(1_050, 'played')], 'different'],
  ['never', [sent], 'different'],
  ['not before the call ended', [sent, status(1_500, 'completed', '3')], 'not observed'],
  ['much too late', [sent, mark(1_001 + toneMs + slackMs, 'played')], 'different'],
])('a mark that echoes %s', (_, recorded, verdict) => {
  expect(verdictOf('mark.after-played', recorded)).toBe(verdict);
});

const clear = at(2_000, { kind: 'sent', stream: 1, message: 'clear' });
test.each<[string, Recorded[], string]>([
  ['both right after it', [clear, mark(2_100, 'cleared-half'), mark(2_100, 'cleared-end')], 'as expected'],
  ['only one of two', [clear, mark(2_100, 'cleared-half')], 'different'],
  ['at the time their audio would have ended', [clear, mark(7_000, 'cleared-half'), mark(13_000, 'cleared-end')], 'different'],
  ['before it', [mark(1_900, 'cleared-half'), mark(1_900, 'cleared-end'), clear], 'different'],
])('marks after clear: %s', (_, recorded, verdict) => {
  expect(verdictOf('mark.after-clear', recorded)).toBe(verdict);
});

test.each<[string, Observation, string]>([
  ['refused with 20404', { kind: 'request', request: 'end_again', result: refused(20_404, 404) }, 'as expected'],
  ['refused with 21220', { kind: 'request', request: 'end_again', result: refused(21_220, 400) }, 'as expected'],
  ['refused with another code', { kind: 'request', request: 'end_again', result: refused(20_001, 400) }, 'different'],
  ['accepted', { kind: 'request', request: 'end_again', result: { kind: 'accepted' } }, 'different'],
])('ending an ended call: %s', (_, observation, verdict) => {
  expect(verdictOf('call.end-again', [at(0, observation)])).toBe(verdict);
});

function refused(code: number, httpStatus: number) {
  return { kind: 'refused', code, httpStatus, message: '' } as const;
}

test('status callbacks out of order are a difference of arrival and not of sequence', () => {
  const recorded = [status(0, 'initiated', '0'), status(1, 'in-progress', '2'), status(2, 'ringing', '1'), status(3, 'completed', '3')];
  expect(verdictOf('status.arrival', recorded)).toBe('different');
  expect(verdictOf('status.sequence', recorded)).toBe('as expected');
});
