/** Recordings of a call at Twilio: dual channel (caller, agent), linear WAV. */
import type { Twilio } from 'twilio';
import type { RecordingInstance } from 'twilio/lib/rest/api/v2010/account/call/recording';
import type { CarrierRecording, CarrierRecordings, StartRecordingRequest } from '../../contracts/carrier-recording';
import { PatterError } from '../../contracts/errors';
import type { TwilioAccess } from './client';
import { NOT_FOUND, NOT_IN_PROGRESS, readError } from './errors';
import { vendorCodeOf } from './outcome';
import { webhookUrl } from './urls';

/** Twilio's word for whichever recording of the call is under way. */
const CURRENT = 'Twilio.CURRENT';
const LIST_LIMIT = 50;

export class TwilioRecordings implements CarrierRecordings {
  constructor(
    private readonly client: Twilio,
    private readonly access: TwilioAccess,
  ) {}

  /** Twilio records a call twice when it is asked twice: so it is asked what there is first. */
  async start(request: StartRecordingRequest): Promise<{ recordingId: string | undefined }> {
    const running = (await this.list(request.carrierCallId)).find(isUnderWay);
    if (running) return { recordingId: running.recordingId };
    try {
      const { sid } = await this.client.calls(request.carrierCallId).recordings.create({
        recordingChannels: 'dual',
        recordingTrack: 'both',
        trim: 'do-not-trim',
        recordingStatusCallback: webhookUrl(request.gatewayUrl, 'recording', request),
        recordingStatusCallbackMethod: 'POST',
        recordingStatusCallbackEvent: ['completed', 'absent'],
      });
      return { recordingId: sid };
    } catch (error) {
      throw callError(error);
    }
  }

  pause(carrierCallId: string, recordingId: string | undefined): Promise<void> {
    // Silence keeps the times of the file those of the call.
    return this.change(carrierCallId, recordingId, { status: 'paused', pauseBehavior: 'silence' });
  }

  resume(carrierCallId: string, recordingId: string | undefined): Promise<void> {
    return this.change(carrierCallId, recordingId, { status: 'in-progress' });
  }

  stop(carrierCallId: string, recordingId: string | undefined): Promise<void> {
    return this.change(carrierCallId, recordingId, { status: 'stopped' });
  }

  async list(carrierCallId: string): Promise<CarrierRecording[]> {
    try {
      return (await this.client.calls(carrierCallId).recordings.list({ limit: LIST_LIMIT })).map(toRecording);
    } catch (error) {
      if (vendorCodeOf(error) === NOT_FOUND) return [];
      throw readError(error);
    }
  }

  /** Not through the package, which has no method for the file itself. The file may lie elsewhere: a redirect to another host is followed without our password. */
  async download(recordingId: string, signal: AbortSignal): Promise<{ contentType: string; body: ReadableStream<Uint8Array> }> {
    const { accountSid, authToken, baseUrl } = this.access;
    const url = `${baseUrl}/2010-04-01/Accounts/${accountSid}/Recordings/${encodeURIComponent(recordingId)}.wav?RequestedChannels=2`;
    const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
    const response = await fetch(url, { headers: { authorization }, signal });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new PatterError('PATTER_CARRIER_REFUSED', `Twilio did not give the recording: HTTP ${response.status}`, {
        details: { httpStatus: response.status },
      });
    }
    return { contentType: response.headers.get('content-type') ?? 'audio/wav', body: response.body };
  }

  async remove(recordingId: string): Promise<void> {
    try {
      await this.client.recordings(recordingId).remove();
    } catch (error) {
      if (vendorCodeOf(error) !== NOT_FOUND) throw readError(error);
    }
  }

  private async change(
    carrierCallId: string,
    recordingId: string | undefined,
    to: { status: 'paused' | 'in-progress' | 'stopped'; pauseBehavior?: string },
  ): Promise<void> {
    try {
      await this.client
        .calls(carrierCallId)
        .recordings(recordingId ?? CURRENT)
        .update(to);
    } catch (error) {
      // In that state already, so that it cannot be put into it: what was wanted is the case.
      if (await this.isAlready(carrierCallId, recordingId, to.status).catch(() => false)) return;
      throw callError(error);
    }
  }

  private async isAlready(carrierCallId: string, recordingId: string | undefined, status: string): Promise<boolean> {
    const all = await this.client.calls(carrierCallId).recordings.list({ limit: LIST_LIMIT });
    const one = all.find(({ sid }) => recordingId === undefined || sid === recordingId);
    if (!one) return false;
    return status === 'stopped' ? one.status !== 'in-progress' && one.status !== 'paused' : one.status === status;
  }
}

function isUnderWay({ state }: CarrierRecording): boolean {
  return state === 'in_progress' || state === 'paused';
}

const STATES: Readonly<Record<string, CarrierRecording['state']>> = {
  'in-progress': 'in_progress',
  paused: 'paused',
  stopped: 'processing',
  processing: 'processing',
  completed: 'available',
  absent: 'absent',
  failed: 'failed',
};

function toRecording(recording: RecordingInstance): CarrierRecording {
  // Twilio says -1 until it knows.
  const durationS = Number(recording.duration ?? -1);
  const startedAt = recording.startTime?.getTime?.();
  return {
    recordingId: recording.sid,
    carrierCallId: recording.callSid,
    state: STATES[recording.status] ?? 'processing',
    ...(durationS >= 0 ? { durationS } : {}),
    ...(recording.channels ? { channels: recording.channels } : {}),
    ...(startedAt === undefined || Number.isNaN(startedAt) ? {} : { startedAt }),
  };
}

/** A call that is over is no reason to try again. */
function callError(error: unknown): Error {
  const code = vendorCodeOf(error);
  if (code !== NOT_FOUND && code !== NOT_IN_PROGRESS) return readError(error);
  return new PatterError('PATTER_CALL_ENDED', `Twilio has no such call in progress: ${(error as Error).message}`, {
    cause: error,
    details: { vendorCode: code },
  });
}
