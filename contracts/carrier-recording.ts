/** Recording at the carrier: two channels (caller, agent) of one call. */

export interface StartRecordingRequest {
  callId: string;
  carrierCallId: string;
  /** Where the carrier reports the finished file. */
  gatewayUrl: string;
}

export interface CarrierRecording {
  recordingId: string;
  carrierCallId: string;
  /** `processing`: not to be downloaded yet. `absent`: the carrier has none any more. */
  state: 'in_progress' | 'paused' | 'processing' | 'available' | 'failed' | 'absent';
  /** Seconds. */
  durationS?: number;
  channels?: number;
  startedAt?: number;
}

export interface CarrierRecordings {
  /** Harmless to repeat: a call is recorded once at a time. @throws PatterError PATTER_CALL_ENDED, PATTER_CARRIER_REFUSED; UnknownOutcomeError */
  start(request: StartRecordingRequest): Promise<{ recordingId: string | undefined }>;
  /** Silence is recorded meanwhile, or nothing, as the carrier has it. Harmless to repeat. */
  pause(carrierCallId: string, recordingId: string | undefined): Promise<void>;
  resume(carrierCallId: string, recordingId: string | undefined): Promise<void>;
  stop(carrierCallId: string, recordingId: string | undefined): Promise<void>;
  /** All recordings of a call: to find one whose start was answered by silence. */
  list(carrierCallId: string): Promise<CarrierRecording[]>;
  /** The audio file as the carrier has it. @param signal its deadline */
  download(recordingId: string, signal: AbortSignal): Promise<{ contentType: string; body: ReadableStream<Uint8Array> }>;
  /** Gone already is success. */
  remove(recordingId: string): Promise<void>;
}
