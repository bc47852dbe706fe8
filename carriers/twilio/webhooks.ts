/** Bodies of Twilio's callbacks → `CarrierEvent`. A body without what the event needs gives undefined: it is logged, and changes nothing. */
import type { CarrierEvent } from '../../contracts/call';
import type { AnsweredBy } from '../../contracts/outcomes';
import { statusFromTwilio } from './status';

export type FormFields = Readonly<Record<string, string | string[] | undefined>>;

/** Where a callback carries no number of its own: as far as a call in that status has come. */
const SEQUENCE_BY_STATUS = { queued: 0, ringing: 1, in_progress: 2, completed: 3, busy: 3, failed: 3, no_answer: 3, canceled: 3 } as const;

const ANSWERED_BY: Readonly<Record<string, AnsweredBy>> = {
  human: 'human',
  fax: 'fax',
  unknown: 'unknown',
  machine_start: 'machine',
  machine_end_beep: 'machine',
  machine_end_silence: 'machine',
  machine_end_other: 'machine',
};

/** Of the call itself: `StatusCallback`. @param receivedAt epoch ms, for a callback without a timestamp */
export function parseStatusCallback(form: FormFields, receivedAt: number): CarrierEvent | undefined {
  const carrierCallId = field(form, 'CallSid');
  const status = statusFromTwilio(field(form, 'CallStatus'));
  if (!carrierCallId || !status) return undefined;
  const sequence = integer(form, 'SequenceNumber') ?? SEQUENCE_BY_STATUS[status];
  return {
    kind: 'status',
    dedupeKey: `status/${carrierCallId}/${sequence}/${status}`,
    carrierCallId,
    at: instant(form) ?? receivedAt,
    status,
    sequence,
    ...defined('sipCode', integer(form, 'SipResponseCode')),
    ...defined('errorCode', integer(form, 'ErrorCode')),
    ...defined('durationS', integer(form, 'CallDuration')),
  };
}

/** `AsyncAmdStatusCallback`. It has no timestamp. */
export function parseAmdCallback(form: FormFields, receivedAt: number): CarrierEvent | undefined {
  const carrierCallId = field(form, 'CallSid');
  const word = field(form, 'AnsweredBy');
  if (!carrierCallId || !word) return undefined;
  return {
    kind: 'amd',
    dedupeKey: `amd/${carrierCallId}/${word}`,
    carrierCallId,
    at: receivedAt,
    ...amdOf(word),
    ...defined('detectionMs', integer(form, 'MachineDetectionDuration')),
  };
}

/** @param word of the callback, or of the call resource, which have the same ones */
export function amdOf(word: string): { answeredBy: AnsweredBy; messageEnd: boolean } {
  return { answeredBy: ANSWERED_BY[word] ?? 'unknown', messageEnd: word.startsWith('machine_end_') };
}

const RECORDING_STATUS: Readonly<Record<string, 'completed' | 'absent' | 'failed'>> = {
  completed: 'completed',
  absent: 'absent',
  failed: 'failed',
};

/** `RecordingStatusCallback`. Comes seconds to minutes after the call's end. */
export function parseRecordingCallback(form: FormFields, receivedAt: number): CarrierEvent | undefined {
  const carrierCallId = field(form, 'CallSid');
  const recordingId = field(form, 'RecordingSid');
  const status = RECORDING_STATUS[field(form, 'RecordingStatus') ?? ''];
  if (!carrierCallId || !recordingId || !status) return undefined;
  return {
    kind: 'recording',
    dedupeKey: `recording/${recordingId}/${status}`,
    carrierCallId,
    at: receivedAt,
    recordingId,
    status,
    ...defined('durationS', integer(form, 'RecordingDuration')),
    ...defined('error', field(form, 'ErrorCode')),
  };
}

const STREAM_STATUS: Readonly<Record<string, 'started' | 'stopped' | 'error'>> = {
  'stream-started': 'started',
  'stream-stopped': 'stopped',
  'stream-error': 'error',
};

/** `<Stream statusCallback>`. */
export function parseStreamCallback(form: FormFields, receivedAt: number): CarrierEvent | undefined {
  const carrierCallId = field(form, 'CallSid');
  const streamId = field(form, 'StreamSid');
  const status = STREAM_STATUS[field(form, 'StreamEvent') ?? ''];
  if (!carrierCallId || !streamId || !status) return undefined;
  return {
    kind: 'stream',
    dedupeKey: `stream/${streamId}/${status}`,
    carrierCallId,
    at: instant(form) ?? receivedAt,
    status,
    streamId,
    ...defined('error', field(form, 'StreamError')),
  };
}

/** `<Dial action>`: how the transfer ended. Comes with the caller's call as `CallSid`. */
export function parseTransferEnded(form: FormFields, transferNumber: number, receivedAt: number): CarrierEvent | undefined {
  const carrierCallId = field(form, 'CallSid');
  const word = field(form, 'DialCallStatus');
  // `answered` is said of a conference or queue; for a number an answered dial ends as `completed`.
  const status = word === 'answered' ? 'completed' : statusFromTwilio(word);
  if (!carrierCallId || !status) return undefined;
  return transferResult(
    form,
    carrierCallId,
    transferNumber,
    status,
    field(form, 'DialCallSid'),
    integer(form, 'DialCallDuration'),
    receivedAt,
  );
}

/**
 * `<Number statusCallback>`: the human's leg. Only its answer and its end are told; the same end that `parseTransferEnded` tells has the same key.
 */
export function parseTransferStatus(form: FormFields, transferNumber: number, receivedAt: number): CarrierEvent | undefined {
  const carrierCallId = field(form, 'ParentCallSid');
  const status = statusFromTwilio(field(form, 'CallStatus'));
  if (!carrierCallId || !status || status === 'queued' || status === 'ringing') return undefined;
  return transferResult(form, carrierCallId, transferNumber, status, field(form, 'CallSid'), integer(form, 'CallDuration'), receivedAt);
}

function transferResult(
  form: FormFields,
  carrierCallId: string,
  transferNumber: number,
  status: NonNullable<ReturnType<typeof statusFromTwilio>>,
  humanCallId: string | undefined,
  durationS: number | undefined,
  receivedAt: number,
): CarrierEvent {
  return {
    kind: 'transfer_result',
    dedupeKey: `transfer/${carrierCallId}/${transferNumber}/${status}`,
    carrierCallId,
    at: instant(form) ?? receivedAt,
    transferNumber,
    // A leg that nobody took ends as busy, no-answer, failed or canceled.
    answered: status === 'in_progress' || status === 'completed',
    status,
    ...defined('humanCallId', humanCallId),
    ...defined('durationS', durationS),
  };
}

/** The call a callback is about: the caller's leg, also where the callback is of a leg that was dialled for it. */
export function callSidOf(form: FormFields): string | undefined {
  return field(form, 'CallSid');
}

function field(form: FormFields, name: string): string | undefined {
  const value = form[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined || first === '' ? undefined : first;
}

function integer(form: FormFields, name: string): number | undefined {
  const text = field(form, name);
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** RFC 2822 in call callbacks, ISO 8601 in stream callbacks: `Date.parse` reads both. */
function instant(form: FormFields): number | undefined {
  const ms = Date.parse(field(form, 'Timestamp') ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
