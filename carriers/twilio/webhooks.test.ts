import {
  parseAmdCallback,
  parseRecordingCallback,
  parseStatusCallback,
  parseStreamCallback,
  parseTransferEnded,
  parseTransferStatus,
} from './webhooks';

const NOW = 1_800_000_000_000;
const base = { CallSid: 'CA1', AccountSid: 'AC1', Timestamp: 'Sat, 21 Nov 2026 10:00:00 +0000', SequenceNumber: '2' };
const at = Date.UTC(2026, 10, 21, 10);

describe('status callbacks', () => {
  test.each([
    ['queued', 'queued'],
    ['initiated', 'queued'],
    ['ringing', 'ringing'],
    ['in-progress', 'in_progress'],
    ['completed', 'completed'],
    ['busy', 'busy'],
    ['failed', 'failed'],
    ['no-answer', 'no_answer'],
    ['canceled', 'canceled'],
  ])('%s is %s', (twilio, ours) => {
    expect(parseStatusCallback({ ...base, CallStatus: twilio }, NOW)).toEqual({
      kind: 'status',
      dedupeKey: `status/CA1/2/${ours}`,
      carrierCallId: 'CA1',
      at,
      status: ours,
      sequence: 2,
    });
  });

  test('carries SIP code, error code and duration where they are given', () => {
    const form = { ...base, CallStatus: 'failed', SipResponseCode: '404', ErrorCode: '32005', CallDuration: '0' };
    expect(parseStatusCallback(form, NOW)).toMatchObject({ sipCode: 404, errorCode: 32_005, durationS: 0 });
  });

  test('without number and time it is ordered by how far the call has come, at the time of its arrival', () => {
    expect(parseStatusCallback({ CallSid: 'CA1', CallStatus: 'ringing' }, NOW)).toMatchObject({ sequence: 1, at: NOW });
    expect(parseStatusCallback({ CallSid: 'CA1', CallStatus: 'busy', Timestamp: 'yesterday' }, NOW)).toMatchObject({
      sequence: 3,
      at: NOW,
    });
  });

  test.each([
    ['no call', { CallStatus: 'busy' }],
    ['no status', { CallSid: 'CA1' }],
    ['an unknown status', { CallSid: 'CA1', CallStatus: 'paused' }],
  ])('%s is no event', (_, form) => {
    expect(parseStatusCallback(form, NOW)).toBeUndefined();
  });
});

describe('answering machine detection', () => {
  test.each([
    ['human', 'human', false],
    ['fax', 'fax', false],
    ['unknown', 'unknown', false],
    ['machine_start', 'machine', false],
    ['machine_end_beep', 'machine', true],
    ['machine_end_silence', 'machine', true],
    ['machine_end_other', 'machine', true],
    ['robot', 'unknown', false],
  ])('%s means %s, message end %s', (twilio, answeredBy, messageEnd) => {
    expect(parseAmdCallback({ CallSid: 'CA1', AnsweredBy: twilio, MachineDetectionDuration: '2300' }, NOW)).toEqual({
      kind: 'amd',
      dedupeKey: `amd/CA1/${twilio}`,
      carrierCallId: 'CA1',
      at: NOW,
      answeredBy,
      messageEnd,
      detectionMs: 2_300,
    });
  });
});

test.each([
  ['stream-started', 'started'],
  ['stream-stopped', 'stopped'],
  ['stream-error', 'error'],
])('%s of a stream is %s', (twilio, status) => {
  const form = { CallSid: 'CA1', StreamSid: 'MZ1', StreamEvent: twilio, StreamError: '31921', Timestamp: '2026-11-21T10:00:00.000Z' };
  expect(parseStreamCallback(form, NOW)).toEqual({
    kind: 'stream',
    dedupeKey: `stream/MZ1/${status}`,
    carrierCallId: 'CA1',
    at,
    status,
    streamId: 'MZ1',
    error: '31921',
  });
});

describe('transfers', () => {
  test.each([
    ['completed', 'completed', true],
    ['answered', 'completed', true],
    ['busy', 'busy', false],
    ['no-answer', 'no_answer', false],
    ['failed', 'failed', false],
    ['canceled', 'canceled', false],
  ])('a dial that ended as %s', (twilio, status, answered) => {
    const form = { CallSid: 'CA1', DialCallStatus: twilio, DialCallSid: 'CA2', DialCallDuration: '7' };
    expect(parseTransferEnded(form, 3, NOW)).toMatchObject({
      kind: 'transfer_result',
      carrierCallId: 'CA1',
      transferNumber: 3,
      answered,
      status,
      humanCallId: 'CA2',
      durationS: 7,
    });
  });

  test('the end of the human leg is the same event, by whichever callback it comes', () => {
    const leg = { CallSid: 'CA2', ParentCallSid: 'CA1', CallStatus: 'no-answer' };
    const action = { CallSid: 'CA1', DialCallSid: 'CA2', DialCallStatus: 'no-answer' };
    expect(parseTransferStatus(leg, 1, NOW)).toEqual(parseTransferEnded(action, 1, NOW));
  });

  test('a human leg that only rings is no result', () => {
    expect(parseTransferStatus({ CallSid: 'CA2', ParentCallSid: 'CA1', CallStatus: 'initiated' }, 1, NOW)).toBeUndefined();
    expect(parseTransferStatus({ CallSid: 'CA2', ParentCallSid: 'CA1', CallStatus: 'ringing' }, 1, NOW)).toBeUndefined();
    expect(parseTransferStatus({ CallSid: 'CA2', ParentCallSid: 'CA1', CallStatus: 'in-progress' }, 1, NOW)).toMatchObject({
      answered: true,
      status: 'in_progress',
    });
  });
});

describe('a recording', () => {
  const form = { CallSid: 'CA1', RecordingSid: 'RE1', RecordingStatus: 'completed', RecordingDuration: '42' };

  test('is told when its file is ready, or there is none; the same end has the same key', () => {
    const event = { kind: 'recording', carrierCallId: 'CA1', recordingId: 'RE1', at: 7 };
    expect(parseRecordingCallback(form, 7)).toEqual({
      ...event,
      status: 'completed',
      durationS: 42,
      dedupeKey: 'recording/RE1/completed',
    });
    expect(parseRecordingCallback({ ...form, RecordingStatus: 'absent', RecordingDuration: '0' }, 7)).toMatchObject({ status: 'absent' });
    expect(parseRecordingCallback(form, 8)?.dedupeKey).toBe(parseRecordingCallback(form, 9)?.dedupeKey);
  });

  test.each([[{ ...form, RecordingStatus: 'in-progress' }], [{ ...form, RecordingSid: '' }], [{ ...form, CallSid: undefined }]])(
    '%j is no event',
    (fields) => {
      expect(parseRecordingCallback(fields, 7)).toBeUndefined();
    },
  );
});
