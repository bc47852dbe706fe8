/** A warm transfer: a person is called beside the caller's call, hears what it is about, accepts by a key, and only then the two are connected. */
import type { PlaceCallResult } from './carrier';

export interface ConsultRequest {
  callId: string;
  /** The caller's. */
  carrierCallId: string;
  transferNumber: number;
  /** The person's number. */
  to: string;
  from: string;
  gatewayUrl: string;
  fallbackGatewayUrl: string;
  ringTimeoutMs: number;
  /** Longest talk of the two, for the carrier's own limit. */
  timeLimitMs: number;
  /** Spoken to the person by the carrier's voice, then the question to press 1. */
  summary: string;
  language: string;
  /** A machine that answers must not take the call. */
  machineDetection: boolean;
}

export interface BridgeRequest {
  callId: string;
  carrierCallId: string;
  humanCallId: string;
  transferNumber: number;
  gatewayUrl: string;
}

export interface CarrierTransfers {
  /** Calls the person. Sent once. @throws UnknownOutcomeError */
  consult(request: ConsultRequest): Promise<PlaceCallResult>;
  /** Connects caller and person; the caller's media stream ends. Harmless to repeat. @throws UnknownOutcomeError */
  bridge(request: BridgeRequest): Promise<PlaceCallResult>;
}
