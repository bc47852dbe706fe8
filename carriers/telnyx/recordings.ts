/** Recordings of a call at Telnyx: dual channel (caller, agent), WAV. */
import type Telnyx from 'telnyx';
import type { RecordingResponseData } from 'telnyx/resources/recordings/recordings';
import type { CarrierRecording, CarrierRecordings, StartRecordingRequest } from '../../contracts/carrier-recording';
import { PatterError } from '../../contracts/errors';
import { commandId, done } from './command';
import { isAbsent, readError } from './outcome';

const PAGE_SIZE = 50;
/** An id that a webhook without one was given: the recordings of a leg. */
const OF_LEG = 'leg:';

export class TelnyxRecordings implements CarrierRecordings {
  constructor(private readonly client: Telnyx) {}

  /** Telnyx names no recording before it is saved; the command's id makes a repeat harmless. */
  async start(request: StartRecordingRequest): Promise<{ recordingId: string | undefined }> {
    await done(
      this.client.calls.actions.startRecording(request.carrierCallId, {
        channels: 'dual',
        format: 'wav',
        command_id: commandId('record', request.callId),
      }),
    );
    return { recordingId: undefined };
  }

  async pause(carrierCallId: string, _recordingId: string | undefined): Promise<void> {
    await done(this.client.calls.actions.pauseRecording(carrierCallId, {}));
  }

  async resume(carrierCallId: string, _recordingId: string | undefined): Promise<void> {
    await done(this.client.calls.actions.resumeRecording(carrierCallId, {}));
  }

  async stop(carrierCallId: string, _recordingId: string | undefined): Promise<void> {
    await done(this.client.calls.actions.stopRecording(carrierCallId, {}));
  }

  /** Those that are saved. */
  list(carrierCallId: string): Promise<CarrierRecording[]> {
    return this.find({ call_control_id: carrierCallId });
  }

  /** Not through the package, which has no method for the file itself: Telnyx gives a signed address, good for ten minutes, that needs no key of ours. */
  async download(recordingId: string, signal: AbortSignal): Promise<{ contentType: string; body: ReadableStream<Uint8Array> }> {
    const recording = await this.retrieve(recordingId);
    const url = recording?.download_urls?.wav ?? recording?.download_urls?.mp3;
    if (!url) throw new PatterError('PATTER_CARRIER_REFUSED', 'Telnyx has no file for the recording', { details: { httpStatus: 404 } });
    const response = await fetch(url, { signal });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new PatterError('PATTER_CARRIER_REFUSED', `Telnyx did not give the recording: HTTP ${response.status}`, {
        details: { httpStatus: response.status },
      });
    }
    return { contentType: response.headers.get('content-type') ?? 'audio/wav', body: response.body };
  }

  async remove(recordingId: string): Promise<void> {
    try {
      const id = (await this.retrieve(recordingId))?.id;
      if (id) await this.client.recordings.delete(id);
    } catch (error) {
      if (!isAbsent(error)) throw error instanceof PatterError ? error : readError(error);
    }
  }

  private async retrieve(recordingId: string): Promise<RecordingResponseData | undefined> {
    try {
      if (!recordingId.startsWith(OF_LEG)) return (await this.client.recordings.retrieve(recordingId)).data;
      const page = await this.client.recordings.list({ filter: { call_leg_id: recordingId.slice(OF_LEG.length) }, 'page[size]': 1 });
      return page.data[0];
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw readError(error);
    }
  }

  private async find(filter: { call_control_id: string }): Promise<CarrierRecording[]> {
    try {
      const page = await this.client.recordings.list({ filter, 'page[size]': PAGE_SIZE });
      return page.data.flatMap((one) => (one.id ? [toRecording(one.id, one)] : []));
    } catch (error) {
      if (isAbsent(error)) return [];
      throw readError(error);
    }
  }
}

function toRecording(recordingId: string, data: RecordingResponseData): CarrierRecording {
  const startedAt = Date.parse(data.recording_started_at ?? '');
  return {
    recordingId,
    carrierCallId: data.call_control_id ?? '',
    state: data.status === 'completed' ? 'available' : 'processing',
    ...(data.duration_millis === undefined ? {} : { durationS: Math.round(data.duration_millis / 1_000) }),
    ...(data.channels === undefined ? {} : { channels: data.channels === 'dual' ? 2 : 1 }),
    ...(Number.isNaN(startedAt) ? {} : { startedAt }),
  };
}
