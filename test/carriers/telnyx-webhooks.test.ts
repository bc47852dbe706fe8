import { encodeClientState, parseTelnyxEnvelope, parseTelnyxNews, type TelnyxNews } from '../../carriers/telnyx';

const NOW = 1_800_000_000_000;
const AT = '2026-11-21T10:00:00.500000Z';
const at = Date.UTC(2026, 10, 21, 10, 0, 0, 500);
const CALLER = encodeClientState({ c: 'call_1', l: 'call', t: '+15005550009', f: '+15005550006' });
const PERSON = encodeClientState({ c: 'call_1', l: 'transfer', n: 2, p: 'v3:caller' });
const ASKED = encodeClientState({ c: 'call_1', l: 'consult', n: 3, p: 'v3:caller' });

function news(event_type: string, payload: object, client_state: string | undefined = CALLER): TelnyxNews | undefined {
  const data = {
    record_type: 'event',
    event_type,
    id: 'evt-1',
    occurred_at: AT,
    payload: { call_control_id: 'v3:1', call_leg_id: 'L1', call_session_id: 'S1', client_state, ...payload },
  };
  const envelope = parseTelnyxEnvelope(JSON.stringify({ data, meta: { attempt: 1, delivered_to: 'https://a' } }), NOW);
  return envelope && parseTelnyxNews(envelope);
}
const event = (...given: Parameters<typeof news>) => news(...given)?.event;
const told = { dedupeKey: 'evt-1', carrierCallId: 'v3:1', at };

describe("the caller's leg", () => {
  test('begins, is answered', () => {
    expect(event('call.initiated', { direction: 'outgoing', state: 'parked' })).toEqual({
      ...told,
      kind: 'status',
      status: 'ringing',
      sequence: 1,
    });
    expect(event('call.answered', {})).toEqual({ ...told, kind: 'status', status: 'in_progress', sequence: 2 });
    expect(event('call.initiated', { direction: 'incoming' })).toBeUndefined();
  });

  test.each<[string, string | undefined, string, number | undefined]>([
    ['normal_clearing', '200', 'completed', undefined],
    ['normal_clearing', '487', 'completed', undefined],
    ['time_limit', '200', 'completed', undefined],
    ['user_busy', '486', 'busy', 486],
    ['user_busy', undefined, 'busy', 486],
    ['user_busy', '600', 'busy', 600],
    ['no_answer', '480', 'no_answer', 480],
    ['timeout', '487', 'no_answer', 487],
    ['timeout', undefined, 'no_answer', undefined],
    ['originator_cancel', '487', 'canceled', undefined],
    ['call_rejected', '603', 'failed', 603],
    ['call_rejected', undefined, 'failed', 603],
    ['call_rejected', '607', 'failed', 607],
    ['not_found', '404', 'failed', 404],
    ['not_found', 'unspecified', 'failed', 404],
    ['unspecified', '503', 'failed', 503],
    ['unspecified', undefined, 'failed', undefined],
    ['a cause of next year', undefined, 'failed', undefined],
  ])('ends: %s with SIP %s is %s, SIP %s', (hangup_cause, sip_hangup_cause, status, sipCode) => {
    const expected = { ...told, kind: 'status', status, sequence: 3, ...(sipCode === undefined ? {} : { sipCode }) };
    expect(event('call.hangup', { hangup_cause, sip_hangup_cause, hangup_source: 'callee' })).toEqual(expected);
  });

  test.each([
    ['human_residence', 'human'],
    ['human_business', 'human'],
    ['machine', 'machine'],
    ['fax_detected', 'fax'],
    ['silence', 'unknown'],
    ['not_sure', 'unknown'],
    ['a result of next year', 'unknown'],
  ])('premium detection: %s is %s', (result, answeredBy) => {
    expect(event('call.machine.premium.detection.ended', { result })).toEqual({ ...told, kind: 'amd', answeredBy, messageEnd: false });
  });

  test.each(['beep_detected', 'no_beep_detected'])('the greeting is over (%s): the moment to leave a message', (result) => {
    expect(event('call.machine.premium.greeting.ended', { result })).toEqual({
      ...told,
      kind: 'amd',
      answeredBy: 'machine',
      messageEnd: true,
    });
  });

  test('a stream that failed is an event and over; one that stopped is only over', () => {
    const url = 'wss://a.example/telnyx/media?token=t';
    const failed = { failure_reason: 'connection_failed', stream_id: 'ST1', stream_params: { stream_url: url, track: 'inbound_track' } };
    expect(news('streaming.failed', failed)).toMatchObject({
      event: { kind: 'stream', status: 'error', streamId: 'ST1', error: 'connection_failed' },
      streamEnded: { url },
    });
    const stopped = news('streaming.stopped', { stream_url: url });
    expect(stopped).toMatchObject({ streamEnded: { url } });
    expect(stopped?.event).toBeUndefined();
    expect(news('streaming.started', { stream_url: url })?.streamEnded).toBeUndefined();
  });

  test('is bridged', () => {
    expect(news('call.bridged', {})).toMatchObject({ bridged: true });
  });

  test('a recording is there, or will never be', () => {
    const times = { recording_started_at: '2026-11-21T10:00:00Z', recording_ended_at: '2026-11-21T10:00:41.6Z' };
    expect(event('call.recording.saved', { ...times, recording_id: 'R1' })).toEqual({
      ...told,
      kind: 'recording',
      recordingId: 'R1',
      status: 'completed',
      durationS: 42,
    });
    expect(event('call.recording.saved', {})).toMatchObject({ recordingId: 'leg:L1', status: 'completed' });
    expect(event('call.recording.error', { reason: 'Internal server error' })).toMatchObject({
      status: 'failed',
      error: 'Internal server error',
    });
  });
});

