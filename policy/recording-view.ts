/** What the world is told of a recording: in the report, in `call.ended`, and in `recording.ready`. */
import { type RecordingFile, type RecordingTrack, recordingState } from '../contracts/recording';
import type { ReportRecording } from '../contracts/report';

export interface KnownRecording {
  track: RecordingTrack;
  files: readonly RecordingFile[];
  removalRequestedAt: Date | null;
}

/** Undefined for a call of which no recording was begun. @param callOver nothing is recorded any more, whatever the track's last entry is */
export function recordingView(known: KnownRecording | undefined, callOver: boolean): ReportRecording | undefined {
  if (!known) return undefined;
  const state = recordingState(known.track);
  const reason = known.track.changes.at(-1)?.reason;
  return {
    state: callOver && state !== 'failed' && state !== 'off' ? 'stopped' : state,
    ...(reason && { reason }),
    ...(known.removalRequestedAt !== null && { removed: true }),
    files: known.files.map(({ storedAt: _storedAt, removedAtCarrier: _removedAtCarrier, ...file }) => file),
  };
}
