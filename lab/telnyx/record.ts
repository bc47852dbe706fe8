/** `record_…`: by a command, or from the answer on. */
import { randomUUID } from 'node:crypto';
import type Telnyx from 'telnyx';
import { TelnyxApiError } from './errors';
import type { Leg } from './leg';
import type { RecorderOptions } from './recorder';

type RecordFields = Pick<Telnyx.CallDialParams, 'record' | 'record_channels' | 'record_format' | 'record_track'>;

/** Undefined where the call is not to be recorded from the answer on. @throws TelnyxApiError */
export function recordingOptions(fields: RecordFields): RecorderOptions | undefined {
  if (fields.record !== 'record-from-answer') return undefined;
  return checked(fields.record_channels ?? 'dual', fields.record_format ?? 'mp3', fields.record_track);
}

/** @throws TelnyxApiError */
export function recordCommandOptions(body: Partial<Telnyx.Calls.ActionStartRecordingParams>): RecorderOptions {
  if (body.channels === undefined) throw new TelnyxApiError('10004', undefined, '/channels');
  if (body.format === undefined) throw new TelnyxApiError('10004', undefined, '/format');
  return checked(body.channels, body.format, body.recording_track);
}

/** Harmless where the leg is being recorded already. Returns the recording's id. */
export function startRecording(leg: Leg, options: RecorderOptions): string {
  const running = leg.line.recorder;
  if (running) return running.id;
  const id = randomUUID();
  leg.line.startRecording(id, options);
  return id;
}

function checked(channels: 'single' | 'dual', format: 'wav' | 'mp3', track: RecorderOptions['track'] | undefined): RecorderOptions {
  if (format !== 'wav') throw new TelnyxApiError('10015', 'The lab records WAV files only.', '/format');
  return { channels, track: track ?? 'both' };
}
