import type { CallMediaActivities } from '../../contracts/activities';
import type { ActivityContext } from '../context';
import { createNoteRecording, createSetRecordingPaused, createStartRecording, createStopRecording } from './recording';
import { createSendDigits } from './send-digits';

export function createCallMediaActivities(ctx: ActivityContext): CallMediaActivities {
  return {
    startRecording: createStartRecording(ctx),
    setRecordingPaused: createSetRecordingPaused(ctx),
    stopRecording: createStopRecording(ctx),
    noteRecording: createNoteRecording(ctx),
    sendDigits: createSendDigits(ctx),
  };
}