describe('the leg of a person to whom a call is transferred', () => {
  const result = { ...told, carrierCallId: 'v3:caller', kind: 'transfer_result', transferNumber: 2, humanCallId: 'v3:1' };
  test.each<[string, object, object | undefined]>([
    ['call.initiated', { direction: 'outgoing' }, undefined],
    ['call.answered', {}, { ...result, answered: true, status: 'in_progress' }],
    ['call.bridged', {}, undefined],
    ['call.hangup', { hangup_cause: 'normal_clearing' }, { ...result, answered: true, status: 'completed' }],
    ['call.hangup', { hangup_cause: 'no_answer' }, { ...result, answered: false, status: 'no_answer' }],
    ['call.hangup', { hangup_cause: 'originator_cancel' }, { ...result, answered: false, status: 'canceled' }],
  ])('%s %p', (type, payload, expected) => {
    expect(event(type, payload, PERSON)).toEqual(expected);
  });
});

describe('the leg of a person who is asked first', () => {
  test.each<[string, object, object | undefined]>([
    ['call.initiated', { direction: 'outgoing' }, { step: 'ringing' }],
    ['call.answered', {}, { step: 'answered' }],
    ['call.machine.premium.detection.ended', { result: 'machine' }, { step: 'machine' }],
    ['call.machine.premium.detection.ended', { result: 'fax_detected' }, { step: 'machine' }],
    ['call.machine.premium.detection.ended', { result: 'human_business' }, undefined],
    ['call.gather.ended', { digits: '1', status: 'valid' }, { step: 'accepted' }],
    ['call.gather.ended', { digits: '2', status: 'valid' }, { step: 'declined' }],
    ['call.gather.ended', { digits: '', status: 'timeout' }, { step: 'declined' }],
    ['call.gather.ended', { digits: '', status: 'call_hangup' }, undefined],
    ['call.bridged', {}, { step: 'bridged' }],
    ['call.hangup', { hangup_cause: 'user_busy' }, { step: 'ended', status: 'busy' }],
  ])('%s %p', (type, payload, expected) => {
    const given = event(type, payload, ASKED);
    expect(given).toEqual(expected && { ...told, kind: 'consult', transferNumber: 3, ...expected });
  });
});

test.each<[string, string | undefined]>([
  ['without a state', undefined],
  ["with somebody else's state", Buffer.from('{"app":1}').toString('base64')],
  ['with a state that is no JSON', Buffer.from('hello').toString('base64')],
])('a leg %s is not ours', (_, state) => {
  const data = { event_type: 'call.answered', id: 'e', occurred_at: AT, payload: { call_control_id: 'v3:9', client_state: state } };
  const envelope = parseTelnyxEnvelope(JSON.stringify({ data }), NOW);
  expect(envelope && parseTelnyxNews(envelope)).toBeUndefined();
});

test.each(['', '{', '[]', '{"data":{}}', '{"data":{"id":"","event_type":"x"}}'])('%p is no envelope', (body) => {
  expect(parseTelnyxEnvelope(body, NOW)).toBeUndefined();
});

test('an event without a time happened when it came', () => {
  expect(parseTelnyxEnvelope('{"data":{"id":"e","event_type":"call.answered"}}', NOW)).toMatchObject({ at: NOW, payload: {} });
});
