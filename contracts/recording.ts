/** What becomes of a call's recording: what the call's workflow asks of the carrier, and the file that is left. */
import { defineSignal } from '@temporalio/workflow';
import type { RecordingFileState, RecordingState } from './recording-states';

export interface RecordingChange {
  state: RecordingState;
  /** Epoch milliseconds. */
  at: number;
  reason?: string;
}

/** From the first request on; only added to, so that of two versions the longer one is the newer. */
export interface RecordingTrack {
  changes: RecordingChange[];
}

export function recordingState(track: RecordingTrack): RecordingState {
  return track.changes.at(-1)?.state ?? 'off';
}

/** One file at the carrier, and where it went. A call has one, unless the carrier began anew. */
export interface RecordingFile {
  recordingId: string;
  state: RecordingFileState;
  reason?: string;
  /** Where it is stored: an absolute path, or `s3://bucket/key`. */
  location?: string;
  sha256?: string;
  bytes?: number;
  durationS?: number;
  channels?: number;
  contentType?: string;
  /** Epoch milliseconds. */
  storedAt?: number;
  removedAtCarrier?: boolean;
}

/** Workflow type `recording`: begun before the carrier is asked to record. */
export interface RecordingInput {
  callId: string;
}

/** The call's workflow has written its record: no recording goes on. */
export const callOverSignal = defineSignal<[]>('callOver');

export interface RecordingLook {
  /** Erased, or removed by age: there is nothing left to do. */
  gone: boolean;
  callOver: boolean;
  files: RecordingFile[];
  /** Files that can be fetched now. */
  ready: string[];
  /** The carrier is still at work on at least one. */
  pending: boolean;
  fetch: boolean;
  /** Indexes into `postCall.webhooks`. */
  webhooks: number[];
}

export interface RecordingActivities {
  /** What the carrier and the store know. Idempotent. */
  lookForRecordings(input: RecordingInput): Promise<RecordingLook>;
  /** From the carrier to the storage, under a key that is the same at every try. Idempotent. */
  fetchRecording(input: RecordingInput & { recordingId: string }): Promise<void>;
  removeAtCarrier(input: RecordingInput & { recordingId: string }): Promise<void>;
  /** No more tries. */
  giveRecordingUp(input: RecordingInput & { recordingId?: string; reason: string }): Promise<void>;
  deliverRecordingWebhook(input: RecordingInput & { webhook: number }): Promise<void>;
}
