import type { CarrierRecording } from '../../contracts/carrier-recording';
import type { RecordingActivities, RecordingFile, RecordingLook } from '../../contracts/recording';
import { recordingState } from '../../contracts/recording';
import { carrierFor } from '../call/load-call';
import type { ActivityContext } from '../context';

const GONE: RecordingLook = { gone: true, callOver: true, files: [], ready: [], pending: false, fetch: false, webhooks: [] };

export function createLookForRecordings(ctx: ActivityContext): RecordingActivities['lookForRecordings'] {
  return async ({ callId }) => {
    const { store } = ctx;
    const [row, call] = await Promise.all([store.recordings.get(callId), store.attempts.get(callId)]);
    if (!row || !call || row.removalRequestedAt !== null) return GONE;
    const campaign = await store.campaigns.get(call.campaignId);
    const fetch = campaign?.spec.recording?.fetch ?? false;
    const atCarrier = await (await carrierFor(ctx, row.tenantId, row.carrier)).recordings.list(row.carrierCallId);
    let files: RecordingFile[] = row.files;
    for (const recording of atCarrier) {
      const updated = await store.recordings.updateFile(callId, recording.recordingId, (known) => merged(known, recording, fetch));
      if (!updated) return GONE;
      files = updated;
    }
    const callOver = call.state === 'ended';
    const available = new Set(atCarrier.filter(({ state }) => state === 'available').map(({ recordingId }) => recordingId));
    const waiting = files.filter(({ state }) => state === 'waiting');
    const ready = waiting.filter(({ recordingId }) => available.has(recordingId)).map(({ recordingId }) => recordingId);
    // A start that was answered by silence may have been carried out, and the carrier's list be late.
    const expected = files.length === 0 && recordingState(row.track) !== 'failed';
    return {
      gone: false,
      callOver,
      files,
      ready,
      pending: expected || waiting.length > ready.length,
      fetch,
      webhooks: campaign?.spec.postCall.webhooks.map((_, index) => index) ?? [],
    };
  };
}

/** What is stored stays, whatever becomes of the carrier's own. */
function merged(known: RecordingFile | undefined, recording: CarrierRecording, fetch: boolean): RecordingFile {
  if (known && known.state !== 'waiting' && known.state !== 'at_carrier') return known;
  const { recordingId, durationS, channels } = recording;
  const base: RecordingFile = {
    state: 'waiting',
    ...known,
    recordingId,
    ...(durationS !== undefined && { durationS }),
    ...(channels && { channels }),
  };
  switch (recording.state) {
    case 'in_progress':
    case 'paused':
    case 'processing':
      return { ...base, state: 'waiting' };
    case 'available':
      return { ...base, state: fetch ? 'waiting' : 'at_carrier' };
    case 'absent':
      return { ...base, state: 'absent' };
    case 'failed':
      return { ...base, state: 'failed', reason: 'the carrier could not make it' };
    default:
      return recording.state satisfies never;
  }
}
